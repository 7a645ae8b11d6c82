// The parts that every kernel is made of besides its core: what it makes of eight channels when it loads them, what it does
// with eight finished ones, and what a CTA does at the end. The cores (gemm_f32.cuh, gemm_tensor.cuh, the depthwise ones,
// map_columns) are templates over these and know nothing else of the tensors on either side. The convolutions are instantiated
// on RawLoad, StoreRows and, but for the split products (gemm_split.cuh), NoTail.
//
//   Load    using Element = T, the type of the tensor; at(channel) gives the reader of the eight channels from `channel` on, a
//           multiple of eight; a reader's operator()(int element) gives the eight values that begin at `element` of the tensor.
//           They are such as a T can hold: a value made on load equals the one that a kernel before would have stored. Those
//           that a Matrix or a depthwise walk reads have prefetch(long long element) too, for what they are made of.
//   Store   operator()(int row, int channel, const Float8& v): eight sums before they are rounded to what is stored. A ragged
//           tile has rows and channels beyond the end of the output; the Store leaves those out. The core keeps one Store a
//           thread, which may gather as it stores.
//   Tail    operator()(const Store& store): called once by every thread of the CTA, after the thread's last store. A Tail that
//           folds what the Stores gathered needs threads that lie as fold_lanes says: those of the matrix products and of
//           map_columns do.
#pragma once
#include "fold.cuh"

namespace separable {

// A tensor as it is. The kernel must not write it: the loads may take the path for read-only memory.
template <class T> struct RawLoad {
    using Element = T;
    const T* x;
    __device__ __forceinline__ RawLoad at(int /*channel*/) const { return *this; }
    __device__ __forceinline__ Float8 operator()(int e) const { return load_readonly(x + e); }
    __device__ __forceinline__ void prefetch(long long e) const { prefetch_line(x + e); }
};

// x + bias, in fp32: only for a Store that rounds. x may be the tensor that is written.
template <class T> struct BiasLoad {
    struct Reader {
        const T* x;
        Float8 bias;
        __device__ __forceinline__ Float8 operator()(int e) const { return load(x + e) + bias; }
    };

    const T* x;
    const float* bias;
    __device__ __forceinline__ Reader at(int channel) const { return {x, load(bias + channel)}; }
};

// Batch normalisation and activation of one value, for the value and for the mask of its gradient alike: they must not
// differ by a bit. low and high bound the activation: -inf, inf (none); 0, inf (ReLU); 0, 6 (ReLU6).
struct NormAct {
    Float8 mean, scale, beta;  // scale = gamma / sqrt(variance + epsilon)
    float low, high;

    // In two steps: x * scale + (beta - mean * scale) loses digits when the mean is large.
    __device__ __forceinline__ Float8 operator()(const Float8& x) const {
        return clamp(multiply_add(x - mean, scale, beta), low, high);
    }

    // The gradient at the output of the normalisation: dy where the activation a reader of T sees lies strictly inside its
    // bounds, else 0. Exact: it needs no rounding when dy comes from T.
    template <class T> __device__ __forceinline__ Float8 masked(const Float8& x, const Float8& dy) const {
        return where_inside(dy, rounded<T>((*this)(x)), low, high);
    }
};

// The parameters of a batch normalisation over `channels` channels; stats: [2][channels], mean and variance.
struct ChannelNorms {
    const float *stats, *gamma, *beta;
    int channels;
    float epsilon, low, high;

    __device__ __forceinline__ NormAct at(int channel) const {
        const Float8 inverse = inverse_deviation(load(stats + channels + channel), epsilon);
        return {load(stats + channel), load(gamma + channel) * inverse, load(beta + channel), low, high};
    }
};

// act(BN(x)), rounded as a store would: the consumer of a stored activation and one that applies it on load see the same.
// x may be the tensor that is written.
template <class T> struct BnActLoad {
    using Element = T;
    struct Reader {
        const T* x;
        NormAct norm;
        __device__ __forceinline__ Float8 operator()(int e) const { return rounded<T>(norm(load(x + e))); }
    };

    const T* x;
    ChannelNorms norm;
    __device__ __forceinline__ Reader at(int channel) const { return {x, norm.at(channel)}; }
};

// The gradient at the input of the normalisation from g, the one at its output: scale * (g - c0 - (x - mean) * c1), with n rows,
//   c0 = dbeta / n,  c1 = dgamma / (n * sqrt(variance + epsilon)).
// Rounded as a store would.
struct NormGradient {
    Float8 mean, scale, c0, c1;
    template <class T> __device__ __forceinline__ Float8 at(const Float8& x, const Float8& g) const {
        return rounded<T>(scale * multiply_add(mean - x, c1, g - c0));
    }
};

// g may be the tensor that is written.
template <class T> struct BnBackwardLoad {
    using Element = T;
    struct Reader {
        const T *x, *g;
        NormGradient gradient;
        __device__ __forceinline__ Float8 operator()(int e) const { return gradient.at<T>(load(x + e), load(g + e)); }
    };

    const T *x, *g;
    const float *stats, *gamma, *dgamma, *dbeta;
    int rows, channels;
    float epsilon;

    __device__ __forceinline__ Reader at(int channel) const {
        const Float8 inverse = inverse_deviation(load(stats + channels + channel), epsilon);
        const float per_row = 1.f / (float)rows;
        return {x, g, {load(stats + channel), load(gamma + channel) * inverse, product(load(dbeta + channel), per_row),
                       load(dgamma + channel) * per_row * inverse}};
    }
};

// A matrix [rows, channels], channels a multiple of eight, rounded once to T.
template <class T> struct StoreRows {
    T* y;
    int rows, channels;
    __device__ __forceinline__ bool has(int row, int channel) const { return row < rows && channel < channels; }
    __device__ __forceinline__ void operator()(int row, int channel, const Float8& v) const {
        if (has(row, channel)) store(y + row * channels + channel, v);
    }
};

// Stores nothing and adds up what it gets; for cores without ragged tiles (map_columns).
struct SumRows {
    Float8 sum;
    __device__ __forceinline__ void operator()(int /*row*/, int /*channel*/, const Float8& v) { sum += v; }
};

// What the batch leaves of its normalisation: statistics [2][channels], mean and biased variance, with `=`; running [2][channels]
// moves towards mean and unbiased variance by `momentum`. A single row counts its variance of 0 as it is.
__device__ __forceinline__ void write_statistics(const Moments8& total, float* stats, float* running, int channel, int channels,
                                                 float momentum) {
    const float n = total.count[0];
    const Float8 batch_mean = total.mean();
    store(stats + channel, batch_mean);
    store(stats + channels + channel, total.m2 * (1.f / n));
    const Float8 unbiased = total.m2 * (1.f / fmaxf(n - 1.f, 1.f));
    const Float8 mean = load(running + channel), var = load(running + channels + channel);
    store(running + channel, multiply_add(momentum, batch_mean - mean, mean));
    store(running + channels + channel, multiply_add(momentum, unbiased - var, var));
}

struct NoTail {
    template <class Store> __device__ __forceinline__ void operator()(const Store&) const {}
};

// Folds the `sum` of the Stores of all CTAs (see fold_ctas for its terms) and writes sums[channel], fp32.
template <int THREADS = FOLD_THREADS> struct FoldSums {
    float* sums;
    float* partials;
    int* ticket;
    FoldPlace place;

    template <class Store> __device__ __forceinline__ void operator()(const Store& store_) const {
        Sum8 mine[1] = {{store_.sum}};
        fold_ctas<THREADS>(mine, partials, ticket, place,
                  [&](int, int vector, const Sum8& total) { store(sums + vector * VEC, total.sum); });
    }
};

}  // namespace separable
