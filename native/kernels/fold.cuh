// The tail of every reduction: each CTA writes its partial results, the one that arrives last folds them in index order.
// No float atomics: the order of the additions is fixed, so the bits are too, and nobody waits for anybody.
#pragma once
#include "compat.cuh"

namespace separable {

// True in every thread of the CTA that is the last of `parts` to call this for `ticket`. Its threads may then read the
// partial results of all of them (through __ldcg). The ticket is zero before the first use and zero again afterwards.
// Contains barriers: every thread of the CTA calls it.
__device__ __forceinline__ bool last_to_arrive(int* ticket, int parts) {
    __shared__ int is_last;
    __threadfence();
    __syncthreads();
    if (threadIdx.x == 0 && threadIdx.y == 0) {
        is_last = atomicAdd(ticket, 1) == parts - 1;
        if (is_last) *ticket = 0;
    }
    __syncthreads();
    __threadfence();
    return is_last != 0;
}

// Count, mean and sum of squared deviations of a set of values.
struct Moments {
    float n, mean, m2;

    // Chan's pairwise update: exact counts, no cancellation however far the mean lies from zero.
    __device__ __forceinline__ void merge(const Moments& other) {
        if (other.n == 0.f) return;
        const float total = n + other.n;
        const float delta = other.mean - mean;
        mean += delta * (other.n / total);
        m2 += other.m2 + delta * delta * (n * other.n / total);
        n = total;
    }
};

// Collects values of one channel around the first one seen, so that a large mean costs no digits.
struct PivotedSum {
    float pivot, s1, s2;
    int n;

    __device__ __forceinline__ void clear() { pivot = s1 = s2 = 0.f; n = 0; }

    __device__ __forceinline__ void add(float v) {
        if (n == 0) pivot = v;
        const float d = v - pivot;
        s1 += d;
        s2 += d * d;
        ++n;
    }

    __device__ __forceinline__ Moments moments() const {
        if (n == 0) return Moments{0.f, 0.f, 0.f};
        const float count = (float)n;
        return Moments{count, pivot + s1 / count, fmaxf(s2 - s1 * s1 / count, 0.f)};
    }
};

}  // namespace separable
