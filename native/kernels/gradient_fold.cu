// One launch for all weight gradients of a step whose CTAs left their parts apart: for every entry of a table
//
//     gradient[e] = sum over p of partials[p][e]          added from zero, p ascending: the same bits from run to run
//
// partials: fp32 [parts][elements], elements a multiple of eight; gradient: fp32 [elements], written with `=`.
// grid: one CTA for VEC * FOLDING_THREADS elements of an entry, entries one after the other; first_block: that of the entry's first CTA.
#include "float8.cuh"

namespace separable {

struct FoldEntry {
    const float* partials;
    float* gradient;
    int parts, elements, first_block, unused;
};

// Threads of a CTA, each for VEC neighbouring elements: GradientFold.THREADS.
constexpr int FOLDING_THREADS = 128;

// The last entry that begins at or before `block`: the entries lie in order of their blocks, the first begins at 0.
__device__ __forceinline__ int entry_of(const FoldEntry* table, int entries, int block) {
    int low = 0, high = entries;
    while (high - low > 1) {
        const int middle = (low + high) / 2;
        if (table[middle].first_block <= block) low = middle; else high = middle;
    }
    return low;
}

__device__ __forceinline__ void gradient_fold(const FoldEntry* table, int entries) {
    const FoldEntry entry = table[entry_of(table, entries, (int)blockIdx.x)];
    const int e = (((int)blockIdx.x - entry.first_block) * FOLDING_THREADS + (int)threadIdx.x) * VEC;
    if (e >= entry.elements) return;
    const float* part = entry.partials + e;
    Float8 sum = broadcast(0.f);
    // Unrolled, the loads of several parts are on their way at once; the additions stay in order.
#ifdef __CUDACC__
#pragma unroll 4
#endif
    for (int p = 0; p < entry.parts; ++p, part += entry.elements) sum += load_readonly(part);
    store(entry.gradient + e, sum);
}

}  // namespace separable

extern "C" __global__ void __launch_bounds__(separable::FOLDING_THREADS)
gradient_fold(const separable::FoldEntry* table, int entries) {
    separable::gradient_fold(table, entries);
}
EXPORT_KERNEL(gradient_fold);
