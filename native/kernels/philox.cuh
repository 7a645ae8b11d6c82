// Philox4x32-10, the counter-based generator of Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as
// 1, 2, 3" (SC 2011): four random words are a pure function of a 128-bit counter and a 64-bit key. Nothing is stored, so a
// mask can be made again in the backward pass and a resumed run continues with the same bits.
#pragma once
#include "compat.cuh"

namespace separable {

// Who draws: kept in the top bits of the last counter word (a step never gets there), so that streams never overlap.
enum class Draw : unsigned { DROPOUT = 0u, AUGMENTATION = 1u << 30, INITIALISER = 2u << 30 };

__device__ __forceinline__ uint4 philox(uint4 counter, uint2 key) {
    for (int round = 0; round < 10; ++round) {
        const unsigned long long a = 0xD2511F53ull * counter.x;
        const unsigned long long b = 0xCD9E8D57ull * counter.z;
        counter = make_uint4((unsigned)(b >> 32) ^ counter.y ^ key.x, (unsigned)b,
                             (unsigned)(a >> 32) ^ counter.w ^ key.y, (unsigned)a);
        key.x += 0x9E3779B9u;
        key.y += 0xBB67AE85u;
    }
    return counter;
}

// The four words of one (index, salt, step) of a stream.
__device__ __forceinline__ uint4 random_words(Draw draw, unsigned index, unsigned salt, unsigned long long step,
                                              unsigned long long seed) {
    return philox(make_uint4(index, salt, (unsigned)step, (unsigned)(step >> 32) | (unsigned)draw),
                  make_uint2((unsigned)seed, (unsigned)(seed >> 32)));
}

// (0, 1]: never 0, so that its logarithm is finite.
__device__ __forceinline__ float unit_interval(unsigned word) { return (float)word * 0x1p-32f + 0x1p-33f; }

// One of 0 .. choices - 1.
__device__ __forceinline__ int uniform_below(unsigned word, int choices) {
    return (int)((unsigned long long)word * (unsigned)choices >> 32);
}

}  // namespace separable
