// What kernels do with a vector of eight channels when they load it and when they store it. A convolution core or a map is
// instantiated on these: plain kernels use RawLoad and RawStore, the batch normalisation kernels the others, and a fused
// schedule puts the same ones around a convolution, with the same rounding points.
//   Load:  Float8 operator()(int element)           element = offset of the first of the eight channels
//   Store: void operator()(int element, Float8 v)
// Per-channel coefficients are those of the thread's own eight channels.
#pragma once
#include "float8.cuh"

namespace separable {

template <class T> struct RawLoad {
    const T* x;
    __device__ __forceinline__ Float8 operator()(int e) const { return load(x + e); }
};

template <class T> struct RawStore {
    T* y;
    __device__ __forceinline__ void operator()(int e, const Float8& v) const { store(y + e, v); }
};

// x + bias
template <class T> struct BiasLoad {
    const T* x;
    Float8 bias;
    __device__ __forceinline__ Float8 operator()(int e) const { return load(x + e) + bias; }
};

// Batch normalisation and activation of one value, for the value and for the mask of its gradient alike: they must not
// differ by a bit. low and high bound the activation: -inf, inf (none); 0, inf (ReLU); 0, 6 (ReLU6).
struct NormAct {
    Float8 mean, scale, beta;  // scale = gamma / sqrt(variance + epsilon)
    float low, high;

    // stats: [2][channels], mean and variance.
    __device__ __forceinline__ NormAct(const float* stats, const float* gamma, const float* shift, int channel, int channels,
                                       float epsilon, float low_, float high_)
        : mean(load(stats + channel)),
          scale(load(gamma + channel) * inverse_deviation(load(stats + channels + channel), epsilon)),
          beta(load(shift + channel)), low(low_), high(high_) {}

    // In two steps: x * scale + (beta - mean * scale) loses digits when the mean is large.
    __device__ __forceinline__ Float8 operator()(const Float8& x) const { return clamp((x - mean) * scale + beta, low, high); }

    // The gradient at the output of the normalisation: dy where the activation a reader of T sees lies strictly inside its
    // bounds, else 0. Exact: it needs no rounding when dy comes from T.
    template <class T> __device__ __forceinline__ Float8 masked(const Float8& x, const Float8& dy) const {
        return where_inside(dy, rounded<T>((*this)(x)), low, high);
    }
};

// act(BN(x)), rounded as a store would: the consumer of a stored activation and one that applies it on load see the same.
template <class T> struct BnActLoad {
    const T* x;
    NormAct norm;
    __device__ __forceinline__ Float8 operator()(int e) const { return rounded<T>(norm(load(x + e))); }
};

// The gradient at the input: scale * (g - c0 - (x - mean) * c1), with n rows,
//   c0 = dbeta / n,  c1 = dgamma / (n * sqrt(variance + epsilon)).
template <class T> struct BnBackwardLoad {
    const T* x;
    const T* g;
    Float8 mean, scale, c0, c1;
    __device__ __forceinline__ Float8 operator()(int e) const {
        return scale * (load(g + e) - c0 - (load(x + e) - mean) * c1);
    }
};

}  // namespace separable
