// Inverted dropout (dropout.cuh). The backward pass is the same kernel on dy.
//   x, y: [vectors * 8] in T, `=`; in place is fine
#include "dropout.cuh"
#include "map.cuh"

namespace separable {

template <class T>
__device__ __forceinline__ void dropout(const T* x, T* y, int vectors, const DropoutMask& mask) {
    const int i = thread_index();
    if (i >= vectors) return;
    float v[VEC];
    load8(x + i * VEC, v);
    mask.apply(i, v);
    store8(y + i * VEC, v);
}

}  // namespace separable

#define DROPOUT_KERNEL(T, suffix)                                                                                        \
    extern "C" __global__ void __launch_bounds__(256)                                                                    \
    dropout_##suffix(const T* x, const separable::StepState* state, T* y, int vectors, unsigned threshold, float scale,  \
                     int salt) {                                                                                         \
        separable::dropout(x, y, vectors, separable::DropoutMask{state, threshold, scale, salt});                        \
    }                                                                                                                    \
    EXPORT_KERNEL(dropout_##suffix);

FOR_EACH_DTYPE(DROPOUT_KERNEL)
