// Eight channels as one value with ordinary arithmetic. A GPU thread keeps them in eight registers; on the emulated device
// they are one GCC vector, so that a kernel's inner loop is vector code whatever the optimiser finds.
#pragma once
#include "vec.cuh"

// Loops over arrays of Float8: both compilers must unroll them, or the arrays stay in memory.
#ifdef __CUDACC__
#define UNROLL_REGISTERS _Pragma("unroll")
#else
#define UNROLL_REGISTERS _Pragma("GCC unroll 64")
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

#else

#pragma GCC diagnostic ignored "-Wpsabi"  // every function here is inlined: no ABI is involved
typedef float Float8 __attribute__((vector_size(32)));

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

// min(max(v, low), high), but a NaN stays a NaN.
__device__ __forceinline__ Float8 clamp(const Float8& v, float low, float high) {
    Float8 r;
    UNROLL for (int k = 0; k < VEC; ++k) r[k] = v[k] < low ? low : v[k] > high ? high : v[k];
    return r;
}

// g where low < a < high, else 0: strict at both corners.
__device__ __forceinline__ Float8 where_inside(const Float8& g, const Float8& a, float low, float high) {
    Float8 r;
    UNROLL for (int k = 0; k < VEC; ++k) r[k] = a[k] > low && a[k] < high ? g[k] : 0.f;
    return r;
}

__device__ __forceinline__ Float8 at_least_zero(const Float8& v) {
    Float8 r;
    UNROLL for (int k = 0; k < VEC; ++k) r[k] = v[k] < 0.f ? 0.f : v[k];
    return r;
}

template <class T> __device__ __forceinline__ Float8 load(const T* p) {
    float v[VEC];
    load8(p, v);
    Float8 r;
    UNROLL for (int k = 0; k < VEC; ++k) r[k] = v[k];
    return r;
}

template <class T> __device__ __forceinline__ void store(T* p, const Float8& v) {
    float out[VEC];
    UNROLL for (int k = 0; k < VEC; ++k) out[k] = v[k];
    store8(p, out);
}

// What a reader of T will see of v.
template <class T> __device__ __forceinline__ Float8 rounded(const Float8& v) {
    Float8 r;
    UNROLL for (int k = 0; k < VEC; ++k) r[k] = rounded<T>(v[k]);
    return r;
}

}  // namespace separable
