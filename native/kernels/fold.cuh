// The tail of every reduction: each CTA writes its partial results, the one that arrives last folds them in index order.
// No float atomics: the order of the additions is fixed, so the bits are too, and nobody waits for anybody.
#pragma once
#include "float8.cuh"

namespace separable {

// True in every thread of the CTA that is the last of `parts` to call this for `ticket`. Its threads may then read the
// partial results of all of them (through __ldcg). The ticket is zero before the first use and zero again afterwards.
// Contains barriers: every thread of the CTA calls it.
__device__ __forceinline__ bool last_to_arrive(int* ticket, int parts) {
    __shared__ int is_last;
    __syncthreads();
    if (threadIdx.x == 0 && threadIdx.y == 0) {
        __threadfence();  // behind the barrier one thread's fence orders what all of them wrote
        is_last = atomicAdd(ticket, 1) == parts - 1;
        if (is_last) *ticket = 0;
        __threadfence();  // and what others wrote before their tickets comes before what is read from here on
    }
    __syncthreads();
    return is_last != 0;
}

// Threads of a CTA that only folds columns: at most this many (ColumnGrid.REDUCTION_THREADS). Few, because the emulated device
// pays for every thread at every barrier.
constexpr int FOLD_THREADS = 64;

// Eight floats that other CTAs of this launch wrote: past the first-level cache.
__device__ __forceinline__ Float8 load_partial(const float* p) {
    const float4 lo = __ldcg(reinterpret_cast<const float4*>(p));
    const float4 hi = __ldcg(reinterpret_cast<const float4*>(p) + 1);
    Float8 r;
    r[0] = lo.x; r[1] = lo.y; r[2] = lo.z; r[3] = lo.w;
    r[4] = hi.x; r[5] = hi.y; r[6] = hi.z; r[7] = hi.w;
    return r;
}

// What can be folded: an empty value, merge, and its form in the workspace (FLOATS floats).

// Sums of eight channels.
struct Sum8 {
    static constexpr int FLOATS = VEC;
    Float8 sum;

    static __device__ __forceinline__ Sum8 empty() { return Sum8{broadcast(0.f)}; }
    __device__ __forceinline__ void merge(const Sum8& other) { sum += other.sum; }
    __device__ __forceinline__ void write(float* p) const { store(p, sum); }
    static __device__ __forceinline__ Sum8 read(const float* p) { return Sum8{load_partial(p)}; }
};

// Count, mean and sum of squared deviations of eight channels. The count is the same for all of them. The mean is kept as its
// distance from a pivot, one of the values: as one large number it would lose what tells it from the others.
struct Moments8 {
    static constexpr int FLOATS = 4 * VEC;
    Float8 pivot, offset, m2, count;

    static __device__ __forceinline__ Moments8 empty() {
        return Moments8{broadcast(0.f), broadcast(0.f), broadcast(0.f), broadcast(0.f)};
    }

    __device__ __forceinline__ Float8 mean() const { return pivot + offset; }

    // Chan's pairwise update: exact counts, no cancellation however far the mean lies from zero.
    __device__ __forceinline__ void merge(const Moments8& other) {
        const float n = count[0], m = other.count[0];
        if (m == 0.f) return;
        if (n == 0.f) {
            *this = other;
            return;
        }
        const float share = m / (n + m);
        const Float8 delta = (other.pivot - pivot) + (other.offset - offset);
        offset = multiply_add(share, delta, offset);
        m2 = multiply_add(delta * (n * share), delta, m2 + other.m2);
        count = broadcast(n + m);
    }

    __device__ __forceinline__ void write(float* p) const {
        store(p, pivot);
        store(p + VEC, offset);
        store(p + 2 * VEC, m2);
        store(p + 3 * VEC, count);
    }

    static __device__ __forceinline__ Moments8 read(const float* p) {
        return Moments8{load_partial(p), load_partial(p + VEC), load_partial(p + 2 * VEC), load_partial(p + 3 * VEC)};
    }
};

// Sums values of eight channels around `pivot`, the first of them, so that a large mean costs no digits.
struct PivotedSum8 {
    Float8 pivot, s1, s2;
    int count;

    static __device__ __forceinline__ PivotedSum8 empty() {
        return {broadcast(0.f), broadcast(0.f), broadcast(0.f), 0};
    }

    __device__ __forceinline__ void add(const Float8& v) {
        if (count == 0) pivot = v;
        const Float8 d = v - pivot;
        s1 += d;
        s2 = multiply_add(d, d, s2);
        ++count;
    }

    __device__ __forceinline__ Moments8 moments() const {
        if (count == 0) return Moments8::empty();
        const float n = (float)count;
        const Float8 shift = s1 * (1.f / n);
        return Moments8{pivot, shift, at_least_zero(multiply_add(s1 * -1.f, shift, s2)), broadcast(n)};
    }
};

// Folds over the lanes of a CTA. Thread t belongs to column t % columns and lane t / columns and brings VALUES values of E;
// sink(k, column, total) is called once for each value k of each column, by any one thread, with the lanes merged in order.
// Threads that are left over after whole lanes bring nothing. slots: [VALUES][blockDim.x]. Contains a barrier: every thread of
// the CTA calls it, and another barrier lies between two calls.
template <int VALUES, class E, class Sink>
__device__ __forceinline__ void fold_lanes(E* slots, const E (&mine)[VALUES], int columns, Sink sink) {
    const int threads = (int)blockDim.x;
    UNROLL_FLOAT8 for (int k = 0; k < VALUES; ++k) slots[k * threads + (int)threadIdx.x] = mine[k];
    __syncthreads();
    for (int item = (int)threadIdx.x; item < VALUES * columns; item += threads) {
        const int k = item / columns, column = item % columns;
        const E* slot = slots + k * threads + column;
        E total = slot[0];
        for (int lane = columns; lane + columns <= threads; lane += columns) total.merge(slot[lane]);
        sink(k, column, total);
    }
}

// Which of `parts` CTAs over the same columns this one is. `columns` vectors from `first` on, of `vectors` in a row.
struct FoldPlace { int part, parts, first, columns, vectors; };

// Folds over lanes and then over CTAs; tail(k, vector, total) runs in the CTA that arrives last.
//   mine      this thread's VALUES partial results (see fold_lanes for who owns what)
//   partials  [parts][VALUES][vectors][E::FLOATS], any content before and after; not used by a single CTA, nor the ticket
//   ticket    one integer for these columns, zero before and after
//   slots     [VALUES][blockDim.x] in shared memory, which no other thread uses any more
template <int VALUES, class E, class Tail>
__device__ __forceinline__ void fold_ctas_in(E* slots, E (&mine)[VALUES], float* partials, int* ticket, const FoldPlace& at, Tail tail) {
    auto partial = [&](int part, int k, int vector) {
        return partials + (size_t)((part * VALUES + k) * at.vectors + vector) * E::FLOATS;
    };
    if (at.parts > 1) {
        fold_lanes(slots, mine, at.columns, [&](int k, int column, const E& total) {
            if (at.first + column < at.vectors) total.write(partial(at.part, k, at.first + column));
        });
        if (!last_to_arrive(ticket, at.parts)) return;

        // Every lane merges a run of neighbouring parts, then the lanes are folded as before.
        const int lanes = (int)blockDim.x / at.columns, lane = (int)threadIdx.x / at.columns;
        const int vector = at.first + (int)threadIdx.x % at.columns;
        const int run = (at.parts + lanes - 1) / lanes;
        UNROLL_FLOAT8 for (int k = 0; k < VALUES; ++k) mine[k] = E::empty();
        if (vector < at.vectors) {
            for (int part = lane * run; part < at.parts && part < (lane + 1) * run; ++part) {
                UNROLL_FLOAT8 for (int k = 0; k < VALUES; ++k) mine[k].merge(E::read(partial(part, k, vector)));
            }
        }
    }
    fold_lanes(slots, mine, at.columns, [&](int k, int column, const E& total) {
        if (at.first + column < at.vectors) tail(k, at.first + column, total);
    });
}

// The same with slots of its own. THREADS: of the CTA, at most.
template <int THREADS = FOLD_THREADS, int VALUES, class E, class Tail>
__device__ __forceinline__ void fold_ctas(E (&mine)[VALUES], float* partials, int* ticket, const FoldPlace& at, Tail tail) {
    __shared__ E slots[VALUES * THREADS];
    fold_ctas_in(slots, mine, partials, ticket, at, tail);
}

}  // namespace separable
