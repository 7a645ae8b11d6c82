// Transposition with conversion: y[j, i] = x[i, j]; x: [rows, columns] in T, y: [columns, rows] in U, `=`, rounded once.
// Between our depthwise filters, [taps, C], and cuDNN's, [C, taps]; with one row it only converts. Filters are small: one thread
// an element, writes in order, reads from cache. elements = rows * columns < 2^31.
#include "map.cuh"

namespace separable {

template <class T, class U>
__device__ __forceinline__ void transpose(const T* x, U* y, int rows, int columns) {
    const int element = thread_index();
    if (element >= rows * columns) return;
    const int column = element / rows;
    const int row = element - column * rows;
    y[element] = narrow<U>(widen(x[row * columns + column]));
}

}  // namespace separable

#define TRANSPOSE_KERNEL(T, from, U, to)                                                                          \
    extern "C" __global__ void __launch_bounds__(256)                                                             \
    transpose_##from##_##to(const T* x, U* y, int rows, int columns) {                                            \
        separable::transpose(x, y, rows, columns);                                                                \
    }                                                                                                             \
    EXPORT_KERNEL(transpose_##from##_##to);

#define TRANSPOSE_16_BIT_KERNELS(T, dtype)  \
    TRANSPOSE_KERNEL(T, dtype, T, dtype)    \
    TRANSPOSE_KERNEL(T, dtype, float, f32)

TRANSPOSE_KERNEL(float, f32, float, f32)
FOR_EACH_16_BIT_DTYPE(TRANSPOSE_16_BIT_KERNELS)
