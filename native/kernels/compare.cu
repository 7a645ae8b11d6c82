// Where two tensors differ most: what checks of kernels against each other ask.
//   excess = max over e of |value[e] - reference[e]| - share * |reference[e]|     NaN on either side counts as infinity
// value, reference: [elements] in T. Every thread looks at its elements (thread, thread + threads, ...) and writes, `=`, one result:
// excess, largest |reference|, and the element of the excess, each [gridDim.x * blockDim.x]; -inf, 0 and -1 when it has none.
#include "vec.cuh"

namespace separable {

template <class T>
__device__ __forceinline__ void compare(const T* value, const T* reference, unsigned elements, float share, float* excess,
                                        float* largest, int* at) {
    const unsigned thread = blockIdx.x * blockDim.x + threadIdx.x, threads = gridDim.x * blockDim.x;
    float worst = -INFINITY, size = 0.f;
    int where = -1;
    for (unsigned e = thread; e < elements; e += threads) {
        const float expected = fabsf(widen(reference[e]));
        const float over = fabsf(widen(value[e]) - widen(reference[e])) - share * expected;
        if (!(over <= worst)) {
            worst = over == over ? over : INFINITY;
            where = (int)e;
        }
        size = fmaxf(size, expected);
    }
    excess[thread] = worst;
    largest[thread] = size;
    at[thread] = where;
}

}  // namespace separable

#define COMPARE_KERNEL(T, suffix)                                                                                        \
    extern "C" __global__ void __launch_bounds__(256)                                                                    \
    compare_##suffix(const T* value, const T* reference, unsigned elements, float share, float* excess, float* largest,  \
                     int* at) {                                                                                          \
        separable::compare(value, reference, elements, share, excess, largest, at);                                      \
    }                                                                                                                    \
    EXPORT_KERNEL(compare_##suffix);

FOR_EACH_DTYPE(COMPARE_KERNEL)
