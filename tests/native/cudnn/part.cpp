// A part of the stand-in that is there and holds nothing.
