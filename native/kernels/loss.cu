// Softmax cross-entropy with label smoothing (PyTorch's), its gradient, and the top-1 and top-5 counts. One warp a row.
//   p = softmax(logits)    q = (1 - s) * (share * onehot(label) + (1 - share) * onehot(other)) + s / classes
//   loss = -sum q log p = log(sum exp(l - m)) - (1 - s) * (share * (l[label] - m) + (1 - share) * (l[other] - m))
//                         - s / classes * sum(l - m),   m = max l
//   dlogits = (p - q) / count, in fp16 times state.loss_scale, so that small gradients do not vanish on the way back
//
//   logits, dlogits  [rows, stride] in T, stride = classes rounded up to 8; `=`; surplus columns and rows >= state.count get 0
//   labels           [rows]; where rows are mixed [3, rows]: label, other, and share as the bits of an fp32, else share is 1. A
//                    label outside 0 .. classes - 1 is never used as an index: its loss and gradient are NaN
//   metrics          ring of StepMetrics; metrics[state.slot] `=`
//   partials         workspace, one StepMetrics a CTA; the last CTA to arrive (ticket) adds them in index order
// The rank of the label with the larger share (the first of equals) is the number of logits above it, or equal to it with a lower
// index. A row whose loss is NaN is not correct.
#include "fold.cuh"
#include "map.cuh"
#include "ptx.cuh"
#include "step_state.cuh"

namespace separable {

constexpr int LOSS_WARPS = 8;   // rows a CTA

struct LossProblem {
    int rows, classes, stride;
    float smoothing;
    int mixed;  // whether labels has three planes
};

// What a row should be.
struct Target {
    int label, other;
    float share;

    __device__ __forceinline__ bool known(int classes) const {
        return label >= 0 && label < classes && other >= 0 && other < classes;
    }
    __device__ __forceinline__ int heavier() const { return share >= 0.5f ? label : other; }
    __device__ __forceinline__ float of(int c) const { return (c == label ? share : 0.f) + (c == other ? 1.f - share : 0.f); }
};

__device__ __forceinline__ Target target_of(const int* labels, int row, const LossProblem& p) {
    if (!p.mixed) return Target{labels[row], labels[row], 1.f};
    return Target{labels[row], labels[p.rows + row], __int_as_float(labels[2 * p.rows + row])};
}

// The logits of the target by their shares, less m. Alone where it has all of the share: a class at -infinity is no NaN then.
template <class T>
__device__ __forceinline__ float pull_of(const T* logits, const Target& target, float maximum) {
    if (target.share == 1.f) return widen(logits[target.label]) - maximum;
    if (target.share == 0.f) return widen(logits[target.other]) - maximum;
    return target.share * (widen(logits[target.label]) - maximum) + (1.f - target.share) * (widen(logits[target.other]) - maximum);
}

// What one row adds to the metrics.
struct RowResult {
    float loss;
    int top1, top5;
};

// m = max over the row, and the sum of exp(l - m): in every lane.
template <class T>
__device__ __forceinline__ void softmax_denominator(const T* logits, const LossProblem& p, int lane, float& maximum,
                                                    float& denominator) {
    float m = -INFINITY, sum = 0.f;
    for (int c = lane * VEC; c < p.classes; c += 32 * VEC) {
        float v[VEC];
        load8(logits + c, v);
        UNROLL for (int k = 0; k < VEC; ++k) m = c + k < p.classes ? fmaxf(m, v[k]) : m;
    }
    m = warp_max(m);
    for (int c = lane * VEC; c < p.classes; c += 32 * VEC) {
        float v[VEC];
        load8(logits + c, v);
        UNROLL for (int k = 0; k < VEC; ++k) sum += c + k < p.classes ? expf(v[k] - m) : 0.f;
    }
    maximum = m;
    denominator = warp_sum(sum);
}

// Loss and rank of one row, valid in lane 0.
template <class T>
__device__ __forceinline__ RowResult judge_row(const T* logits, const Target& target, float maximum, float denominator,
                                               const LossProblem& p, int lane) {
    const bool known = target.known(p.classes);
    const int label = target.heavier();
    const float own = known ? widen(logits[label]) : NAN, pull = known ? pull_of(logits, target, maximum) : NAN;
    float sums[2] = {0.f, 0.f};   // of l - m; of the logits ranked before the label
    for (int c = lane * VEC; c < p.classes; c += 32 * VEC) {
        float v[VEC];
        load8(logits + c, v);
        UNROLL for (int k = 0; k < VEC; ++k) {
            const bool real = c + k < p.classes;
            const bool before = v[k] > own || (v[k] == own && c + k < label);
            sums[0] += real ? v[k] - maximum : 0.f;
            sums[1] += real && before ? 1.f : 0.f;
        }
    }
    warp_fold<1>(sums);
    RowResult r;
    r.loss = logf(denominator) - (1.f - p.smoothing) * pull;
    if (p.smoothing != 0.f) r.loss -= p.smoothing / (float)p.classes * sums[0];   // a class at -infinity is no NaN without it
    const bool defined = r.loss == r.loss;
    r.top1 = defined && sums[1] < 1.f;
    r.top5 = defined && sums[1] < 5.f;
    return r;
}

// What gradients are multiplied by so that T can hold them.
template <class T> __device__ __forceinline__ float scaled(float v, const StepState*) { return v; }
template <> __device__ __forceinline__ float scaled<f16>(float v, const StepState* state) { return v * state->loss_scale; }

// dlogits of one row; scale = scaled 1 / count, or NaN for a label out of range, or 0 for a row that does not count.
template <class T>
__device__ __forceinline__ void write_gradient(const T* logits, T* dlogits, const Target& target, float maximum,
                                               float denominator, float scale, const LossProblem& p, int lane) {
    const float spread = p.smoothing / (float)p.classes;
    for (int c = lane * VEC; c < p.stride; c += 32 * VEC) {
        float v[VEC];
        if (scale != 0.f) {
            load8(logits + c, v);
            UNROLL for (int k = 0; k < VEC; ++k) {
                const float wanted = spread + (1.f - p.smoothing) * target.of(c + k);
                v[k] = c + k < p.classes ? (expf(v[k] - maximum) / denominator - wanted) * scale : 0.f;
            }
        } else {
            zero8(v);
        }
        store8(dlogits + c, v);
    }
}

__device__ __forceinline__ StepMetrics sum_rows(const RowResult* results, int rows) {
    StepMetrics sum = {0.f, 0, 0, rows};
    for (int i = 0; i < rows; ++i) {
        sum.loss_sum += results[i].loss;
        sum.top1 += results[i].top1;
        sum.top5 += results[i].top5;
    }
    return sum;
}

// What the CTAs left, in index order. Written by other CTAs, so read past the L1 cache.
__device__ __forceinline__ StepMetrics sum_partials(const StepMetrics* partials, int parts) {
    StepMetrics sum = {0.f, 0, 0, 0};
    for (int i = 0; i < parts; ++i) {
        sum.loss_sum += __ldcg(&partials[i].loss_sum);
        sum.top1 += __ldcg(&partials[i].top1);
        sum.top5 += __ldcg(&partials[i].top5);
        sum.count += __ldcg(&partials[i].count);
    }
    return sum;
}

template <bool GRADIENT, class T>
__device__ __forceinline__ void softmax_cross_entropy(const T* logits, const int* labels, const StepState* state, T* dlogits,
                                                      StepMetrics* metrics, StepMetrics* partials, int* ticket,
                                                      const LossProblem& p) {
    __shared__ RowResult results[LOSS_WARPS];
    const int lane = threadIdx.x & 31, warp = threadIdx.x >> 5, first = (int)blockIdx.x * LOSS_WARPS;
    const int row = first + warp, count = max(0, min(state->count, p.rows));
    if (row < count) {
        const T* own_logits = logits + row * p.stride;
        const Target target = target_of(labels, row, p);
        float maximum, denominator;
        softmax_denominator(own_logits, p, lane, maximum, denominator);
        const RowResult result = judge_row(own_logits, target, maximum, denominator, p, lane);
        if (lane == 0) results[warp] = result;
        if (GRADIENT) {
            write_gradient(own_logits, dlogits + row * p.stride, target, maximum, denominator,
                           target.known(p.classes) ? scaled<T>(1.f / (float)count, state) : NAN, p, lane);
        }
    } else if (GRADIENT && row < p.rows) {
        write_gradient(logits, dlogits + row * p.stride, Target{}, 0.f, 1.f, 0.f, p, lane);
    }
    __syncthreads();
    if (threadIdx.x == 0) partials[blockIdx.x] = sum_rows(results, max(0, min(LOSS_WARPS, count - first)));
    if (!last_to_arrive(ticket, (int)gridDim.x)) return;
    if (threadIdx.x == 0) metrics[state->slot] = sum_partials(partials, (int)gridDim.x);
}

}  // namespace separable

#define LOSS_KERNELS(T, suffix)                                                                                          \
    extern "C" __global__ void __launch_bounds__(256)                                                                    \
    softmax_cross_entropy_train_##suffix(const T* logits, const int* labels, const separable::StepState* state,          \
                                         T* dlogits, separable::StepMetrics* metrics, separable::StepMetrics* partials,  \
                                         int* ticket, int rows, int classes, int stride, float smoothing, int mixed) {   \
        separable::softmax_cross_entropy<true>(logits, labels, state, dlogits, metrics, partials, ticket,                \
                                               separable::LossProblem{rows, classes, stride, smoothing, mixed});         \
    }                                                                                                                    \
    extern "C" __global__ void __launch_bounds__(256)                                                                    \
    softmax_cross_entropy_evaluate_##suffix(const T* logits, const int* labels, const separable::StepState* state,       \
                                            separable::StepMetrics* metrics, separable::StepMetrics* partials,           \
                                            int* ticket, int rows, int classes, int stride, float smoothing, int mixed) {\
        separable::softmax_cross_entropy<false>(logits, labels, state, (T*)nullptr, metrics, partials, ticket,           \
                                                separable::LossProblem{rows, classes, stride, smoothing, mixed});        \
    }                                                                                                                    \
    EXPORT_KERNEL(softmax_cross_entropy_train_##suffix);                                                                 \
    EXPORT_KERNEL(softmax_cross_entropy_evaluate_##suffix);

FOR_EACH_DTYPE(LOSS_KERNELS)
