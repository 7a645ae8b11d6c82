// The report at exit of what was never released (SEPARABLE_EMULATOR_LEAKS=1).
#pragma once

namespace emulated {

// Remembers the allocations that die with their context: they count as leaks.
void note_leaked_memory();

// Prints the report when the process exits.
void report_leaks_at_exit();

}  // namespace emulated
