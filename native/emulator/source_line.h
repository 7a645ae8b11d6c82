// From an address in a kernel to a place in its source.
#pragma once
#include <string>

namespace emulated {

// "file.cu:12", with "(through vec.cuh:33)" when the instruction comes from an inlined helper; without line tables or
// addr2line, "symbol+0x1f".
std::string source_line(void* program_counter);

}  // namespace emulated
