// Eight channels as one value with ordinary arithmetic. A GPU thread keeps them in eight registers; on the emulated device
// they are one GCC vector, so that a kernel's inner loop is vector code whatever the optimiser finds.
#pragma once
#include "vec.cuh"

// Loops over arrays of Float8: both compilers must unroll them, or the arrays stay in memory.
#ifdef __CUDACC__
#define UNROLL_FLOAT8 _Pragma("unroll")
#else
#define UNROLL_FLOAT8 _Pragma("GCC unroll 64")
#endif

namespace separable {

#ifdef __CUDACC__

struct __align__(16) Float8 {
    float at[VEC];
    __device__ __forceinline__ float& operator[](int k) { return at[k]; }
    __device__ __forceinline__ float operator[](int k) const { return at[k]; }
};

__device__ __forceinline__ Float8 operator+(Float8 a, const Float8& b) {
    UNROLL for (int k = 0; k < VEC; ++k) a[k] += b[k];
    return a;
}

__device__ __forceinline__ Float8 operator-(Float8 a, const Float8& b) {
    UNROLL for (int k = 0; k < VEC; ++k) a[k] -= b[k];
    return a;
}

__device__ __forceinline__ Float8 operator*(Float8 a, const Float8& b) {
    UNROLL for (int k = 0; k < VEC; ++k) a[k] *= b[k];
    return a;
}

__device__ __forceinline__ Float8 operator*(Float8 a, float b) {
    UNROLL for (int k = 0; k < VEC; ++k) a[k] *= b;
    return a;
}

__device__ __forceinline__ Float8& operator+=(Float8& a, const Float8& b) { return a = a + b; }

template <class T> __device__ __forceinline__ Float8 load(const T* p) {
    Float8 r;
    load8(p, r.at);
    return r;
}

// The same from memory that nobody writes while the kernel runs: it may come through the read-only path.
__device__ __forceinline__ Float8 load_readonly(const float* p) {
    const float4 lo = __ldg(reinterpret_cast<const float4*>(p));
    const float4 hi = __ldg(reinterpret_cast<const float4*>(p) + 1);
    return {{lo.x, lo.y, lo.z, lo.w, hi.x, hi.y, hi.z, hi.w}};
}

template <class T> __device__ __forceinline__ Float8 load_readonly(const T* p) {
    const uint4 packed = __ldg(reinterpret_cast<const uint4*>(p));
    return load(reinterpret_cast<const T*>(&packed));
}

// From an aligned tile in shared memory, in inner loops: the emulated device does not look at the alignment.
__device__ __forceinline__ Float8 load_tile(const float* p) { return load(p); }

template <class T> __device__ __forceinline__ void store(T* p, const Float8& v) { store8(p, v.at); }

// What is rounded to T already: the emulated device rounds by more instructions than one.
template <class T> __device__ __forceinline__ void store_exact(T* p, const Float8& v) { store(p, v); }

// a * b + c, rounded once: one instruction, and the same bits wherever it is inlined.
__device__ __forceinline__ Float8 multiply_add(const Float8& a, const Float8& b, Float8 c) {
    UNROLL for (int k = 0; k < VEC; ++k) c[k] = fmaf(a[k], b[k], c[k]);
    return c;
}

__device__ __forceinline__ Float8 multiply_add(float a, const Float8& b, Float8 c) {
    UNROLL for (int k = 0; k < VEC; ++k) c[k] = fmaf(a, b[k], c[k]);
    return c;
}

// a * b rounded by itself: never made one instruction with an addition that follows, so that it equals what a store would leave.
__device__ __forceinline__ Float8 product(Float8 a, float b) {
    UNROLL for (int k = 0; k < VEC; ++k) a[k] = __fmul_rn(a[k], b);
    return a;
}

// What a reader of T will see of v.
template <class T> __device__ __forceinline__ Float8 rounded(Float8 v) {
    UNROLL for (int k = 0; k < VEC; ++k) v[k] = rounded<T>(v[k]);
    return v;
}

// min(max(v, low), high), but a NaN stays a NaN. Two selections: of nested ones nvcc makes branches, which keep loops from unrolling.
__device__ __forceinline__ Float8 clamp(Float8 v, float low, float high) {
    UNROLL for (int k = 0; k < VEC; ++k) { v[k] = v[k] < low ? low : v[k]; v[k] = v[k] > high ? high : v[k]; }
    return v;
}

// g where low < a < high, else 0: strict at both corners.
__device__ __forceinline__ Float8 where_inside(Float8 g, const Float8& a, float low, float high) {
    UNROLL for (int k = 0; k < VEC; ++k) g[k] = (a[k] > low) & (a[k] < high) ? g[k] : 0.f;
    return g;
}

#else

typedef float Float8 __attribute__((vector_size(32)));

__device__ __forceinline__ Float8 load(const float* p, EMU_SITE) {
    if ((uintptr_t)p & 15) emu_trap(716, "misaligned 16-byte load", file_, line_);
    Float8 r;
    memcpy(&r, p, sizeof r);
    return r;
}

__device__ __forceinline__ void store(float* p, const Float8& v, EMU_SITE) {
    if ((uintptr_t)p & 15) emu_trap(716, "misaligned 16-byte store", file_, line_);
    memcpy(p, &v, sizeof v);
}

template <class T> __device__ __forceinline__ Float8 load(const T* p, EMU_SITE) {
    if ((uintptr_t)p & 15) emu_trap(716, "misaligned 16-byte load", file_, line_);
    EmulatedU16x8 packed;
    memcpy(&packed, p, sizeof packed);
    return (Float8)emulated_widen<T>(packed);
}

template <class T> __device__ __forceinline__ void store(T* p, const Float8& v, EMU_SITE) {
    if ((uintptr_t)p & 15) emu_trap(716, "misaligned 16-byte store", file_, line_);
    const EmulatedU16x8 packed = emulated_narrow<T>((EmulatedU32x8)v);
    memcpy(p, &packed, sizeof packed);
}

template <class T> __device__ __forceinline__ void store_exact(T* p, const Float8& v) { store(p, v); }

template <> __device__ __forceinline__ void store_exact<bf16>(bf16* p, const Float8& v) {
    const EmulatedU16x8 packed = __builtin_convertvector((EmulatedU32x8)v >> 16, EmulatedU16x8);
    memcpy(p, &packed, sizeof packed);
}

template <class T> __device__ __forceinline__ Float8 load_readonly(const T* p, EMU_SITE) { return load(p, file_, line_); }

__device__ __forceinline__ Float8 load_tile(const float* p) {
    Float8 r;
    memcpy(&r, p, sizeof r);
    return r;
}

__device__ __forceinline__ Float8 multiply_add(const Float8& a, const Float8& b, const Float8& c) {
    Float8 r;
    for (int k = 0; k < VEC; ++k) r[k] = __builtin_fmaf(a[k], b[k], c[k]);
    return r;
}

// Written so, GCC takes `a` straight from memory in the inner loop of a matrix product; it fuses the two by itself.
__device__ __forceinline__ Float8 multiply_add(float a, const Float8& b, const Float8& c) { return a * b + c; }

__device__ __forceinline__ Float8 product(const Float8& a, float b) { return __builtin_assoc_barrier(a * b); }

template <class T> __device__ __forceinline__ Float8 rounded(const Float8& v) {
    return (Float8)emulated_widen<T>(emulated_narrow<T>((EmulatedU32x8)v));
}
template <> __device__ __forceinline__ Float8 rounded<float>(const Float8& v) { return v; }

__device__ __forceinline__ Float8 clamp(const Float8& v, float low, float high) {
    const Float8 zero = {}, floor = zero + low, ceiling = zero + high;
    return v < floor ? floor : (v > ceiling ? ceiling : v);
}

__device__ __forceinline__ Float8 where_inside(const Float8& g, const Float8& a, float low, float high) {
    const Float8 zero = {};
    return ((a > zero + low) & (a < zero + high)) ? g : zero;
}

#endif

__device__ __forceinline__ Float8 broadcast(float v) {
    Float8 r;
    UNROLL for (int k = 0; k < VEC; ++k) r[k] = v;
    return r;
}

// 1 / sqrt(variance + epsilon)
__device__ __forceinline__ Float8 inverse_deviation(const Float8& variance, float epsilon) {
    Float8 r;
    UNROLL for (int k = 0; k < VEC; ++k) r[k] = 1.f / sqrtf(variance[k] + epsilon);
    return r;
}

__device__ __forceinline__ Float8 at_least_zero(const Float8& v) {
    Float8 r;
    UNROLL for (int k = 0; k < VEC; ++k) r[k] = v[k] < 0.f ? 0.f : v[k];
    return r;
}

}  // namespace separable
