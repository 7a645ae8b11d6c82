// The reductions of batchnorm.cu with the rows shared out as the fused products share them (fused_gemm.cuh): the same sums in the same
// order, so that a plain schedule which folds so agrees with the fused one to the bit.
//   bn_tiled_statistics       stats [2][channels], mean and biased variance, with `=`; running moves
//   bn_tiled_backward_reduce  g (may be dy), dgamma, dbeta, with `=`
// Grid: (CTAs over the rows, column tiles); tile_rows and columns (vectors): of a tile. partials: fp32 [gridDim.x][channels] times 4, or 2;
// one ticket per gridDim.y.
#include "fused_gemm.cuh"

namespace separable {

constexpr int TILE_THREADS = 256;   // of any of the products' tiles, at most

struct GatheredMoments { PivotedSum8 sum; };

template <class T>
__device__ __forceinline__ void bn_tiled_statistics(const T* x, float* stats, float* running, float* partials, int* tickets, int rows,
                                                    int channels, int tile_rows, int columns, float momentum) {
    const ColumnPart at = ColumnPart::of_grid();
    const FoldPlace place = fold_place(at, columns, channels);
    const int channel = (place.first + (int)threadIdx.x % columns) * VEC;
    GatheredMoments gathered{PivotedSum8::empty()};
    if (channel < channels)
        each_row(at, rows, tile_rows, columns, [&](int row) { gathered.sum.add(load_readonly(x + row * channels + channel)); });
    FoldStatistics<TILE_THREADS>{nullptr, nullptr, stats, running, partials, tickets + at.tile, place, channels, 0.f, momentum}(gathered);
}

template <class T>
__device__ __forceinline__ void bn_tiled_backward_reduce(const T* x, const T* dy, const ChannelNorms& norm, T* g, float* dgamma,
                                                         float* dbeta, float* partials, int* tickets, int rows, int channels,
                                                         int tile_rows, int columns) {
    const ColumnPart at = ColumnPart::of_grid();
    const FoldPlace place = fold_place(at, columns, channels);
    const int channel = (place.first + (int)threadIdx.x % columns) * VEC;
    StoreGradient<T> out({g, rows, channels}, x, nullptr, norm.at(channel < channels ? channel : 0));
    if (channel < channels)
        each_row(at, rows, tile_rows, columns, [&](int row) { out(row, channel, load(dy + row * channels + channel)); });
    FoldGradientSums<TILE_THREADS>{norm.stats, dgamma, dbeta, nullptr, partials, tickets + at.tile, place, rows, channels,
                                   norm.epsilon}(out);
}

}  // namespace separable

#define TILED_BATCHNORM_KERNELS(T, suffix)                                                                                      \
    extern "C" __global__ void __launch_bounds__(separable::TILE_THREADS)                                                       \
    bn_tiled_statistics_##suffix(const T* x, float* stats, float* running, float* partials, int* tickets, int rows,             \
                                 int channels, int tile_rows, int columns, float momentum) {                                    \
        separable::bn_tiled_statistics(x, stats, running, partials, tickets, rows, channels, tile_rows, columns, momentum);     \
    }                                                                                                                           \
    extern "C" __global__ void __launch_bounds__(separable::TILE_THREADS)                                                       \
    bn_tiled_backward_reduce_##suffix(const T* x, const T* dy, const float* stats, const float* gamma, const float* beta, T* g, \
                                      float* dgamma, float* dbeta, float* partials, int* tickets, int rows, int channels,       \
                                      int tile_rows, int columns, float epsilon, float low, float high) {                       \
        separable::bn_tiled_backward_reduce(x, dy, {stats, gamma, beta, channels, epsilon, low, high}, g, dgamma, dbeta,        \
                                            partials, tickets, rows, channels, tile_rows, columns);                             \
    }                                                                                                                           \
    EXPORT_KERNEL(bn_tiled_statistics_##suffix);                                                                                \
    EXPORT_KERNEL(bn_tiled_backward_reduce_##suffix);

FOR_EACH_DTYPE(TILED_BATCHNORM_KERNELS)
