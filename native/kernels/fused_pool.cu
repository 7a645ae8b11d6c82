// The global average pool of the fused schedule, with the last normalisation on load and dropout behind it, and the reduction of
// that normalisation's gradients behind the pool (terms and tables: fused.cuh; dropout.cuh).
//   forward  P = dropout(mean over the pixels of A),  A = act(BN(y))
//   reduce   dbeta = sum G,  dgamma = sum G * (y - mean) / sqrt(variance + epsilon),  and `sums`;  G = dP / pixels where the
//            activation passes it, which is made here and once more by whoever reads the gradient, but not stored
//
//   y        [images, pixels, channels] in T            statistics  fp32 [4][channels]
//   P, dP    [images, channels] in T                    dgamma, dbeta  fp32 [channels];  sums  fp32 [2][channels]
// Written with `=`. forward: one thread a vector of P, no state: no dropout. reduce: grid and block as in columns.cuh, rows =
// images * pixels, with partials (fp32, [gridDim.x][2][channels]) and one ticket per gridDim.y.
#include "columns.cuh"
#include "dropout.cuh"
#include "fused.cuh"
#include "map.cuh"

namespace separable {

template <class T>
__device__ __forceinline__ void fused_pool(const NormLoad<T>& load, const DropoutMask& dropout, T* pooled, int images, int pixels) {
    const int i = thread_index(), channels = load.norm.channels, vectors = channels / VEC;
    if (i >= images * vectors) return;
    const int image = i / vectors, channel = (i - image * vectors) * VEC;
    const auto in = load.at(channel);
    Float8 mean = broadcast(0.f);
    UNROLL_4 for (int pixel = 0, e = image * pixels * channels + channel; pixel < pixels; ++pixel, e += channels) mean += in(e);
    UNROLL for (int k = 0; k < VEC; ++k) mean[k] /= (float)pixels;
    mean = rounded<T>(mean);
    dropout.apply(i, mean);
    store(pooled + i * VEC, mean);
}

// Pixels of an image share their gradient but for the mask: it is loaded once an image.
template <class T>
__device__ __forceinline__ SumGradient<T> walk_pool_gradient(const ColumnWalk& walk, const PoolGradient<T>& pool, const NormAct& norm) {
    SumGradient<T> sum;
    for (int row = walk.row, e = walk.first; row < walk.row + walk.rows;) {
        const int image = row / pool.pixels, end = min((image + 1) * pool.pixels, walk.row + walk.rows);
        const Float8 gradient = pool.of_image(image, walk.channel);
        UNROLL_4 for (; row < end; ++row, e += walk.step) {
            const Float8 value = load_readonly(pool.y + e);
            sum.add(norm.masked<T>(value, gradient), value - norm.mean);
        }
    }
    return sum;
}

template <class T>
__device__ __forceinline__ void fused_pool_reduce(const PoolGradient<T>& pool, const NormTable& norm,
                                                  const FoldGradientSums<FOLD_THREADS>& tail, const ColumnWalk& walk) {
    tail(walk.rows > 0 ? walk_pool_gradient(walk, pool, norm.at(walk.channel)) : SumGradient<T>());
}

}  // namespace separable

#define FUSED_POOL_KERNELS(T, suffix)                                                                                    \
    extern "C" __global__ void __launch_bounds__(128)                                                                    \
    fused_pool_##suffix(const T* y, const float* statistics, const separable::StepState* state, T* pooled, int images,   \
                        int pixels, int channels, float low, float high, unsigned threshold, float scale, int salt) {    \
        separable::fused_pool(separable::NormLoad<T>{y, {statistics, channels, low, high}},                              \
                              separable::DropoutMask{state, threshold, scale, salt}, pooled, images, pixels);            \
    }                                                                                                                    \
    extern "C" __global__ void __launch_bounds__(64)                                                                     \
    fused_pool_reduce_##suffix(const T* dpooled, const T* y, const float* statistics, float* dgamma, float* dbeta,       \
                               float* sums, float* partials, int* tickets, int rows, int pixels, int channels,           \
                               int columns, float epsilon, float low, float high) {                                      \
        separable::fused_pool_reduce(                                                                                    \
            separable::PoolGradient<T>{dpooled, y, pixels, channels}, {statistics, channels, low, high},                 \
            {statistics, dgamma, dbeta, sums, partials, tickets + blockIdx.y, separable::column_place(channels, columns), \
             rows, channels, epsilon},                                                                                   \
            separable::ColumnWalk(rows, channels, columns));                                                             \
    }                                                                                                                    \
    EXPORT_KERNEL(fused_pool_##suffix);                                                                                  \
    EXPORT_KERNEL(fused_pool_reduce_##suffix);

FOR_EACH_DTYPE(FUSED_POOL_KERNELS)
