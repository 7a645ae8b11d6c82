// threadIdx and its kin, and dynamic shared memory.
#pragma once
#include "emulated_abi.h"

// Internal linkage and never address-taken: GCC then knows that no pointer aliases them, so that a kernel without
// barriers inlines into a clean counted loop with threadIdx as its induction variable.
static thread_local uint3 threadIdx, blockIdx;
static thread_local dim3 blockDim, gridDim;
static thread_local unsigned emu_tid;  // linear index of the thread in its block
static thread_local bool emu_lost;     // this fiber was switched out: another one starts the threads that remain
static thread_local const EmuCtx* emu_ctx;

enum { warpSize = 32 };

#define EMU_LANE int(emu_tid & 31)

// Dynamic shared memory: `DYN_SHARED(float, tile);` declares `float* const tile`.
#define DYN_SHARED(T, name) T* const name = reinterpret_cast<T*>(emu_ctx->dyn_shared)

static inline void emu_set_thread(unsigned x, unsigned y, unsigned z, unsigned linear) {
    threadIdx.x = x;
    threadIdx.y = y;
    threadIdx.z = z;
    emu_tid = linear;
}

static inline void emu_enter_block(const EmuCtx* context) {
    gridDim = context->grid;
    blockDim = context->block;
    blockIdx.x = context->bid.x;
    blockIdx.y = context->bid.y;
    blockIdx.z = context->bid.z;
    emu_ctx = context;
    emu_lost = false;
}
