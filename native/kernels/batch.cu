// One batch from a data set that lies on the device: gather, crop, flip, resample, normalise.
//   images    u8 [samples, h, w, channels], channels 1 .. 4, by sample; or a ring [ring_rows, h, w, channels] that is filled in the
//             epoch's order: row i of the batch lies in row (state.position + i) % ring_rows
//   labels    i32 [samples], by sample
//   order     i32, the epoch's sample indices; row i of the batch is sample order[state.position + i]
//   x         [batch, oh, ow, 8] in T, `=`; channel k holds value * scale[k] + shift[k] = (value / 255 - mean) / std, the
//             surplus channels 0
//   labels_out  i32 [batch], `=`
// Rows >= state.count are all zero, with label 0. A picture of another size is resampled bilinearly with half-pixel centres
// (PyTorch's align_corners = False); of the same size it is copied exactly. Then, if crop_padding or flip ask for it, it is
// moved by up to crop_padding output pixels each way, black (0) coming in, and mirrored with probability 1/2: drawn from
// philox(sample, 0, state.step; state.seed), wherever the picture lies.
// Grid: y over the rows of the batch; x over the output pixels of one picture, several a thread, so that the generator's
// cost is shared.
#include "map.cuh"
#include "philox.cuh"
#include "step_state.cuh"

namespace separable {

constexpr int MAX_PICTURE_CHANNELS = 4;

struct BatchGeometry {
    int h, w, channels, oh, ow, crop_padding, flip;
    int ring_rows;  // 0: images holds all samples
};

struct Normalisation {
    float scale[MAX_PICTURE_CHANNELS], shift[MAX_PICTURE_CHANNELS];
};

// Where an output pixel comes from in the unmoved picture of oh x ow pixels.
struct Augmentation {
    int dy, dx;
    bool mirrored;
};

__device__ __forceinline__ Augmentation draw_augmentation(const BatchGeometry& g, int sample, unsigned long long step,
                                                          unsigned long long seed) {
    Augmentation a = {0, 0, false};
    if (g.crop_padding == 0 && !g.flip) return a;
    const uint4 words = random_words(Draw::AUGMENTATION, (unsigned)sample, 0u, step, seed);
    a.dy = uniform_below(words.x, 2 * g.crop_padding + 1) - g.crop_padding;
    a.dx = uniform_below(words.y, 2 * g.crop_padding + 1) - g.crop_padding;
    a.mirrored = g.flip && (words.z & 1u);
    return a;
}

// Two neighbours of a source axis and the weight of the second one.
struct ResampleTaps {
    int low, high;
    float weight;
};

__device__ __forceinline__ ResampleTaps resample_taps(int o, int outputs, int inputs) {
    const float at = fminf(fmaxf(((float)o + 0.5f) * ((float)inputs / (float)outputs) - 0.5f, 0.f), (float)(inputs - 1));
    ResampleTaps t;
    t.low = (int)at;
    t.high = min(t.low + 1, inputs - 1);
    t.weight = at - (float)t.low;
    return t;
}

// Channel k of the unmoved output pixel (y, x), 0 .. 255.
__device__ __forceinline__ float resampled(const unsigned char* picture, const ResampleTaps& y, const ResampleTaps& x, int k,
                                           const BatchGeometry& g) {
    const float top_left = picture[(y.low * g.w + x.low) * g.channels + k];
    const float top_right = picture[(y.low * g.w + x.high) * g.channels + k];
    const float bottom_left = picture[(y.high * g.w + x.low) * g.channels + k];
    const float bottom_right = picture[(y.high * g.w + x.high) * g.channels + k];
    const float top = top_left + x.weight * (top_right - top_left);
    const float bottom = bottom_left + x.weight * (bottom_right - bottom_left);
    return top + y.weight * (bottom - top);
}

// All channels of output pixel (oy, ox), moved and normalised.
__device__ __forceinline__ void output_pixel(const unsigned char* picture, const Augmentation& move, int oy, int ox,
                                             const BatchGeometry& g, const Normalisation& norm, float (&v)[VEC]) {
    const int y = oy + move.dy, x = (move.mirrored ? g.ow - 1 - ox : ox) + move.dx;
    const bool inside = y >= 0 && y < g.oh && x >= 0 && x < g.ow;
    const bool exact = g.h == g.oh && g.w == g.ow;
    ResampleTaps down = {0, 0, 0.f}, across = {0, 0, 0.f};
    if (inside && !exact) {
        down = resample_taps(y, g.oh, g.h);
        across = resample_taps(x, g.ow, g.w);
    }
    zero8(v);
    UNROLL for (int k = 0; k < MAX_PICTURE_CHANNELS; ++k) {
        if (k < g.channels) {
            float value = 0.f;
            if (inside) value = exact ? (float)picture[(y * g.w + x) * g.channels + k] : resampled(picture, down, across, k, g);
            v[k] = value * norm.scale[k] + norm.shift[k];
        }
    }
}

// The row of images that a sample lies in.
__device__ __forceinline__ int stored_row(const BatchGeometry& g, int sample, int place) {
    return g.ring_rows == 0 ? sample : place % g.ring_rows;
}

template <class T>
__device__ __forceinline__ void batch_gather(const unsigned char* __restrict__ images, const int* __restrict__ labels,
                                             const int* __restrict__ order, const StepState* __restrict__ state,
                                             T* __restrict__ x, int* __restrict__ labels_out, const BatchGeometry& g,
                                             const Normalisation& norm) {
    const int row = (int)blockIdx.y, pixels = g.oh * g.ow, threads = (int)(gridDim.x * blockDim.x);
    const bool valid = row < state->count;
    const int sample = valid ? order[state->position + row] : 0;
    const Augmentation move = draw_augmentation(g, sample, state->step, state->seed);
    const int stored = stored_row(g, sample, valid ? state->position + row : 0);
    const unsigned char* picture = images + (size_t)stored * (size_t)(g.h * g.w * g.channels);
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
                          int ow, int crop_padding, int flip, int ring_rows, float scale0, float scale1, float scale2,   \
                          float scale3, float shift0, float shift1, float shift2, float shift3) {                        \
        separable::batch_gather(images, labels, order, state, x, labels_out,                                             \
                                separable::BatchGeometry{h, w, channels, oh, ow, crop_padding, flip, ring_rows},         \
                                separable::Normalisation{{scale0, scale1, scale2, scale3},                               \
                                                         {shift0, shift1, shift2, shift3}});                             \
    }                                                                                                                    \
    EXPORT_KERNEL(batch_gather_##suffix);

FOR_EACH_DTYPE(BATCH_KERNEL)
