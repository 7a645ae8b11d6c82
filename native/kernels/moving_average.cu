// Exponential moving average of weights or running statistics, after the update of the step:
//   average += (1 - d) * (value - average),  d = min(decay, (1 + t) / (10 + t)),  t = state.updates + 1
// which lets the average follow quickly at first, as tf.train.ExponentialMovingAverage does with num_updates. The kernel takes
// rest = 1 - decay, so that a decay near 1 loses no digits.
//   average    [vectors * 8] fp32, in place
//   average16  [vectors * 8] its copy, in the *_bf16 and *_f16 variants
//   values     [vectors * 8] fp32
// In a step that state.skips nothing is written.
#include "map.cuh"
#include "step_state.cuh"

namespace separable {

template <class T>
__device__ __forceinline__ void moving_average(float* __restrict__ average, T* __restrict__ average16,
                                               const float* __restrict__ values, const StepState* __restrict__ state,
                                               int vectors, float rest) {
    const float share = fmaxf(rest, 9.f / ((float)(state->updates + 1) + 10.f));
    const int i = thread_index();
    if (i >= vectors || state->skips) return;
    float a[VEC], v[VEC];
    load8(average + i * VEC, a);
    load8(values + i * VEC, v);
    UNROLL for (int k = 0; k < VEC; ++k) a[k] += share * (v[k] - a[k]);
    store8(average + i * VEC, a);
    if (average16) store8(average16 + i * VEC, a);
}

}  // namespace separable

extern "C" __global__ void __launch_bounds__(256)
moving_average_f32(float* average, const float* values, const separable::StepState* state, int vectors, float rest) {
    separable::moving_average(average, (float*)nullptr, values, state, vectors, rest);
}
EXPORT_KERNEL(moving_average_f32);

#define MOVING_AVERAGE_KERNEL(T, suffix)                                                                                 \
    extern "C" __global__ void __launch_bounds__(256)                                                                    \
    moving_average_##suffix(float* average, T* average16, const float* values, const separable::StepState* state,        \
                            int vectors, float rest) {                                                                   \
        separable::moving_average(average, average16, values, state, vectors, rest);                                     \
    }                                                                                                                    \
    EXPORT_KERNEL(moving_average_##suffix);

FOR_EACH_16_BIT_DTYPE(MOVING_AVERAGE_KERNEL)
