// Writes down launches (SEPARABLE_EMULATOR_RECORD=file), so that another build can repeat them.
#pragma once
#include "launch.h"

namespace emulated {

// Appends a line for the first small launches of every kernel in this process:
//     name grid.x grid.y grid.z block.x block.y block.z shared parameter...
// A parameter is "null", "value:HEX" (its bytes), or "memory:BYTES:HEX": a pointer to that many bytes up to the end of
// its allocation, with their contents where they are few (states and tickets; anything else may be zeros).
void record_launch(const Launch& launch);

}  // namespace emulated
