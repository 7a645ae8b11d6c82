// Moves the step state on to the next step: one thread, the last launch of a training step.
//   state          one StepState, updated in place
//   learning_rates [table_length] fp32, one entry a step; the last one holds for ever after
#include "step_state.cuh"

extern "C" __global__ void __launch_bounds__(32)
step_advance(separable::StepState* state, const float* learning_rates, int table_length) {
    if (blockIdx.x != 0 || threadIdx.x != 0) return;
    separable::StepState s = *state;
    s.step += 1;
    s.slot += 1;
    s.position += s.batch;
    s.count = max(0, min(s.batch, s.total - s.position));
    const unsigned long long last = (unsigned long long)(table_length - 1);
    s.learning_rate = learning_rates[s.step < last ? s.step : last];
    *state = s;
}
EXPORT_KERNEL(step_advance);
