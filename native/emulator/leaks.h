// The report at exit of what was never released (SEPARABLE_EMULATOR_LEAKS=1).
#pragma once
#include "driver_types.h"

namespace emulated {

// Remembers what dies with its context, or with any: it counts as leaked.
void note_leaks(CUcontext context);

// Prints the report when the process exits.
void report_leaks_at_exit();

}  // namespace emulated
