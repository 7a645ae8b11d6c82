// The one header that hides the two compilers: nvcc for a GPU, g++ for the emulated device.
// Every kernel file includes this (and ptx.cuh where it needs inline PTX), never a CUDA header itself.
#pragma once

#ifdef __CUDACC__

#include <cuda_bf16.h>
#include <cuda_fp16.h>

// Unrolling helps nvcc and hurts g++'s vectoriser, so the emulated twin turns it off.
#define UNROLL _Pragma("unroll")

// Dynamic shared memory: `DYN_SHARED(float, tile);` declares `float* const tile`.
#define DYN_SHARED(T, name)                                           \
    extern __shared__ __align__(16) unsigned char name##_raw[];       \
    T* const name = reinterpret_cast<T*>(name##_raw)

// Registers an entry point with the emulated device; nvcc needs nothing.
#define EXPORT_KERNEL(name) static_assert(true, "")

#else

#include "emulated_cuda.h"

#endif
