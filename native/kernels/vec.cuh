// Eight channels at a time: how every kernel reads and writes activations.
// A vector is 16 bytes of bf16 or fp16 or two float4 of fp32, widened to float in registers; stores round once, to nearest
// even. What is too large for fp16 (65520 and more) becomes infinite; its subnormals are kept.
#pragma once
#include "compat.cuh"

namespace separable {

using bf16 = __nv_bfloat16;
using f16 = __half;

constexpr int VEC = 8;

// Brings a line of memory that is needed soon into the emulated device's caches; p may lie outside of the tensor. On a GPU nothing:
// there other warps work while one waits.
__device__ __forceinline__ void prefetch_line(const void* p) {
#ifndef __CUDACC__
    __builtin_prefetch(p);
#endif
}

// Elements of such a line.
template <class T> constexpr int LINE = 64 / (int)sizeof(T);

// Eight neighbouring elements as they lie in memory: 16 bytes of bf16 or fp16, 32 of fp32.
template <class T> struct __align__(16) Pack { T at[VEC]; };

__device__ __forceinline__ float widen(float v) { return v; }
__device__ __forceinline__ float widen(bf16 v) { return __bfloat162float(v); }
__device__ __forceinline__ float widen(f16 v) { return __half2float(v); }

template <class T> __device__ __forceinline__ T narrow(float v);
template <> __device__ __forceinline__ float narrow<float>(float v) { return v; }
template <> __device__ __forceinline__ bf16 narrow<bf16>(float v) { return __float2bfloat16(v); }
template <> __device__ __forceinline__ f16 narrow<f16>(float v) { return __float2half(v); }

// What a reader of T will see of v: the rounding point of every stored value.
template <class T> __device__ __forceinline__ float rounded(float v) { return widen(narrow<T>(v)); }

// Ordinary loads: the memory may be written by the same kernel, so that a map can work in place.
__device__ __forceinline__ void load8(const float* p, float (&v)[VEC]) {
    const float4 lo = reinterpret_cast<const float4*>(p)[0];
    const float4 hi = reinterpret_cast<const float4*>(p)[1];
    v[0] = lo.x; v[1] = lo.y; v[2] = lo.z; v[3] = lo.w;
    v[4] = hi.x; v[5] = hi.y; v[6] = hi.z; v[7] = hi.w;
}

__device__ __forceinline__ void store8(float* p, const float (&v)[VEC]) {
    reinterpret_cast<float4*>(p)[0] = make_float4(v[0], v[1], v[2], v[3]);
    reinterpret_cast<float4*>(p)[1] = make_float4(v[4], v[5], v[6], v[7]);
}

#ifdef __CUDACC__

template <class T> __device__ __forceinline__ void load8(const T* p, float (&v)[VEC]) {
    const Pack<T> packed = *reinterpret_cast<const Pack<T>*>(p);
    UNROLL for (int k = 0; k < VEC; ++k) v[k] = widen(packed.at[k]);
}

template <class T> __device__ __forceinline__ void store8(T* p, const float (&v)[VEC]) {
    Pack<T> packed;
    UNROLL for (int k = 0; k < VEC; ++k) packed.at[k] = narrow<T>(v[k]);
    *reinterpret_cast<Pack<T>*>(p) = packed;
}

#else

// The same on whole vectors, on the bits of eight floats: GCC does not find it in eight calls of widen or narrow.
typedef uint16_t EmulatedU16x8 __attribute__((vector_size(16)));
typedef uint32_t EmulatedU32x8 __attribute__((vector_size(32)));

#pragma GCC diagnostic ignored "-Wpsabi"  // functions of vectors here are inlined: no ABI is involved

template <class T> __device__ __forceinline__ EmulatedU32x8 emulated_widen(const EmulatedU16x8& packed);
template <class T> __device__ __forceinline__ EmulatedU16x8 emulated_narrow(const EmulatedU32x8& u);

template <> __device__ __forceinline__ EmulatedU32x8 emulated_widen<bf16>(const EmulatedU16x8& packed) {
#ifdef __AVX2__
    return (EmulatedU32x8)_mm256_cvtepu16_epi32((__m128i)packed) << 16;  // GCC would widen each half by itself
#else
    return __builtin_convertvector(packed, EmulatedU32x8) << 16;
#endif
}

template <> __device__ __forceinline__ EmulatedU16x8 emulated_narrow<bf16>(const EmulatedU32x8& u) {
    const EmulatedU32x8 nearest = (u + 0x7fffu + (u >> 16 & 1u)) >> 16;
    const EmulatedU32x8 nan = (u & 0x7fffffffu) > 0x7f800000u;
    return __builtin_convertvector((nearest & ~nan) | (nan & 0x7fffu), EmulatedU16x8);
}

template <> __device__ __forceinline__ EmulatedU32x8 emulated_widen<f16>(const EmulatedU16x8& packed) {
    EmulatedU32x8 u;
    emu_widen_half8(&packed, &u);
    return u;
}

template <> __device__ __forceinline__ EmulatedU16x8 emulated_narrow<f16>(const EmulatedU32x8& u) {
    EmulatedU16x8 nearest;
    emu_narrow_half8(&u, &nearest);
    const EmulatedU16x8 nan = __builtin_convertvector((u & 0x7fffffffu) > 0x7f800000u, EmulatedU16x8);
    return (nearest & ~nan) | (nan & 0x7fff);
}

template <class T> __device__ __forceinline__ void load8(const T* p, float (&v)[VEC], EMU_SITE) {
    if ((uintptr_t)p & 15) emu_trap(716, "misaligned 16-byte load", file_, line_);
    EmulatedU16x8 packed;
    memcpy(&packed, p, sizeof packed);
    const EmulatedU32x8 wide = emulated_widen<T>(packed);
    memcpy(v, &wide, sizeof wide);
}

template <class T> __device__ __forceinline__ void store8(T* p, const float (&v)[VEC], EMU_SITE) {
    if ((uintptr_t)p & 15) emu_trap(716, "misaligned 16-byte store", file_, line_);
    EmulatedU32x8 u;
    memcpy(&u, v, sizeof u);
    const EmulatedU16x8 packed = emulated_narrow<T>(u);
    memcpy(p, &packed, sizeof packed);
}

#endif

__device__ __forceinline__ void zero8(float (&v)[VEC]) {
    UNROLL for (int k = 0; k < VEC; ++k) v[k] = 0.f;
}

}  // namespace separable

// What is instantiated for fp16: nothing in the sanitized build that repeats recorded launches, which would see bf16's templates again.
#ifdef SEPARABLE_WITHOUT_FP16
#define FP16(...)
#else
#define FP16(...) __VA_ARGS__
#endif

// Every storage type, as KERNELS(type, ending of its entry points). A new one is a line here, one in ON_TENSOR_CORES
// (gemm_tiles.cuh), its widen and narrow above, its multiply_block in ptx.cuh, and spec.DType.
#define FOR_EACH_16_BIT_DTYPE(KERNELS) \
    KERNELS(separable::bf16, bf16)     \
    FP16(KERNELS(separable::f16, f16))

#define FOR_EACH_DTYPE(KERNELS) \
    KERNELS(float, f32)         \
    FOR_EACH_16_BIT_DTYPE(KERNELS)
