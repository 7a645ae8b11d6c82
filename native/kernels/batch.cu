// One batch from a data set that lies on the device: gather, crop, flip, resample, normalise. What more is drawn: augment.cu.
//   images      see picture.cuh
//   labels      i32 [samples], by sample
//   order       i32, the epoch's sample indices; row i of the batch is sample order[state.position + i]
//   x           [batch, oh, ow, 8] in T, `=`; channel k normalised, the surplus channels 0
//   labels_out  i32 [batch], `=`
// Rows >= state.count are all zero, with label 0. The window (window_h x window_w from top, left) fills the output: copied exactly
// where it has the output's size, else resampled bilinearly. Then, if crop_padding or flips ask for it, it is moved by up to
// crop_padding output pixels each way, black (0) coming in where the picture ends, and mirrored, each way with probability 1/2:
// drawn from philox(sample, 0, state.step; state.seed), wherever the picture lies.
// Grid: y over the rows of the batch; x over the output pixels of one picture, several a thread, so that the generator's
// cost is shared.
#include "picture.cuh"

namespace separable {

// All channels of output pixel (oy, ox), moved and normalised.
__device__ __forceinline__ void output_pixel(const unsigned char* picture, const Move& move, int oy, int ox,
                                             const BatchGeometry& g, const Normalisation& norm, float (&v)[VEC]) {
    const int y = (move.upside_down ? g.oh - 1 - oy : oy) + move.dy, x = (move.mirrored ? g.ow - 1 - ox : ox) + move.dx;
    const bool exact = g.window_h == g.oh && g.window_w == g.ow;
    const int row = y + g.top, column = x + g.left;
    bool inside = row >= 0 && row < g.h && column >= 0 && column < g.w;
    ResampleTaps down = {0, 0, 0.f}, across = {0, 0, 0.f};
    if (!exact) {
        const float at_y = ((float)y + 0.5f) * ((float)g.window_h / (float)g.oh) - 0.5f + (float)g.top;
        const float at_x = ((float)x + 0.5f) * ((float)g.window_w / (float)g.ow) - 0.5f + (float)g.left;
        inside = on_axis(at_y, g.h) && on_axis(at_x, g.w);
        down = resample_taps(at_y, g.h);
        across = resample_taps(at_x, g.w);
    }
    zero8(v);
    UNROLL for (int k = 0; k < MAX_PICTURE_CHANNELS; ++k) {
        if (k < g.channels) {
            float value = 0.f;
            if (inside) {
                value = exact ? (float)picture[(row * g.w + column) * g.channels + k] : bilinear(picture, down, across, k, g);
            }
            v[k] = value * norm.scale[k] + norm.shift[k];
        }
    }
}

template <class T>
__device__ __forceinline__ void batch_gather(const unsigned char* __restrict__ images, const int* __restrict__ labels,
                                             const int* __restrict__ order, const StepState* __restrict__ state,
                                             T* __restrict__ x, int* __restrict__ labels_out, int crop_padding, int flips,
                                             const BatchGeometry& g, const Normalisation& norm) {
    const int row = (int)blockIdx.y, pixels = g.oh * g.ow, threads = (int)(gridDim.x * blockDim.x);
    const bool valid = row < state->count;
    const int sample = valid ? order[state->position + row] : 0;
    const Move move = draw_move(crop_padding, flips, sample, state->step, state->seed);
    const unsigned char* picture = stored_picture(images, g, stored_row(g, sample, valid ? state->position + row : 0));
    if (thread_index() == 0) labels_out[row] = valid ? labels[sample] : 0;
    for (int i = thread_index(); i < pixels; i += threads) {
        float v[VEC];
        if (valid) {
            output_pixel(picture, move, i / g.ow, i % g.ow, g, norm, v);
        } else {
            zero8(v);
        }
        store8(x + (row * pixels + i) * VEC, v);
    }
}

}  // namespace separable

#define BATCH_KERNEL(T, suffix)                                                                                          \
    extern "C" __global__ void __launch_bounds__(128)                                                                    \
    batch_gather_##suffix(const unsigned char* images, const int* labels, const int* order,                              \
                          const separable::StepState* state, T* x, int* labels_out, int h, int w, int channels, int oh,  \
                          int ow, int ring_rows, int top, int left, int window_h, int window_w, int crop_padding,        \
                          int flips, float scale0, float scale1, float scale2, float scale3, float shift0, float shift1, \
                          float shift2, float shift3) {                                                                  \
        separable::batch_gather(                                                                                         \
            images, labels, order, state, x, labels_out, crop_padding, flips,                                            \
            separable::BatchGeometry{h, w, channels, oh, ow, ring_rows, top, left, window_h, window_w},                  \
            separable::Normalisation{{scale0, scale1, scale2, scale3}, {shift0, shift1, shift2, shift3}});               \
    }                                                                                                                    \
    EXPORT_KERNEL(batch_gather_##suffix);

FOR_EACH_DTYPE(BATCH_KERNEL)
