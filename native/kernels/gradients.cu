// What happens to the gradients between the reverse pass and the update, over the flat gradient buffer.
//   gradients, sum  [vectors * 8] fp32
//
// Accumulation over a number of batches:
//   gradients_add   sum = gradients for the first of them, then sum += gradients
//   gradients_mean  gradients = (sum + gradients) * share, for the last one; share = 1 / batches
// Clipping (PyTorch's clip_grad_norm_):
//   gradient_norm   state.gradient_scale = min(1, limit / (norm + 1e-6)),  norm = sqrt(sum of gradients^2)
//                   The updates multiply by it. partials: fp32 [gridDim.x][8]; one ticket. CTAs of FOLD_THREADS.
// Of a loss that was scaled by S = state.loss_scale (Micikevicius et al. 2018; PyTorch's GradScaler), with gradients / S for
// gradients, and limit infinite where nothing is clipped:
//   loss_scaling    the same, and state.gradient_scale /= S. Where the sum of squares is no finite number, as where any gradient is
//                   none, the step is skipped (state.skips = 1) and S halved; after `interval` good steps without a change S doubles
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

// tail(sum of unscale(gradients)^2) in one thread, when all have read what they need.
template <class Unscale, class Tail>
__device__ __forceinline__ void sum_squares(const float* gradients, float* partials, int* ticket, int vectors, Unscale unscale, Tail tail) {
    Sum8 mine[1] = {Sum8::empty()};
    const int stride = (int)(gridDim.x * blockDim.x);
    for (int i = thread_index(); i < vectors; i += stride) {
        const Float8 g = unscale(load(gradients + i * VEC));
        mine[0].sum += g * g;
    }
    fold_ctas(mine, partials, ticket, FoldPlace{(int)blockIdx.x, (int)gridDim.x, 0, 1, 1}, [&](int, int, const Sum8& total) {
        float squares = 0.f;
        UNROLL for (int k = 0; k < VEC; ++k) squares += total.sum[k];
        tail(squares);
    });
}

// What gradients of this norm are multiplied by.
__device__ __forceinline__ float clip(float squares, float limit) { return fminf(1.f, limit / (sqrtf(squares) + 1e-6f)); }

__device__ __forceinline__ void gradient_norm(const float* gradients, StepState* state, float* partials, int* ticket,
                                              int vectors, float limit) {
    sum_squares(gradients, partials, ticket, vectors, [](const Float8& g) { return g; },
                [=](float squares) { state->gradient_scale = clip(squares, limit); });
}

// The scale and its inverse stay normal numbers, and so every product with them exact.
constexpr float LEAST_SCALE = 0x1p-126f, LARGEST_SCALE = 0x1p126f, LARGEST_FLOAT = 0x1.fffffep127f;

__device__ __forceinline__ void loss_scaling(const float* gradients, StepState* state, float* partials, int* ticket,
                                             int vectors, float limit, int interval) {
    const float scale = state->loss_scale, inverse = 1.f / scale;
    sum_squares(gradients, partials, ticket, vectors, [=](const Float8& g) { return g * inverse; }, [=](float squares) {
        const bool good = squares <= LARGEST_FLOAT;     // neither infinite nor NaN
        const int steps = good ? state->good_steps + 1 : 0;
        const bool grows = steps >= interval;
        state->gradient_scale = good ? clip(squares, limit) * inverse : 0.f;
        state->skips = !good;
        state->good_steps = grows ? 0 : steps;
        state->loss_scale = good ? (grows ? fminf(scale * 2.f, LARGEST_SCALE) : scale) : fmaxf(scale * 0.5f, LEAST_SCALE);
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

extern "C" __global__ void __launch_bounds__(64)
loss_scaling(const float* gradients, separable::StepState* state, float* partials, int* ticket, int vectors, float limit, int interval) {
    separable::loss_scaling(gradients, state, partials, ticket, vectors, limit, interval);
}

EXPORT_KERNEL(gradients_add);
EXPORT_KERNEL(gradients_mean);
EXPORT_KERNEL(gradient_norm);
EXPORT_KERNEL(loss_scaling);
