// The epilogue of a convolution in inference: batch normalisation with running statistics is an affine map a channel, so that
// it is folded into filter and bias beforehand (fold_norm.cu), and what is left of the chain happens on the way out:
//
//     y = act(conv + bias[channel]) + skip        in fp32, rounded once to T
//
// A schedule of one kernel an op rounds the convolution, the normalisation and the sum, each to T.
#pragma once
#include "functors.cuh"

namespace separable {

// bias: fp32 [channels]; skip: [rows, channels] or null, and may be y. low and high bound the activation as in NormAct.
template <class T> struct StoreActivated {
    T* y;
    const float* bias;
    const T* skip;
    int rows, channels;
    float low, high;

    __device__ __forceinline__ void operator()(int row, int channel, const Float8& v) const {
        if (row >= rows || channel >= channels) return;
        const int e = row * channels + channel;
        Float8 sum = clamp(v + load_readonly(bias + channel), low, high);
        if (skip != nullptr) sum += load(skip + e);
        store(y + e, sum);
    }
};

}  // namespace separable
