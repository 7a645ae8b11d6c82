// Parameter updates, each one launch over the flat parameter buffer, a thread a vector of eight elements
// (Adam: four vectors). All state is fp32, in place.
//   weights, gradients, slots  [vectors * 8] fp32; gradients are only read
//   weights16                  [vectors * 8] copy of the new weights, in the *_bf16 and *_f16 variants
//   decay_mask                 one byte per 64 elements: 1 where weight decay applies, else 0
//   lr = state.learning_rate, t = state.updates + 1; every g below is first multiplied by state.gradient_scale
// In a step that state.skips nothing is written.
//
// SGD (PyTorch):   g += decay * w;  v = mu * v + g;  w -= lr * (nesterov ? g + mu * v : v)
// RMSProp (TF):    g += decay * w;  ms = rho * ms + (1 - rho) * g^2;  mom = mu * mom + lr * g / sqrt(ms + eps);  w -= mom
//                  epsilon is inside the root; ms starts at 1, as TensorFlow's slot does
// Adam (PyTorch):  g += decay * w;  m = b1 * m + (1 - b1) * g;  v = b2 * v + (1 - b2) * g^2
//                  w -= lr / (1 - b1^t) * m / (sqrt(v) / sqrt(1 - b2^t) + eps)
// AdamW:           the same with w *= 1 - lr * decay first, and decay not added to g
#include "map.cuh"
#include "step_state.cuh"

namespace separable {

constexpr int MASK_VECTORS = 64 / VEC;   // vectors that share a byte of the decay mask
constexpr int ADAM_VECTORS = 4;          // vectors a thread

__device__ __forceinline__ float decay_at(const unsigned char* mask, int vector, float decay) {
    return mask[vector / MASK_VECTORS] ? decay : 0.f;
}

// The fp32 master, and the copy that kernels read where there is one.
template <class T> __device__ __forceinline__ void store_weights(float* weights, T* weights16, int vector, const float (&w)[VEC]) {
    store8(weights + vector * VEC, w);
    if (weights16) store8(weights16 + vector * VEC, w);
}

struct SgdRule {
    float momentum, decay;
    int nesterov;
};

template <class T>
__device__ __forceinline__ void sgd_update(float* __restrict__ weights, T* __restrict__ weights16,
                                           const float* __restrict__ gradients, float* __restrict__ velocity,
                                           const unsigned char* __restrict__ mask, const StepState* __restrict__ state,
                                           int vectors, const SgdRule& rule) {
    const float lr = state->learning_rate, scale = state->gradient_scale;
    const int i = thread_index();
    if (i >= vectors || state->skips) return;
    const float decay = decay_at(mask, i, rule.decay);
    float w[VEC], g[VEC], v[VEC];
    load8(weights + i * VEC, w);
    load8(gradients + i * VEC, g);
    load8(velocity + i * VEC, v);
    UNROLL for (int k = 0; k < VEC; ++k) {
        g[k] = scale * g[k] + decay * w[k];
        v[k] = rule.momentum * v[k] + g[k];
        w[k] -= lr * (rule.nesterov ? g[k] + rule.momentum * v[k] : v[k]);
    }
    store8(velocity + i * VEC, v);
    store_weights(weights, weights16, i, w);
}

struct RmsPropRule {
    float rho, momentum, epsilon, decay;
};

template <class T>
__device__ __forceinline__ void rmsprop_update(float* __restrict__ weights, T* __restrict__ weights16,
                                               const float* __restrict__ gradients, float* __restrict__ mean_squares,
                                               float* __restrict__ moments, const unsigned char* __restrict__ mask,
                                               const StepState* __restrict__ state, int vectors, const RmsPropRule& rule) {
    const float lr = state->learning_rate, scale = state->gradient_scale;
    const int i = thread_index();
    if (i >= vectors || state->skips) return;
    const float decay = decay_at(mask, i, rule.decay);
    float w[VEC], g[VEC], ms[VEC], mom[VEC];
    load8(weights + i * VEC, w);
    load8(gradients + i * VEC, g);
    load8(mean_squares + i * VEC, ms);
    load8(moments + i * VEC, mom);
    UNROLL for (int k = 0; k < VEC; ++k) {
        g[k] = scale * g[k] + decay * w[k];
        ms[k] = rule.rho * ms[k] + (1.f - rule.rho) * g[k] * g[k];
        mom[k] = rule.momentum * mom[k] + lr * g[k] / sqrtf(ms[k] + rule.epsilon);
        w[k] -= mom[k];
    }
    store8(mean_squares + i * VEC, ms);
    store8(moments + i * VEC, mom);
    store_weights(weights, weights16, i, w);
}

struct AdamRule {
    float beta1, beta2, log_beta1, log_beta2, epsilon, decay;
    int decoupled;
};

// 1 - beta^t without cancellation: beta2 = 0.999 would lose three digits in the first steps.
__device__ __forceinline__ float bias_correction(float log_beta, unsigned long long t) {
    return -expm1f(log_beta * (float)t);
}

template <class T>
__device__ __forceinline__ void adam_vector(float* __restrict__ weights, T* __restrict__ weights16,
                                            const float* __restrict__ gradients, float* __restrict__ first,
                                            float* __restrict__ second, float decay, float lr, float scale,
                                            float step_size, float root_scale, int i, const AdamRule& rule) {
    const float added = rule.decoupled ? 0.f : decay, kept = rule.decoupled ? 1.f - lr * decay : 1.f;
    float w[VEC], g[VEC], m[VEC], v[VEC];
    load8(weights + i * VEC, w);
    load8(gradients + i * VEC, g);
    load8(first + i * VEC, m);
    load8(second + i * VEC, v);
    UNROLL for (int k = 0; k < VEC; ++k) {
        g[k] = scale * g[k] + added * w[k];
        m[k] = rule.beta1 * m[k] + (1.f - rule.beta1) * g[k];
        v[k] = rule.beta2 * v[k] + (1.f - rule.beta2) * g[k] * g[k];
        w[k] = kept * w[k] - step_size * m[k] / (sqrtf(v[k]) * root_scale + rule.epsilon);
    }
    store8(first + i * VEC, m);
    store8(second + i * VEC, v);
    store_weights(weights, weights16, i, w);
}

// Several vectors a thread: the two powers of the bias correction cost as much as one of them.
template <class T>
__device__ __forceinline__ void adam_update(float* __restrict__ weights, T* __restrict__ weights16,
                                            const float* __restrict__ gradients, float* __restrict__ first,
                                            float* __restrict__ second, const unsigned char* __restrict__ mask,
                                            const StepState* __restrict__ state, int vectors, const AdamRule& rule) {
    const float lr = state->learning_rate;
    const float step_size = lr / bias_correction(rule.log_beta1, state->updates + 1);
    const float root_scale = 1.f / sqrtf(bias_correction(rule.log_beta2, state->updates + 1));
    const int threads = (int)blockDim.x, start = (int)blockIdx.x * threads * ADAM_VECTORS + (int)threadIdx.x;
    for (int j = 0; j < ADAM_VECTORS; ++j) {
        const int i = start + j * threads;
        if (i < vectors && !state->skips) {
            adam_vector(weights, weights16, gradients, first, second, decay_at(mask, i, rule.decay), lr, state->gradient_scale, step_size,
                        root_scale, i, rule);
        }
    }
}

}  // namespace separable

#define OPTIMIZER_KERNEL(name, suffix, PARAMETERS, ARGUMENTS)                                                            \
    extern "C" __global__ void __launch_bounds__(256) name##_##suffix PARAMETERS { separable::name ARGUMENTS; }          \
    EXPORT_KERNEL(name##_##suffix);

#define SGD_PARAMETERS                                                                                                   \
    const float *gradients, float *velocity, const unsigned char *decay_mask, const separable::StepState *state,         \
        int vectors, float momentum, float decay, int nesterov
#define SGD_ARGUMENTS gradients, velocity, decay_mask, state, vectors, {momentum, decay, nesterov}

#define RMSPROP_PARAMETERS                                                                                               \
    const float *gradients, float *mean_squares, float *moments, const unsigned char *decay_mask,                        \
        const separable::StepState *state, int vectors, float rho, float momentum, float epsilon, float decay
#define RMSPROP_ARGUMENTS                                                                                                \
    gradients, mean_squares, moments, decay_mask, state, vectors, {rho, momentum, epsilon, decay}

#define ADAM_PARAMETERS                                                                                                  \
    const float *gradients, float *first, float *second, const unsigned char *decay_mask,                                \
        const separable::StepState *state, int vectors, float beta1, float beta2, float log_beta1, float log_beta2,      \
        float epsilon, float decay, int decoupled
#define ADAM_ARGUMENTS                                                                                                   \
    gradients, first, second, decay_mask, state, vectors, {beta1, beta2, log_beta1, log_beta2, epsilon, decay, decoupled}

#define NO_COPY (float*)nullptr
OPTIMIZER_KERNEL(sgd_update, f32, (float* weights, SGD_PARAMETERS), (weights, NO_COPY, SGD_ARGUMENTS))
OPTIMIZER_KERNEL(rmsprop_update, f32, (float* weights, RMSPROP_PARAMETERS), (weights, NO_COPY, RMSPROP_ARGUMENTS))
OPTIMIZER_KERNEL(adam_update, f32, (float* weights, ADAM_PARAMETERS), (weights, NO_COPY, ADAM_ARGUMENTS))

#define OPTIMIZER_KERNELS_WITH_COPY(T, suffix)                                                                           \
    OPTIMIZER_KERNEL(sgd_update, suffix, (float* weights, T* weights16, SGD_PARAMETERS),                                 \
                     (weights, weights16, SGD_ARGUMENTS))                                                                \
    OPTIMIZER_KERNEL(rmsprop_update, suffix, (float* weights, T* weights16, RMSPROP_PARAMETERS),                         \
                     (weights, weights16, RMSPROP_ARGUMENTS))                                                            \
    OPTIMIZER_KERNEL(adam_update, suffix, (float* weights, T* weights16, ADAM_PARAMETERS),                               \
                     (weights, weights16, ADAM_ARGUMENTS))

FOR_EACH_16_BIT_DTYPE(OPTIMIZER_KERNELS_WITH_COPY)
