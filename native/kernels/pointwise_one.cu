// The backward pass of a pointwise convolution in one kernel (pointwise_one.cuh has the mathematics and the grid), and the plain
// reduction that folds as it does:
//
//   pw_backward_one      g, y, statistics, sums; x, y_prev, statistics_prev; skip, w -> g_prev, dgamma_prev, dbeta_prev, sums_prev
//                        and dw [parts][Cout][Cin], all with `=`. x: X, or null where A is made of y_prev; skip may be null.
//                        Dynamic shared memory: PointwiseOne.sharedBytes.
//   bn_backward_reduce_tiles
//                        as bn_backward_reduce (batchnorm.cu), with rows and channels shared out as above
//
// partials: fp32 [parts][2][channels]; tickets: one a slice, zero before and after.
#include "pointwise_one.cuh"

namespace separable {

template <class T>
__device__ __forceinline__ void bn_backward_reduce_tiles(const T* x, const T* dy, const ChannelNorms& norms, T* g, float* dgamma, float* dbeta,
                                                         float* partials, int* tickets, int rows, int slice, int tile_rows) {
    const int channels = norms.channels, slices = (channels + slice - 1) / slice;
    const int part = (int)blockIdx.x / slices, parts = (int)gridDim.x / slices, column0 = (int)blockIdx.x % slices * slice;
    const RowWalk walk(slice / VEC, channels - column0, tile_rows);
    const int channel = column0 + walk.channel;
    SumGradient<T> sums;
    if (walk.row < tile_rows) {
        StoreGradient<T> to({g, rows, channels}, x, nullptr, norms.at(channel));
        const TileRange range((rows + tile_rows - 1) / tile_rows, part, parts);
        for (int tile = range.first; tile < range.last; ++tile)
            for (int row = tile * tile_rows + walk.row; row < min((tile + 1) * tile_rows, rows); row += walk.lanes)
                to(row, channel, load(dy + row * channels + channel));
        sums.sum_g = to.sum_g;
        sums.sum_gx = to.sum_gx;
    }
    const FoldPlace place{part, parts, column0 / VEC, slice / VEC, channels / VEC};
    FoldGradientSums<ONE_THREADS>{norms.stats, dgamma, dbeta, nullptr, partials, tickets + column0 / slice, place, rows, channels,
                                  norms.epsilon}(sums);
}

}  // namespace separable

// Extents of dW as WARPS_M x WARPS_N warps of MI x NI blocks, and how many CTAs a multiprocessor shall hold: PointwiseOne.Tile.
#define ONE_KERNEL(T, dtype, warps_m, warps_n, mi, ni, residents)                                                                  \
    extern "C" __global__ void __launch_bounds__(separable::ONE_THREADS, residents)                                                \
    pw_backward_one_##warps_m##x##warps_n##_##mi##x##ni##_##dtype(                                                                 \
        const T* g, const T* y, const float* statistics, const float* sums, const T* x, const T* y_prev,                           \
        const float* statistics_prev, const T* skip, const T* w, T* g_prev, float* dgamma_prev, float* dbeta_prev,                 \
        float* sums_prev, float* dw, float* partials, int* tickets, int rows, int cin, int cout, int pixels,                       \
        int slice, int tile_rows, float low, float high, float low_prev, float high_prev, float epsilon_prev) {                    \
        DYN_SHARED(T, memory);                                                                                                     \
        const separable::OneProblem<T> problem{g, y, {statistics, cout, low, high}, {statistics, sums, cout}, x ? x : y_prev,      \
                                               y_prev, {statistics_prev, cin, low_prev, high_prev}, skip, w, g_prev,               \
                                               dgamma_prev, dbeta_prev, sums_prev, dw, partials, tickets, rows, cin, cout,         \
                                               pixels, x != nullptr, slice, tile_rows, epsilon_prev};                              \
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

#define REDUCE_TILES(T, dtype)                                                                                                   \
    extern "C" __global__ void __launch_bounds__(separable::ONE_THREADS)                                                         \
    bn_backward_reduce_tiles_##dtype(const T* x, const T* dy, const float* stats, const float* gamma, const float* beta, T* g,   \
                                     float* dgamma, float* dbeta, float* partials, int* tickets, int rows, int channels,         \
                                     int slice, int tile_rows, float epsilon, float low, float high) {                           \
        separable::bn_backward_reduce_tiles(x, dy, {stats, gamma, beta, channels, epsilon, low, high}, g, dgamma, dbeta,         \
                                            partials, tickets, rows, slice, tile_rows);                                          \
    }                                                                                                                            \
    EXPORT_KERNEL(bn_backward_reduce_tiles_##dtype);

FOR_EACH_16_BIT_DTYPE(REDUCE_TILES)
