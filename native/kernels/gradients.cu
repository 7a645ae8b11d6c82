// What happens to the gradients between the reverse pass and the update, over the flat gradient buffer.
//   gradients, sum  [vectors * 8] fp32
//
// Accumulation over a number of batches:
//   gradients_add   sum = gradients for the first of them, then sum += gradients
//   gradients_mean  gradients = (sum + gradients) * share, for the last one; share = 1 / batches
// Clipping (PyTorch's clip_grad_norm_):
//   gradient_norm   state.gradient_scale = min(1, limit / (norm + 1e-6)),  norm = sqrt(sum of gradients^2)
//                   The updates multiply by it. partials: fp32 [gridDim.x][8]; one ticket. CTAs of FOLD_THREADS.
#include "fold.cuh"
#include "map.cuh"
#include "step_state.cuh"

namespace separable {

__device__ __forceinline__ void gradients_add(const float* gradients, float* sum, int vectors, int begins) {
    if (begins) {
        map(gradients, sum, vectors, [](float g) { return g; });
    } else {
        zip(sum, gradients, sum, vectors, [](float s, float g) { return s + g; });
    }
}

__device__ __forceinline__ void gradient_norm(const float* gradients, StepState* state, float* partials, int* ticket,
                                              int vectors, float limit) {
    Sum8 mine[1] = {Sum8::empty()};
    const int stride = (int)(gridDim.x * blockDim.x);
    for (int i = thread_index(); i < vectors; i += stride) {
        const Float8 g = load(gradients + i * VEC);
        mine[0].sum += g * g;
    }
    fold_ctas(mine, partials, ticket, FoldPlace{(int)blockIdx.x, (int)gridDim.x, 0, 1, 1}, [&](int, int, const Sum8& total) {
        float squares = 0.f;
        UNROLL for (int k = 0; k < VEC; ++k) squares += total.sum[k];
        state->gradient_scale = fminf(1.f, limit / (sqrtf(squares) + 1e-6f));
    });
}

}  // namespace separable

extern "C" __global__ void __launch_bounds__(256)
gradients_add(const float* gradients, float* sum, int vectors, int begins) {
    separable::gradients_add(gradients, sum, vectors, begins);
}

extern "C" __global__ void __launch_bounds__(256)
gradients_mean(float* gradients, const float* sum, int vectors, float share) {
    separable::zip(sum, gradients, gradients, vectors, [share](float s, float g) { return (s + g) * share; });
}

extern "C" __global__ void __launch_bounds__(64)
gradient_norm(const float* gradients, separable::StepState* state, float* partials, int* ticket, int vectors, float limit) {
    separable::gradient_norm(gradients, state, partials, ticket, vectors, limit);
}

EXPORT_KERNEL(gradients_add);
EXPORT_KERNEL(gradients_mean);
EXPORT_KERNEL(gradient_norm);
