// Folds a batch normalisation with running statistics into the convolution before it, from the fp32 master weights:
//
//     scale[c] = gamma[c] / sqrt(variance[c] + epsilon)
//     folded[e] = w[e] * scale[channel of e]                      rounded once to T
//     shift[c] = beta[c] + (bias[c] - mean[c]) * scale[c]         fp32
//
// w, folded: 8 * vectors elements; element e belongs to output channel e / inner % channels: depthwise filters [taps, channels] have
// inner = 1, others [channels, inner]. gamma, beta, bias (or null, for 0), shift: fp32 [channels]; running: fp32 [2][channels], means
// and then variances. `=`. One thread a vector; a filter has at least as many vectors as there are vectors of channels.
#include "float8.cuh"
#include "map.cuh"

namespace separable {

struct RunningNorm {
    const float *gamma, *beta, *running;
    int channels;
    float epsilon;

    __device__ __forceinline__ float scale(int c) const { return gamma[c] * (1.f / sqrtf(running[channels + c] + epsilon)); }
    __device__ __forceinline__ float shift(int c, float bias) const { return beta[c] + (bias - running[c]) * scale(c); }
};

template <class T>
__device__ __forceinline__ void fold_norm(const float* w, const float* bias, const RunningNorm& norm, T* folded, float* shift,
                                          int vectors, int inner) {
    const int i = thread_index();
    if (i >= vectors) return;
    float v[VEC];
    load8(w + i * VEC, v);
    UNROLL for (int k = 0; k < VEC; ++k) v[k] *= norm.scale((i * VEC + k) / inner % norm.channels);
    store8(folded + i * VEC, v);
    if (i >= norm.channels / VEC) return;
    UNROLL for (int k = 0; k < VEC; ++k) {
        const int c = i * VEC + k;
        shift[c] = norm.shift(c, bias != nullptr ? bias[c] : 0.f);
    }
}

}  // namespace separable

#define FOLD_NORM(T, suffix)                                                                                             \
    extern "C" __global__ void __launch_bounds__(256)                                                                    \
    fold_norm_##suffix(const float* w, const float* bias, const float* gamma, const float* beta, const float* running,   \
                       T* folded, float* shift, int vectors, int channels, int inner, float epsilon) {                   \
        separable::fold_norm(w, bias, separable::RunningNorm{gamma, beta, running, channels, epsilon}, folded, shift,    \
                             vectors, inner);                                                                            \
    }                                                                                                                    \
    EXPORT_KERNEL(fold_norm_##suffix);

FOR_EACH_DTYPE(FOLD_NORM)
