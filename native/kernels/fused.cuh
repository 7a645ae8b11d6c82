// What the fused schedule puts around the cores: loads that normalise what a convolution left raw, stores that gather the sums
// of the next reduction, and tails that fold them and leave them as a table for the consumers. (Terms: functors.cuh.)
//
//   Y  raw output of a convolution, all that is stored of a layer    A  = act(BN(Y)), made on load    X  a residual sum, stored
//   G  gradient at the output of a normalisation, behind its activation's mask                        dY gradient of Y, made on load
//
//   statistics  fp32 [4][channels]: mean, biased variance, scale = gamma / sqrt(variance + epsilon), beta
//   sums        fp32 [2][channels]: c0 = dbeta / n, c1 = dgamma / (n * sqrt(variance + epsilon))
//
// Every value is rounded where the plain schedule stores it, so that both schedules agree to the bit if they fold alike. A
// kernel whose output is reduced is persistent: its CTAs share the rows in contiguous ranges, a thread keeps its channels.
#pragma once
#include "functors.cuh"

// Loops that wait for memory: on a GPU four rounds at once, so that their loads are under way together.
#ifdef __CUDACC__
#define UNROLL_4 _Pragma("unroll 4")
#else
#define UNROLL_4
#endif

namespace separable {

// The contiguous share of `tiles` that CTA `part` of `parts` takes.
struct TileRange {
    int first, last;
    __device__ __forceinline__ TileRange(int tiles, int part, int parts) {
        const int share = (tiles + parts - 1) / parts;
        first = min(part * share, tiles);
        last = min(first + share, tiles);
    }
};

// A batch normalisation and its activation as its producer left them.
struct NormTable {
    const float* statistics;
    int channels;
    float low, high;

    __device__ __forceinline__ NormAct at(int channel) const {
        const float* const row = statistics + channel;
        return {load_readonly(row), load_readonly(row + 2 * channels), load_readonly(row + 3 * channels), low, high};
    }
};

// A = act(BN(y)).
template <class T> struct NormLoad {
    using Element = T;
    struct Reader {
        const T* y;
        NormAct norm;
        __device__ __forceinline__ Float8 operator()(int e) const { return rounded<T>(norm(load_readonly(y + e))); }
    };

    const T* y;
    NormTable norm;
    __device__ __forceinline__ Reader at(int channel) const { return {y, norm.at(channel)}; }
    __device__ __forceinline__ void prefetch(long long e) const { prefetch_line(y + e); }
};

// X = BN(y) + skip, the skip through a load of its own (RawLoad: a stored X; NormLoad: the output of a normalisation). Stored to
// `sum` unless that is null: of the CTAs that read the same rows, one does.
template <class T, class Skip> struct SumLoad {
    using Element = T;
    using SkipReader = decltype(Skip().at(0));
    struct Reader {
        typename NormLoad<T>::Reader branch;
        SkipReader skip;
        T* sum;
        __device__ __forceinline__ Float8 operator()(int e) const {
            const Float8 v = rounded<T>(branch(e) + skip(e));
            if (sum) store(sum + e, v);
            return v;
        }
    };

    NormLoad<T> branch;
    Skip skip;
    T* sum;
    __device__ __forceinline__ Reader at(int channel) const { return {branch.at(channel), skip.at(channel), sum}; }
    __device__ __forceinline__ void prefetch(long long e) const {
        branch.prefetch(e);
        skip.prefetch(e);
    }
};

// The coefficients of dY.
struct NormGradientTable {
    const float *statistics, *sums;
    int channels;

    __device__ __forceinline__ NormGradient at(int channel) const {
        return {load_readonly(statistics + channel), load_readonly(statistics + 2 * channels + channel), load_readonly(sums + channel),
                load_readonly(sums + channels + channel)};
    }
};

// dY from G and Y.
template <class T> struct GradientLoad {
    using Element = T;
    struct Reader {
        const T *g, *y;
        NormGradient gradient;
        __device__ __forceinline__ Float8 operator()(int e) const {
            return gradient.template at<T>(load_readonly(y + e), load_readonly(g + e));
        }
    };

    const T *g, *y;
    NormGradientTable table;
    __device__ __forceinline__ Reader at(int channel) const { return {g, y, table.at(channel)}; }
    __device__ __forceinline__ void prefetch(long long e) const {
        prefetch_line(g + e);
        prefetch_line(y + e);
    }
};

// G behind a mean over `pixels` pixels of an image, from dp: [images][channels], the gradient of the mean.
template <class T> struct PoolGradient {
    const T *dp, *y;
    int pixels, channels;
    float share;

    __device__ __forceinline__ PoolGradient(const T* of_mean, const T* raw, int pixels_, int channels_)
        : dp(of_mean), y(raw), pixels(pixels_), channels(channels_), share(1.f / (float)pixels_) {}

    // Of every pixel of an image, before the mask.
    __device__ __forceinline__ Float8 of_image(int image, int channel) const {
        return rounded<T>(product(load_readonly(dp + image * channels + channel), share));
    }
};

// Stores Y and gathers its statistics.
template <class T> struct StoreStatistics {
    StoreRows<T> rows;
    PivotedSum8 sum;

    __device__ __forceinline__ explicit StoreStatistics(const StoreRows<T>& to) : rows(to), sum(PivotedSum8::empty()) {}

    __device__ __forceinline__ void operator()(int row, int channel, const Float8& v) {
        if (!rows.has(row, channel)) return;
        rows(row, channel, v);
        sum.add(rounded<T>(v));
    }
};

// Folds what the StoreStatistics of all CTAs gathered and writes `statistics` with `=`; `running` moves. Without gamma only the
// two rows of the plain schedule.
template <int THREADS> struct FoldStatistics {
    const float *gamma, *beta;
    float *statistics, *running, *partials;
    int* ticket;
    FoldPlace place;
    int channels;
    float epsilon, momentum;

    using Slot = Moments8;
    static constexpr int SLOTS = THREADS;

    template <class Store> __device__ __forceinline__ void operator()(const Store& gathered) const {
        __shared__ Slot slots[SLOTS];
        fold(gathered, slots);
    }

    // With slots in shared memory that the kernel no longer uses otherwise, as fold_ctas_in wants them.
    template <class Store> __device__ __forceinline__ void fold(const Store& gathered, Slot* slots) const {
        Moments8 mine[1] = {gathered.sum.moments()};
        fold_ctas_in(slots, mine, partials, ticket, place, [&](int, int vector, const Moments8& total) {
            const int channel = vector * VEC;
            write_statistics(total, statistics, running, channel, channels, momentum);
            if (!gamma) return;
            // Rounded as it is stored, for plain kernels load it: a product would join the addition of epsilon unrounded.
            const Float8 variance = multiply_add(total.m2, broadcast(1.f / total.count[0]), broadcast(0.f));
            const Float8 inverse = inverse_deviation(variance, epsilon);
            store(statistics + 2 * channels + channel, load(gamma + channel) * inverse);
            store(statistics + 3 * channels + channel, load(beta + channel));
        });
    }
};

// Stores G = mask(dx + skip) of the normalisation before, whose raw input is y, and gathers what its own gradients need. For one
// channel vector of one thread. skip may be null, or the tensor that is written; y must not be written.
template <class T> struct StoreGradient {
    StoreRows<T> g;
    const T *y, *skip;
    NormAct norm;
    Float8 sum_g, sum_gx;

    __device__ __forceinline__ StoreGradient(const StoreRows<T>& to, const T* raw, const T* added, const NormAct& of)
        : g(to), y(raw), skip(added), norm(of), sum_g(broadcast(0.f)), sum_gx(broadcast(0.f)) {}

    __device__ __forceinline__ void operator()(int row, int channel, const Float8& dx) {
        if (!g.has(row, channel)) return;
        const int e = row * g.channels + channel;
        take(row, channel, dx, load_readonly(y + e), skip ? load(skip + e) : broadcast(0.f));
    }

    // For who has read the element's y, and skip where there is one, already.
    __device__ __forceinline__ void take(int row, int channel, const Float8& dx, const Float8& value, const Float8& added) {
        Float8 sum = rounded<T>(dx);
        if (skip) sum = rounded<T>(added + sum);
        const Float8 gradient = norm.masked<T>(value, sum);
        g(row, channel, gradient);
        sum_g += gradient;
        sum_gx = multiply_add(gradient, value - norm.mean, sum_gx);
    }
};

// The same sums of a G that its caller stores, or nobody: of G, and of G times the distance of Y from its mean.
template <class T> struct SumGradient {
    Float8 sum_g, sum_gx;
    __device__ __forceinline__ SumGradient() : sum_g(broadcast(0.f)), sum_gx(broadcast(0.f)) {}
    __device__ __forceinline__ void add(const Float8& gradient, const Float8& distance) {
        sum_g += gradient;
        sum_gx = multiply_add(gradient, distance, sum_gx);
    }
};

// Folds what StoreGradient or SumGradient of all CTAs gathered: writes dgamma, dbeta and `sums` with `=`, sums
// unless it is null. rows: n.
template <int THREADS> struct FoldGradientSums {
    const float* statistics;
    float *dgamma, *dbeta, *sums, *partials;
    int* ticket;
    FoldPlace place;
    int rows, channels;
    float epsilon;

    using Slot = Sum8;
    static constexpr int SLOTS = 2 * THREADS;

    template <class Store> __device__ __forceinline__ void operator()(const Store& gathered) const {
        __shared__ Slot slots[SLOTS];
        fold(gathered, slots);
    }

    // As FoldStatistics::fold.
    template <class Store> __device__ __forceinline__ void fold(const Store& gathered, Slot* slots) const {
        Sum8 mine[2] = {{gathered.sum_g}, {gathered.sum_gx}};
        fold_ctas_in(slots, mine, partials, ticket, place, [&](int k, int vector, const Sum8& total) { finish(k, vector, total); });
    }

    // Writes what sum number k, of g (0) or of g times the distance from the mean (1), is for.
    __device__ __forceinline__ void finish(int k, int vector, const Sum8& total) const {
        const float per_row = 1.f / (float)rows;
        const int channel = vector * VEC;
        if (k == 0) {
            store(dbeta + channel, total.sum);
            if (sums) store(sums + channel, total.sum * per_row);
        } else {
            const Float8 inverse = inverse_deviation(load_readonly(statistics + channels + channel), epsilon);
            const Float8 gradient = total.sum * inverse;
            store(dgamma + channel, gradient);
            if (sums) store(sums + channels + channel, gradient * per_row * inverse);
        }
    }
};

}  // namespace separable
