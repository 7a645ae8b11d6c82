// What changes from step to step, in device memory, so that one captured graph serves a whole run.
// The host's twin is separable.kernel.StepState.
#pragma once
#include "compat.cuh"

namespace separable {

struct StepState {
    unsigned long long seed;   // key of every random stream
    unsigned long long step;   // batches done since the run began
    int position;              // first entry of the epoch's order array in this batch
    int count;                 // valid samples in this batch; rows from here on are ignored
    int slot;                  // entry of the metrics ring that this step writes
    int total;                 // entries of the order array
    float learning_rate;
    int batch;                 // rows of a full batch
    unsigned long long updates;   // of the weights since the run began: fewer than batches where gradients are accumulated
    float gradient_scale;         // what updates multiply gradients by: 1, or less where they are clipped or the loss is scaled
    float loss_scale;             // what the loss multiplies dlogits by in fp16: a power of two
    int good_steps;               // since loss_scale changed, or a step was skipped
    int skips;                    // whether this step leaves weights, optimizer and averages as they are: 0 or 1
    unsigned long long skipped;   // steps since the run began
};
static_assert(sizeof(StepState) == 72, "the host writes 72 bytes");

// What the loss leaves behind for one step.
struct StepMetrics {
    float loss_sum;   // over the valid samples
    int top1, top5;   // valid samples whose label ranks first, among the first five
    int count;        // valid samples
};
static_assert(sizeof(StepMetrics) == 16, "the host reads 16 bytes a slot");

}  // namespace separable
