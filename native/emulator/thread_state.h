// What the driver keeps per host thread.
#pragma once
#include <cstddef>

#include "driver_types.h"

namespace emulated {

// Plain data: kernels' static shared memory lies in the same TLS block and is poisoned around it.
struct ThreadState {
    static constexpr int MAX_DEPTH = 16;
    CUcontext stack[MAX_DEPTH];  // current context: the last of `depth`
    int depth;
    CUstreamCaptureMode capture_mode;  // cuThreadExchangeStreamCaptureMode
};

ThreadState& thread_state();

// The calling thread's current context, or null.
inline CUcontext current_context() {
    const ThreadState& state = thread_state();
    return state.depth == 0 ? nullptr : state.stack[state.depth - 1];
}

}  // namespace emulated
