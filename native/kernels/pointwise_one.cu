// The backward pass of a pointwise convolution in one kernel (pointwise_one.cuh has the mathematics and the grid):
//
//   g, y, statistics, sums; x, y_prev, statistics_prev; skip, w -> g_prev, dgamma_prev, dbeta_prev, sums_prev, dw [parts][Cout][Cin]
//
// all with `=`. g: G, or with pixels > 0 dP; x: X, or null where A is made of y_prev; skip may be null. partials: fp32
// [parts][2][Cin]; tickets: one a slice, zero before and after. Dynamic shared memory: PointwiseOne.sharedBytes.
#include "pointwise_one.cuh"

// Extents of dW as WARPS_M x WARPS_N warps of MI x NI blocks, and how many CTAs a multiprocessor shall hold: PointwiseOne.Tile.
#define ONE_KERNEL(T, dtype, warps_m, warps_n, mi, ni, residents)                                                                  \
    extern "C" __global__ void __launch_bounds__(separable::ONE_THREADS, residents)                                                \
    pw_backward_one_##warps_m##x##warps_n##_##mi##x##ni##_##dtype(                                                                 \
        const T* g, const T* y, const float* statistics, const float* sums, const T* x, const T* y_prev,                           \
        const float* statistics_prev, const T* skip, const T* w, T* g_prev, float* dgamma_prev, float* dbeta_prev,                 \
        float* sums_prev, float* dw, float* partials, int* tickets, int rows, int cin, int cout, int pixels,                       \
        int slice, int tile_rows, int apart, float epsilon_prev, float low_prev, float high_prev, float low, float high) {         \
        DYN_SHARED(T, memory);                                                                                                     \
        const separable::OneProblem<T> problem{g, y, {statistics, cout, low, high}, {statistics, sums, cout}, x ? x : y_prev,      \
                                               y_prev, {statistics_prev, cin, low_prev, high_prev}, skip, w, g_prev,               \
                                               dgamma_prev, dbeta_prev, sums_prev, dw, partials, tickets, rows, cin, cout,         \
                                               pixels, x != nullptr, slice, tile_rows, apart != 0, epsilon_prev};                  \
        const int slices = (cin + slice - 1) / slice;                                                                              \
        separable::PointwiseOne<separable::OneTile<T, warps_m, warps_n, mi, ni>>(problem, (int)blockIdx.x % slices, memory)        \
            .run((int)blockIdx.x / slices, (int)gridDim.x / slices);                                                               \
    }                                                                                                                              \
    EXPORT_KERNEL(pw_backward_one_##warps_m##x##warps_n##_##mi##x##ni##_##dtype);

#define ONE_KERNELS(T, dtype)              \
    ONE_KERNEL(T, dtype, 2, 4, 1, 2, 2)    \
    ONE_KERNEL(T, dtype, 2, 4, 1, 6, 2)    \
    ONE_KERNEL(T, dtype, 4, 2, 3, 2, 2)    \
    ONE_KERNEL(T, dtype, 4, 2, 2, 8, 1)    \
    ONE_KERNEL(T, dtype, 2, 4, 2, 12, 1)   \
    ONE_KERNEL(T, dtype, 8, 1, 3, 8, 1)    \
    ONE_KERNEL(T, dtype, 4, 2, 4, 8, 1)    \
    ONE_KERNEL(T, dtype, 2, 4, 3, 10, 1)   \
    ONE_KERNEL(T, dtype, 2, 4, 5, 6, 1)    \
    ONE_KERNEL(T, dtype, 8, 1, 5, 6, 1)

FOR_EACH_16_BIT_DTYPE(ONE_KERNELS)
