// The report at exit of what was never released (SEPARABLE_EMULATOR_LEAKS=1).
#pragma once

namespace emulated {

// Remembers what dies with its context: it counts as leaked.
void note_leaks();

// Prints the report when the process exits.
void report_leaks_at_exit();

}  // namespace emulated
