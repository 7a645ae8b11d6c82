// Depthwise convolution: geometry, and what the cores of depthwise_data.cuh and depthwise_filter.cu do with one strip.
//   forward          y[n,oy,ox,c]  = sum_{ky,kx} x[n, oy*S - top + ky*D, ox*S - left + kx*D, c] * w[ky,kx,c]
//   gradient of x    dx[n,iy,ix,c] = sum_{ky,kx} dy[n, (iy + top - ky*D)/S, (ix + left - kx*D)/S, c] * w[ky,kx,c]
//                    over the taps where both quotients are whole
//   gradient of w    dw[ky,kx,c]   = sum_{n,oy,ox} dy[n,oy,ox,c] * x[n, oy*S - top + ky*D, ox*S - left + kx*D, c]
// x: [images, h, w, channels], y: [images, oh, ow, channels] in T; w: [KH, KW, channels]; S stride, D dilation. A tap outside
// the picture contributes 0: the cores never call the Load there, whatever it would make of a value.
// Load, Store and Tail: functors.cuh; `in` is the reader of the thread's channels.
//
// The cores work on a strip: STRIP neighbouring pixels of one line (one row of one image) and eight channels in a thread,
// so that a value read serves several outputs and a row of the filter is read once per strip.
#pragma once
#include "functors.cuh"

namespace separable {

constexpr int STRIP = 4;

struct DwGeometry {
    int h, w, oh, ow, channels, top, left;
};

// A line of a picture of `height` lines: which image and which row of it.
struct DwLine {
    int image, y;
    __device__ __forceinline__ DwLine(int line, int height) : image(line / height), y(line - image * height) {}
};

__device__ __forceinline__ bool within(int i, int extent) { return (unsigned)i < (unsigned)extent; }

// K taps of one filter row, from w: [K, channels] at the thread's channels.
template <int K, class T>
__device__ __forceinline__ void load_taps(Float8 (&taps)[K], const T* w, int channels) {
    UNROLL_FLOAT8 for (int kx = 0; kx < K; ++kx) taps[kx] = load_readonly(w + kx * channels);
}

// One filter row over one line: acc[i] += sum_kx in[x + i*S + kx] * taps[kx].
//   base    element of pixel 0 of the line at the thread's channels
//   INSIDE  the strip's whole window lies in [0, width)
template <int K, int S, bool INSIDE, class Load>
__device__ __forceinline__ void correlate(Float8 (&acc)[STRIP], const Float8 (&taps)[K], const Load& in, int base, int x,
                                          int width, int channels) {
    UNROLL_FLOAT8 for (int j = 0; j < (STRIP - 1) * S + K; ++j) {
        if (!INSIDE && !within(x + j, width)) continue;
        const Float8 v = in(base + (x + j) * channels);
        UNROLL_FLOAT8 for (int i = 0; i < STRIP; ++i) {
            const int kx = j - i * S;
            if (kx >= 0 && kx < K) acc[i] += v * taps[kx];
        }
    }
}

// The transpose: acc[i] += sum_kx in[x + (i - kx)/S] * taps[kx] over the taps where S divides i - kx.
template <int K, int S, bool INSIDE, class Load>
__device__ __forceinline__ void correlate_transposed(Float8 (&acc)[STRIP], const Float8 (&taps)[K], const Load& in, int base,
                                                     int x, int width, int channels) {
    constexpr int BEFORE = (K - 1) / S, AFTER = (STRIP - 1) / S;
    UNROLL_FLOAT8 for (int j = -BEFORE; j <= AFTER; ++j) {
        if (!INSIDE && !within(x + j, width)) continue;
        const Float8 v = in(base + (x + j) * channels);
        UNROLL_FLOAT8 for (int i = 0; i < STRIP; ++i) {
            const int kx = i - j * S;
            if (kx >= 0 && kx < K) acc[i] += v * taps[kx];
        }
    }
}

// The strip of y that starts at ox. in: x of one image at the thread's channels, through its reader.
template <int K, int S, bool INSIDE, class Load, class T>
__device__ __forceinline__ void forward_strip(Float8 (&acc)[STRIP], const Load& in, const T* w, const DwGeometry& g,
                                              int image_base, int oy, int ox) {
    UNROLL_FLOAT8 for (int i = 0; i < STRIP; ++i) acc[i] = broadcast(0.f);
    UNROLL_FLOAT8 for (int ky = 0; ky < K; ++ky) {
        const int iy = oy * S - g.top + ky;
        if (!within(iy, g.h)) continue;
        Float8 taps[K];
        load_taps(taps, w + ky * K * g.channels, g.channels);
        correlate<K, S, INSIDE>(acc, taps, in, image_base + iy * g.w * g.channels, ox * S - g.left, g.w, g.channels);
    }
}

// The strip of dx whose first pixel ix has S dividing ix + left. in: dy of one image.
template <int K, int S, bool INSIDE, class Load, class T>
__device__ __forceinline__ void backward_strip(Float8 (&acc)[STRIP], const Load& in, const T* w, const DwGeometry& g,
                                               int image_base, int iy, int ix) {
    UNROLL_FLOAT8 for (int i = 0; i < STRIP; ++i) acc[i] = broadcast(0.f);
    UNROLL_FLOAT8 for (int ky = 0; ky < K; ++ky) {
        const int offset = iy + g.top - ky;
        if (offset % S != 0 || !within(offset / S, g.oh)) continue;
        Float8 taps[K];
        load_taps(taps, w + ky * K * g.channels, g.channels);
        correlate_transposed<K, S, INSIDE>(acc, taps, in, image_base + offset / S * g.ow * g.channels,
                                           (ix + g.left) / S, g.ow, g.channels);
    }
}

// Stores the pixels of a strip that exist: those in [0, width). line: of all images.
template <class Store>
__device__ __forceinline__ void store_strip(const Float8 (&acc)[STRIP], Store& out, int line, int channel, int x,
                                            int width) {
    UNROLL_FLOAT8 for (int i = 0; i < STRIP; ++i) {
        if (within(x + i, width)) out(line * width + x + i, channel, acc[i]);
    }
}

}  // namespace separable
