// Elementwise kernels: one thread moves one vector of eight channels through a functor. Rounded once, on the store.
// The output may be an input: a thread reads its vectors before it writes them and touches no others.
#pragma once
#include "vec.cuh"

namespace separable {

// The thread's place in a one-dimensional grid. Signed, so that g++ vectorises across threads.
__device__ __forceinline__ int thread_index() {
    return (int)(blockIdx.x * blockDim.x) + (int)threadIdx.x;
}

// y[e] = f(x[e]); x, y: [vectors * 8].
template <class T, class F>
__device__ __forceinline__ void map(const T* x, T* y, int vectors, F f) {
    const int i = thread_index();
    if (i >= vectors) return;
    float v[VEC];
    load8(x + i * VEC, v);
    UNROLL for (int k = 0; k < VEC; ++k) v[k] = f(v[k]);
    store8(y + i * VEC, v);
}

// y[e] = f(a[e], b[e]); a, b, y: [vectors * 8].
template <class T, class F>
__device__ __forceinline__ void zip(const T* a, const T* b, T* y, int vectors, F f) {
    const int i = thread_index();
    if (i >= vectors) return;
    float u[VEC], v[VEC];
    load8(a + i * VEC, u);
    load8(b + i * VEC, v);
    UNROLL for (int k = 0; k < VEC; ++k) v[k] = f(u[k], v[k]);
    store8(y + i * VEC, v);
}

}  // namespace separable
