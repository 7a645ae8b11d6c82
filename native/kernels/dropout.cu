// Inverted dropout: y = x / (1 - rate) where kept, else 0. The backward pass is the same kernel on dy.
// Element e is dropped when word e % 4 of philox(index e / 4, salt, state.step; state.seed) is below `threshold` =
// rate * 2^32. e counts stored elements, surplus channels included.
//   x, y: [vectors * 8] in T, `=`; in place is fine
#include "map.cuh"
#include "philox.cuh"
#include "step_state.cuh"

namespace separable {

template <class T>
__device__ __forceinline__ void dropout(const T* x, const StepState* state, T* y, int vectors, unsigned threshold,
                                        float scale, int salt) {
    const int i = thread_index();
    if (i >= vectors) return;
    const uint4 lo = random_words(Draw::DROPOUT, (unsigned)i * 2u, (unsigned)salt, state->step, state->seed);
    const uint4 hi = random_words(Draw::DROPOUT, (unsigned)i * 2u + 1u, (unsigned)salt, state->step, state->seed);
    const unsigned words[VEC] = {lo.x, lo.y, lo.z, lo.w, hi.x, hi.y, hi.z, hi.w};
    float v[VEC];
    load8(x + i * VEC, v);
    UNROLL for (int k = 0; k < VEC; ++k) v[k] = words[k] < threshold ? 0.f : v[k] * scale;
    store8(y + i * VEC, v);
}

}  // namespace separable

#define DROPOUT_KERNEL(T, suffix)                                                                                        \
    extern "C" __global__ void __launch_bounds__(256)                                                                    \
    dropout_##suffix(const T* x, const separable::StepState* state, T* y, int vectors, unsigned threshold, float scale,  \
                     int salt) {                                                                                         \
        separable::dropout(x, state, y, vectors, threshold, scale, salt);                                                \
    }                                                                                                                    \
    EXPORT_KERNEL(dropout_##suffix);

FOR_EACH_DTYPE(DROPOUT_KERNEL)
