// Residual addition: y = a + b, summed in fp32 and rounded once. a, b, y: [vectors * 8] in T, `=`; y may be a or b.
#include "map.cuh"

namespace separable {

struct ResidualSum {
    __device__ __forceinline__ float operator()(float a, float b) const { return a + b; }
};

}  // namespace separable

#define ADD_KERNEL(T, suffix)                                                                                            \
    extern "C" __global__ void __launch_bounds__(256) add_##suffix(const T* a, const T* b, T* y, int vectors) {          \
        separable::zip(a, b, y, vectors, separable::ResidualSum{});                                                              \
    }                                                                                                                    \
    EXPORT_KERNEL(add_##suffix);

FOR_EACH_DTYPE(ADD_KERNEL)
