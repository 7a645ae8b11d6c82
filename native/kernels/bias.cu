// Bias over x: [rows, channels] in T (rows = pixels of all images).
//   forward   y = x + bias                 y may be x
//   backward  dbias[c] = sum over rows of dy
// bias, dbias: fp32 [channels]. Written with `=`. Grid and block: columns.cuh; backward takes partials
// (fp32, [gridDim.x][channels]) and one ticket per gridDim.y.
#include "columns.cuh"

namespace separable {

template <class T>
__device__ __forceinline__ void bias_forward(const T* x, const float* bias, T* y, int rows, int channels, int columns) {
    map_columns(ColumnWalk(rows, channels, columns), BiasLoad<T>{x, bias}, StoreRows<T>{y, rows, channels});
}

template <class T>
__device__ __forceinline__ void bias_backward(const T* dy, float* dbias, float* partials, int* tickets, int rows,
                                              int channels, int columns) {
    map_columns(ColumnWalk(rows, channels, columns), RawLoad<T>{dy}, SumRows{broadcast(0.f)},
                FoldSums<>{dbias, partials, tickets + blockIdx.y, column_place(channels, columns)});
}

}  // namespace separable

// 20 blocks a multiprocessor leave backward 48 registers a thread: ptxas by itself takes 40 for sm_80, and spills.
#define BIAS_KERNELS(T, suffix)                                                                                          \
    extern "C" __global__ void __launch_bounds__(128)                                                                    \
    bias_forward_##suffix(const T* x, const float* bias, T* y, int rows, int channels, int columns) {                    \
        separable::bias_forward(x, bias, y, rows, channels, columns);                                                    \
    }                                                                                                                    \
    extern "C" __global__ void __launch_bounds__(64, 20)                                                                 \
    bias_backward_##suffix(const T* dy, float* dbias, float* partials, int* tickets, int rows, int channels,             \
                           int columns) {                                                                                \
        separable::bias_backward(dy, dbias, partials, tickets, rows, channels, columns);                                 \
    }                                                                                                                    \
    EXPORT_KERNEL(bias_forward_##suffix);                                                                                \
    EXPORT_KERNEL(bias_backward_##suffix);

FOR_EACH_DTYPE(BIAS_KERNELS)
