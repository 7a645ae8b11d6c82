// Batch normalisation with its activation, over x: [rows, channels] in T (rows = pixels of all images, n of them).
//   statistics       mean[c], var[c] = sum (x - mean)^2 / n;  running mean += m * (mean - running),
//                    running var += m * (var * n / (n - 1) - running); a single row counts its variance of 0 as it is
//   forward          y = act((x - mean) * scale + beta),  scale = gamma / sqrt(var + epsilon)
//   backward_reduce  g = dy where low < act(...) < high, else 0;  dbeta = sum g;  dgamma = sum g * (x - mean) / sqrt(var + epsilon)
//   backward_data    dx = scale * (g - dbeta / n - (x - mean) * dgamma / (n * sqrt(var + epsilon)))
// stats, running: fp32 [2][channels], means then variances. gamma, beta, dgamma, dbeta: fp32 [channels]. Everything is
// written with `=` but `running`. y may be x, g may be dy, dx may be g. Grid and block: columns.cuh; the reductions take
// partials (fp32, [gridDim.x][channels] times 4 for statistics, 2 for the gradients) and one ticket per gridDim.y.
#include "columns.cuh"

namespace separable {

template <class Load>
__device__ __forceinline__ Moments8 walk_moments(const ColumnWalk& walk, const Load& load) {
    PivotedSum8 sum = PivotedSum8::empty();
    for (int i = 0, e = walk.first; i < walk.rows; ++i, e += walk.step) sum.add(load(e));
    return sum.moments();
}

template <class T>
__device__ __forceinline__ void bn_statistics(const T* x, float* stats, float* running, float* partials, int* tickets,
                                              int rows, int channels, int columns, float momentum) {
    const RawLoad<T> input{x};
    Moments8 mine[1] = {walk_moments(ColumnWalk(rows, channels, columns), input)};
    fold_ctas(mine, partials, tickets + blockIdx.y, column_place(channels, columns),
              [&](int, int vector, const Moments8& total) {
                  write_statistics(total, stats, running, vector * VEC, channels, momentum);
              });
}

template <class T>
__device__ __forceinline__ void bn_forward(const T* x, const float* stats, const float* gamma, const float* beta, T* y,
                                           int rows, int channels, int columns, float epsilon, float low, float high) {
    map_columns(ColumnWalk(rows, channels, columns),
                BnActLoad<T>{x, {stats, gamma, beta, channels, epsilon, low, high}}, StoreRows<T>{y, rows, channels});
}

// Writes g and returns {sum g, sum g * (x - mean)} over the walk.
template <class T>
__device__ __forceinline__ void walk_gradient(const ColumnWalk& walk, const T* x, const T* dy, T* g, const NormAct& norm,
                                              Float8& sum_g, Float8& sum_gx) {
    for (int i = 0, e = walk.first; i < walk.rows; ++i, e += walk.step) {
        const Float8 value = load(x + e);
        const Float8 gradient = norm.masked<T>(value, load(dy + e));
        store(g + e, gradient);
        sum_g += gradient;
        sum_gx = multiply_add(gradient, value - norm.mean, sum_gx);
    }
}

template <class T>
__device__ __forceinline__ void bn_backward_reduce(const T* x, const T* dy, const float* stats, const float* gamma,
                                                   const float* beta, T* g, float* dgamma, float* dbeta, float* partials,
                                                   int* tickets, int rows, int channels, int columns, float epsilon,
                                                   float low, float high) {
    const ColumnWalk walk(rows, channels, columns);
    Sum8 mine[2] = {Sum8::empty(), Sum8::empty()};
    if (walk.rows > 0) {
        const NormAct norm = ChannelNorms{stats, gamma, beta, channels, epsilon, low, high}.at(walk.channel);
        walk_gradient(walk, x, dy, g, norm, mine[0].sum, mine[1].sum);
    }
    fold_ctas(mine, partials, tickets + blockIdx.y, column_place(channels, columns),
              [&](int k, int vector, const Sum8& total) {
                  const int channel = vector * VEC;
                  if (k == 0) store(dbeta + channel, total.sum);
                  else store(dgamma + channel, total.sum * inverse_deviation(load(stats + channels + channel), epsilon));
              });
}

template <class T>
__device__ __forceinline__ void bn_backward_data(const T* x, const T* g, const float* stats, const float* gamma,
                                                 const float* dgamma, const float* dbeta, T* dx, int rows, int channels,
                                                 int columns, float epsilon) {
    map_columns(ColumnWalk(rows, channels, columns),
                BnBackwardLoad<T>{x, g, stats, gamma, dgamma, dbeta, rows, channels, epsilon},
                StoreRows<T>{dx, rows, channels});
}

}  // namespace separable

#define BATCHNORM_KERNELS(T, suffix)                                                                                     \
    extern "C" __global__ void __launch_bounds__(64)                                                                     \
    bn_statistics_##suffix(const T* x, float* stats, float* running, float* partials, int* tickets, int rows,            \
                           int channels, int columns, float momentum) {                                                  \
        separable::bn_statistics(x, stats, running, partials, tickets, rows, channels, columns, momentum);               \
    }                                                                                                                    \
    extern "C" __global__ void __launch_bounds__(128)                                                                    \
    bn_forward_##suffix(const T* x, const float* stats, const float* gamma, const float* beta, T* y, int rows,           \
                        int channels, int columns, float epsilon, float low, float high) {                               \
        separable::bn_forward(x, stats, gamma, beta, y, rows, channels, columns, epsilon, low, high);                    \
    }                                                                                                                    \
    extern "C" __global__ void __launch_bounds__(64)                                                                     \
    bn_backward_reduce_##suffix(const T* x, const T* dy, const float* stats, const float* gamma, const float* beta,      \
                                T* g, float* dgamma, float* dbeta, float* partials, int* tickets, int rows,              \
                                int channels, int columns, float epsilon, float low, float high) {                       \
        separable::bn_backward_reduce(x, dy, stats, gamma, beta, g, dgamma, dbeta, partials, tickets, rows, channels,    \
                                      columns, epsilon, low, high);                                                      \
    }                                                                                                                    \
    extern "C" __global__ void __launch_bounds__(128)                                                                    \
    bn_backward_data_##suffix(const T* x, const T* g, const float* stats, const float* gamma, const float* dgamma,       \
                              const float* dbeta, T* dx, int rows, int channels, int columns, float epsilon) {           \
        separable::bn_backward_data(x, g, stats, gamma, dgamma, dbeta, dx, rows, channels, columns, epsilon);            \
    }                                                                                                                    \
    EXPORT_KERNEL(bn_statistics_##suffix);                                                                               \
    EXPORT_KERNEL(bn_forward_##suffix);                                                                                  \
    EXPORT_KERNEL(bn_backward_reduce_##suffix);                                                                          \
    EXPORT_KERNEL(bn_backward_data_##suffix);

FOR_EACH_DTYPE(BATCHNORM_KERNELS)
