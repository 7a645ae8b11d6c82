// Eight channels at a time: how every kernel reads and writes activations.
// A vector is 16 bytes of bf16 or two float4 of fp32, widened to float in registers; stores round once, to nearest even.
#pragma once
#include "compat.cuh"

namespace separable {

using bf16 = __nv_bfloat16;

constexpr int VEC = 8;

struct __align__(16) Bf16x8 { bf16 at[VEC]; };

__device__ __forceinline__ float widen(float v) { return v; }
__device__ __forceinline__ float widen(bf16 v) { return __bfloat162float(v); }

template <class T> __device__ __forceinline__ T narrow(float v);
template <> __device__ __forceinline__ float narrow<float>(float v) { return v; }
template <> __device__ __forceinline__ bf16 narrow<bf16>(float v) { return __float2bfloat16(v); }

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

__device__ __forceinline__ void load8(const bf16* p, float (&v)[VEC]) {
    const Bf16x8 packed = *reinterpret_cast<const Bf16x8*>(p);
    UNROLL for (int k = 0; k < VEC; ++k) v[k] = __bfloat162float(packed.at[k]);
}

__device__ __forceinline__ void store8(bf16* p, const float (&v)[VEC]) {
    Bf16x8 packed;
    UNROLL for (int k = 0; k < VEC; ++k) packed.at[k] = __float2bfloat16(v[k]);
    *reinterpret_cast<Bf16x8*>(p) = packed;
}

#else

// The same as whole-vector integer arithmetic: GCC does not find it in eight calls of __float2bfloat16.
typedef uint16_t EmulatedU16x8 __attribute__((vector_size(16)));
typedef uint32_t EmulatedU32x8 __attribute__((vector_size(32)));

#pragma GCC diagnostic ignored "-Wpsabi"  // functions of vectors here are inlined: no ABI is involved

// The upper halves of eight floats, rounded to nearest even, in the lower halves of the result.
__device__ __forceinline__ EmulatedU32x8 emulated_bf16(EmulatedU32x8 u) {
    const EmulatedU32x8 nearest = (u + 0x7fffu + (u >> 16 & 1u)) >> 16;
    const EmulatedU32x8 nan = (u & 0x7fffffffu) > 0x7f800000u;
    return (nearest & ~nan) | (nan & 0x7fffu);
}

__device__ __forceinline__ void load8(const bf16* p, float (&v)[VEC], EMU_SITE) {
    if ((uintptr_t)p & 15) emu_trap(716, "misaligned 16-byte load", file_, line_);
    EmulatedU16x8 packed;
    memcpy(&packed, p, sizeof packed);
    const EmulatedU32x8 wide = __builtin_convertvector(packed, EmulatedU32x8) << 16;
    memcpy(v, &wide, sizeof wide);
}

__device__ __forceinline__ void store8(bf16* p, const float (&v)[VEC], EMU_SITE) {
    if ((uintptr_t)p & 15) emu_trap(716, "misaligned 16-byte store", file_, line_);
    EmulatedU32x8 u;
    memcpy(&u, v, sizeof u);
    const EmulatedU16x8 packed = __builtin_convertvector(emulated_bf16(u), EmulatedU16x8);
    memcpy(p, &packed, sizeof packed);
}

#endif

__device__ __forceinline__ void zero8(float (&v)[VEC]) {
    UNROLL for (int k = 0; k < VEC; ++k) v[k] = 0.f;
}

}  // namespace separable
