// One kernel launch, as the block scheduler and the worker pool take it.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "emulated_abi.h"
#include "switches.h"

namespace emulated {

struct Launch {
    const EmuKernel* kernel;
    dim3 grid, block;
    unsigned shared_bytes;  // dynamic
    const char* parameters;  // as EmuCtx::params
    Order order = Order::FORWARD;
    unsigned seed = 0;
    bool check = false;

    uint64_t blocks() const { return uint64_t(grid.x) * grid.y * grid.z; }
    unsigned threads() const { return block.x * block.y * block.z; }
};

struct LaunchOutcome {
    int code = 0;  // CUresult
    std::string text;
};

}  // namespace emulated
