// Moves the step state on: one thread.
//   step_next_batch  to the next batch, after one that the weights are not updated after
//   step_advance     to the next batch and the next update, or over a skipped one: the last launch of a training step
//   state            one StepState, updated in place
//   learning_rates   [table_length] fp32, one entry a step, skipped or not; the last one holds for ever after
#include "step_state.cuh"

namespace separable {

__device__ __forceinline__ StepState next_batch(StepState s) {
    s.step += 1;
    s.slot += 1;
    s.position += s.batch;
    s.count = max(0, min(s.batch, s.total - s.position));
    return s;
}

}  // namespace separable

extern "C" __global__ void __launch_bounds__(32) step_next_batch(separable::StepState* state) {
    if (blockIdx.x == 0 && threadIdx.x == 0) *state = separable::next_batch(*state);
}
EXPORT_KERNEL(step_next_batch);

extern "C" __global__ void __launch_bounds__(32)
step_advance(separable::StepState* state, const float* learning_rates, int table_length) {
    if (blockIdx.x != 0 || threadIdx.x != 0) return;
    separable::StepState s = separable::next_batch(*state);
    if (s.skips) s.skipped += 1; else s.updates += 1;
    s.skips = 0;
    const unsigned long long done = s.updates + s.skipped, last = (unsigned long long)(table_length - 1);
    s.learning_rate = learning_rates[done < last ? done : last];
    *state = s;
}
EXPORT_KERNEL(step_advance);
