package separable.picture;

/**
 * A picture in the heap.
 *
 * @param channels 1 grey, 3 red, green, blue
 * @param pixels   unsigned bytes {@code [height, width, channels]}
 */
public record Picture(int height, int width, int channels, byte[] pixels) {

    public Picture {
        if (height < 1 || width < 1 || channels != 1 && channels != 3) {
            throw new IllegalArgumentException("a picture of " + height + "x" + width + "x" + channels
                    + ": sides must be at least 1 and channels 1 or 3");
        }
        if (pixels.length != (long) height * width * channels) {
            throw new IllegalArgumentException("a picture of " + height + "x" + width + "x" + channels + " has "
                    + (long) height * width * channels + " bytes, not " + pixels.length);
        }
    }

    /**
     * The picture with 1 or 3 channels. Grey is BT.601's luma, {@code 0.299 R + 0.587 G + 0.114 B} in 16-bit fixed point as
     * PIL rounds it; a grey picture in colour has three equal channels.
     */
    public Picture withChannels(int wanted) {
        if (wanted == channels) {
            return this;
        }
        byte[] converted = new byte[Math.multiplyExact(height * width, wanted)];
        for (int p = 0; p < height * width; p++) {
            if (wanted == 1) {
                int red = pixels[3 * p] & 0xff;
                int green = pixels[3 * p + 1] & 0xff;
                int blue = pixels[3 * p + 2] & 0xff;
                converted[p] = (byte) (red * 19595 + green * 38470 + blue * 7471 + 0x8000 >> 16);
            } else {
                converted[3 * p] = converted[3 * p + 1] = converted[3 * p + 2] = pixels[p];
            }
        }
        return new Picture(height, width, wanted, converted);
    }

    /** The whole picture at another size, antialiased: the values of PIL's {@code resize(..., BILINEAR)}. */
    public Picture resized(int newHeight, int newWidth) {
        return Resampler.resample(this, new Resampler.Axis(height, newHeight), new Resampler.Axis(width, newWidth));
    }

    /**
     * The middle of the picture as a square: the shorter side resampled to {@code size}, the longer one in proportion and cut.
     * The values of torchvision's {@code Resize(size)} and {@code CenterCrop(size)} on a PIL picture; what is cut is never computed.
     */
    public Picture square(int size) {
        int shorter = Math.min(height, width);
        return Resampler.resample(this, middle(height, shorter, size), middle(width, shorter, size));
    }

    private static Resampler.Axis middle(int side, int shorter, int size) {
        long whole = (long) size * side / shorter;
        long first = (long) Math.rint((whole - size) / 2.0);     // halves to even, as Python rounds
        return new Resampler.Axis(side, whole, first, size);
    }

    /** The picture upright. @param orientation EXIF's, 1 to 8, which 1 leaves as it is */
    Picture turned(int orientation) {
        if (orientation == 1) {
            return this;
        }
        boolean swapped = orientation >= 5;
        boolean fromBottom = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
        boolean fromRight = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
        int rows = swapped ? width : height;
        int columns = swapped ? height : width;
        byte[] turned = new byte[pixels.length];
        int to = 0;
        for (int y = 0; y < rows; y++) {
            for (int x = 0; x < columns; x++) {
                int row = swapped ? x : y;
                int column = swapped ? y : x;
                int from = ((fromBottom ? height - 1 - row : row) * width + (fromRight ? width - 1 - column : column)) * channels;
                for (int c = 0; c < channels; c++) {
                    turned[to++] = pixels[from + c];
                }
            }
        }
        return new Picture(rows, columns, channels, turned);
    }
}
