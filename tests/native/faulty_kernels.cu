// Kernels that are wrong on purpose, one fault each, and a few right ones to measure and compare against.
// Tests load them as a module of their own (faulty_kernels.so).
#include "compat.cuh"
#include "ptx.cuh"

// ---- wrong memory accesses

extern "C" __global__ void write_past_end(float* p, int n) {  // [n]
    const int i = (int)(blockIdx.x * blockDim.x) + (int)threadIdx.x;
    p[i + (i == n - 1)] = 1.f;
}
EXPORT_KERNEL(write_past_end);

extern "C" __global__ void write_to(float* p) { p[threadIdx.x] = 1.f; }
EXPORT_KERNEL(write_to);

extern "C" __global__ void load_misaligned(const float* p, float* out) {  // [8], [4]
    reinterpret_cast<float4*>(out)[threadIdx.x] = *reinterpret_cast<const float4*>(p + 1);
}
EXPORT_KERNEL(load_misaligned);

extern "C" __global__ void write_past_shared(float* p, int offset) {
    DYN_SHARED(float, tile);
    tile[(int)threadIdx.x + offset] = 1.f;
    __syncthreads();
    p[threadIdx.x] = tile[threadIdx.x];
}
EXPORT_KERNEL(write_past_shared);

extern "C" __global__ void divide(int* p, int by) { p[threadIdx.x] = 7 / by; }
EXPORT_KERNEL(divide);

__device__ float descend(volatile float* p, int depth) {
    volatile float frame[256];
    frame[depth & 255] = p[0];
    return depth == 0 ? frame[0] : descend(p, depth - 1) + frame[depth & 255];
}
extern "C" __global__ void overflow_stack(float* p) { p[threadIdx.x] = descend(p, 100000); }
EXPORT_KERNEL(overflow_stack);

// ---- wrong synchronisation

extern "C" __global__ void leave_before_barrier(float* p, int n) {
    if ((int)threadIdx.x >= n) return;
    p[threadIdx.x] = 1.f;
    __syncthreads();  // the others have left
    p[threadIdx.x] += 1.f;
}
EXPORT_KERNEL(leave_before_barrier);

extern "C" __global__ void barriers_apart(float* p) {
    if (threadIdx.x & 1) {
        p[0] = 1.f;
        __syncthreads();  // odd threads
    } else {
        p[1] = 1.f;
        __syncthreads();  // even threads
    }
}
EXPORT_KERNEL(barriers_apart);

extern "C" __global__ void shuffle_with_half_a_warp(float* p) {
    float v = (float)threadIdx.x;
    if (threadIdx.x < 16) v += __shfl_down_sync(0xffffffffu, v, 1);
    p[threadIdx.x] = v;
}
EXPORT_KERNEL(shuffle_with_half_a_warp);

extern "C" __global__ void spin(volatile int* p) {
    while (*p == 0) {}
}
EXPORT_KERNEL(spin);

extern "C" __global__ void reverse_without_barrier(float* p) {  // [256], one block of 256
    __shared__ float tile[256];
    tile[threadIdx.x] = (float)threadIdx.x;
    const float v = tile[255 - threadIdx.x];
    __syncthreads();
    p[threadIdx.x] = v;
}
EXPORT_KERNEL(reverse_without_barrier);

extern "C" __global__ void reverse(float* p) {
    __shared__ float tile[256];
    tile[threadIdx.x] = (float)threadIdx.x;
    __syncthreads();
    p[threadIdx.x] = tile[255 - threadIdx.x];
}
EXPORT_KERNEL(reverse);

extern "C" __global__ void read_uninitialised_shared(float* p) {
    __shared__ float fixed[64];
    DYN_SHARED(float, dynamic);
    if (threadIdx.x != 0) fixed[threadIdx.x] = dynamic[threadIdx.x] = 1.f;
    __syncthreads();
    p[threadIdx.x] = fixed[threadIdx.x] + dynamic[threadIdx.x];
}
EXPORT_KERNEL(read_uninitialised_shared);

extern "C" __global__ void copy_without_wait(const float* in, float* out) {  // [128], one block of 32
    __shared__ __align__(16) float tile[128];
    tile[threadIdx.x * 4] = -1.f;
    separable::copy_async16(tile + threadIdx.x * 4, in + threadIdx.x * 4, true);
    separable::copy_async_commit();
    out[threadIdx.x] = tile[threadIdx.x * 4];
    separable::copy_async_wait<0>();
}
EXPORT_KERNEL(copy_without_wait);

extern "C" __global__ void append_block(int* order, int* count) { order[atomicAdd(count, 1)] = (int)blockIdx.x; }
EXPORT_KERNEL(append_block);

// ---- right ones

extern "C" __global__ void scale(float* p, float by, int n) {
    const int i = (int)(blockIdx.x * blockDim.x) + (int)threadIdx.x;
    if (i < n) p[i] *= by;
}
EXPORT_KERNEL(scale);

extern "C" __global__ void mixed_parameters(char a, double b, short c, float* out) { out[0] = (float)a + (float)b + (float)c; }
EXPORT_KERNEL(mixed_parameters);

extern "C" __global__ void many_barriers(int n, int* p) {
    for (int i = 0; i < n; ++i) __syncthreads();
    if (p != nullptr) *p = 1;
}
EXPORT_KERNEL(many_barriers);

extern "C" __global__ void many_shuffles(int n, float* p) {
    float v = (float)threadIdx.x;
    for (int i = 0; i < n; ++i) v = __shfl_xor_sync(0xffffffffu, v, 1);
    p[threadIdx.x] = v;
}
EXPORT_KERNEL(many_shuffles);

extern "C" __global__ void nothing() {}
EXPORT_KERNEL(nothing);
