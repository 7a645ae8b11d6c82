// What a kernel compiled by g++ and the runtime of the emulated device know of each other.
#pragma once
#include <cstddef>
#include <cstdint>

struct uint3 { unsigned x, y, z; };

struct dim3 {
    unsigned x, y, z;
    constexpr dim3(unsigned x_ = 1, unsigned y_ = 1, unsigned z_ = 1) : x(x_), y(y_), z(z_) {}
};

// One block of one launch, as the kernel's threads see it.
struct EmuCtx {
    dim3 grid, block;
    uint3 bid;
    void* dyn_shared;
    const char* params;  // the kernel's parameters, each at its offset
    void* scheduler;
};

// offset: from the first parameter, each lying at its natural alignment, as `extra` of cuLaunchKernel has them.
struct EmuParam {
    unsigned size, offset;
    bool pointer;
};

// An entry point. `loop` runs the threads [first, last) of a block one after the other on the calling fiber; it returns
// early when another fiber has taken over the threads that follow (a thread blocked at a barrier).
struct EmuKernel {
    const char* name;
    const char* file;
    void (*loop)(const EmuCtx*, unsigned first, unsigned last);
    int parameters;
    unsigned parameter_bytes;
    const EmuParam* parameter;
};

// Done once for a whole warp, by the lane that arrives last: `arguments[lane]` is what that lane brought.
typedef void (*EmuWarpFn)(void* const* arguments, unsigned mask);

#define EMU_EXPORTED __attribute__((visibility("default")))

extern "C" {
EMU_EXPORTED void emu_register(const EmuKernel* kernel);

// The next two return true when the calling fiber was switched out meanwhile: it then owns only its current thread.
// op: 0 plain, 1 or, 2 and, 3 count of `predicate` over the block, written to *result.
EMU_EXPORTED bool emu_barrier(const EmuCtx* block, unsigned thread, int op, int predicate, int* result, const char* file, int line);
EMU_EXPORTED bool emu_warp(const EmuCtx* block, unsigned thread, unsigned mask, EmuWarpFn action, void* argument, const char* file,
                           int line);

// cp.async: `bytes` go to `destination`, the first `source_bytes` from `source`, the rest zeros.
EMU_EXPORTED void emu_cp_async(const EmuCtx* block, unsigned thread, void* destination, const void* source, unsigned bytes,
                               unsigned source_bytes);
EMU_EXPORTED void emu_cp_commit(const EmuCtx* block, unsigned thread);
EMU_EXPORTED void emu_cp_wait(const EmuCtx* block, unsigned thread, int groups_left);

// Ends the launch with a CUDA error code; the text names the kernel, the block, and this place.
[[noreturn]] EMU_EXPORTED void emu_trap(int code, const char* what, const char* file, int line);
}
