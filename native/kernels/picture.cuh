// Stored pictures, and how output pixels are read from them: what both makers of batches share.
//   images   u8 [samples, h, w, channels], channels 1 .. 4, by sample; or a ring [ring_rows, h, w, channels] that is filled in the
//            epoch's order: row i of the batch lies in row (state.position + i) % ring_rows
// A point of a picture is measured in pixels from its upper left corner, so that pixel i lies around i + 1/2 (PyTorch's
// align_corners = False). Between pixel centres values are bilinear; beyond the picture they are black.
#pragma once
#include "map.cuh"
#include "philox.cuh"
#include "step_state.cuh"

namespace separable {

constexpr int MAX_PICTURE_CHANNELS = 4;

struct BatchGeometry {
    int h, w, channels, oh, ow;
    int ring_rows;  // 0: images holds all samples
    int top, left, window_h, window_w;  // the part of a picture that the output shows when nothing is drawn
};

// Channel k leaves as value * scale[k] + shift[k] = (value / 255 - mean) / deviation.
struct Normalisation {
    float scale[MAX_PICTURE_CHANNELS], shift[MAX_PICTURE_CHANNELS];
};

// The row of images that a sample lies in. place: in the epoch's order.
__device__ __forceinline__ int stored_row(const BatchGeometry& g, int sample, int place) {
    return g.ring_rows == 0 ? sample : place % g.ring_rows;
}

__device__ __forceinline__ const unsigned char* stored_picture(const unsigned char* images, const BatchGeometry& g, int stored) {
    return images + (size_t)stored * (size_t)(g.h * g.w * g.channels);
}

// What random crop and flips do to the window: moved by (dy, dx) output pixels, then mirrored.
struct Move {
    int dy, dx;
    bool mirrored, upside_down;
};

constexpr int MIRROR = 1, UPSIDE_DOWN = 2;  // bits of `flips`

__device__ __forceinline__ Move draw_move(int crop_padding, int flips, int sample, unsigned long long step,
                                          unsigned long long seed) {
    Move m = {0, 0, false, false};
    if (crop_padding == 0 && flips == 0) return m;
    const uint4 words = random_words(Draw::AUGMENTATION, (unsigned)sample, 0u, step, seed);
    m.dy = uniform_below(words.x, 2 * crop_padding + 1) - crop_padding;
    m.dx = uniform_below(words.y, 2 * crop_padding + 1) - crop_padding;
    m.mirrored = (flips & MIRROR) && (words.z & 1u);
    m.upside_down = (flips & UPSIDE_DOWN) && (words.w & 1u);
    return m;
}

// Two neighbours of a source axis and the weight of the second one.
struct ResampleTaps {
    int low, high;
    float weight;
};

// Around pixel position `at`, which is the point less 1/2.
__device__ __forceinline__ ResampleTaps resample_taps(float at, int inputs) {
    at = fminf(fmaxf(at, 0.f), (float)(inputs - 1));
    ResampleTaps t;
    t.low = (int)at;
    t.high = min(t.low + 1, inputs - 1);
    t.weight = at - (float)t.low;
    return t;
}

// Whether position `at` lies on a source axis: within half a pixel of one of its pixels.
__device__ __forceinline__ bool on_axis(float at, int inputs) { return at >= -0.5f && at <= (float)inputs - 0.5f; }

// Channel k between four pixels, 0 .. 255.
__device__ __forceinline__ float bilinear(const unsigned char* picture, const ResampleTaps& y, const ResampleTaps& x, int k,
                                          const BatchGeometry& g) {
    const float top_left = picture[(y.low * g.w + x.low) * g.channels + k];
    const float top_right = picture[(y.low * g.w + x.high) * g.channels + k];
    const float bottom_left = picture[(y.high * g.w + x.low) * g.channels + k];
    const float bottom_right = picture[(y.high * g.w + x.high) * g.channels + k];
    const float top = top_left + x.weight * (top_right - top_left);
    const float bottom = bottom_left + x.weight * (bottom_right - bottom_left);
    return top + y.weight * (bottom - top);
}

}  // namespace separable
