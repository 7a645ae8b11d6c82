// Inverted dropout: v / (1 - rate) where kept, else 0; forward and backward alike.
// Element e of a tensor is dropped when word e % 4 of philox(index e / 4, salt, state.step; state.seed) is below `threshold` =
// rate * 2^32. e counts stored elements, surplus channels included. `state` null: nothing is dropped, and nothing scaled.
#pragma once
#include "philox.cuh"
#include "step_state.cuh"
#include "vec.cuh"

namespace separable {

struct DropoutMask {
    const StepState* state;
    unsigned threshold;
    float scale;
    int salt;

    // Puts the mask on v, the eight elements from 8 * vector on (an array or a Float8), which it does not round.
    template <class V> __device__ __forceinline__ void apply(int vector, V& v) const {
        if (!state) return;
        const uint4 lo = random_words(Draw::DROPOUT, (unsigned)vector * 2u, (unsigned)salt, state->step, state->seed);
        const uint4 hi = random_words(Draw::DROPOUT, (unsigned)vector * 2u + 1u, (unsigned)salt, state->step, state->seed);
        const unsigned words[VEC] = {lo.x, lo.y, lo.z, lo.w, hi.x, hi.y, hi.z, hi.w};
        UNROLL for (int k = 0; k < VEC; ++k) v[k] = words[k] < threshold ? 0.f : v[k] * scale;
    }
};

}  // namespace separable
