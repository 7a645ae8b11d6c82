// The core of depthwise convolution's gradients in the fused schedule: of the input, of the filter, or of both from the same values
// (walk: fused_depthwise.cuh; formulas: depthwise.cuh). With p = iy + top and q = ix + left, coordinates counted from the padding on,
//   dx[iy,ix]   = sum_{ky,kx} dy[(p - ky)/S, (q - kx)/S] * w[ky,kx]      over whole quotients
//   dw[ky,kx]  += dy[(p - ky)/S, (q - kx)/S] * a[iy,ix]                  over the same
// A thread walks up a strip of the input, from line to line of dy: so their values come in the order in which the plain kernel adds
// them, ky ascending. Of the input it reads no halo, of dy one beside the strip and one above and below the band.
#pragma once
#include "fused_depthwise.cuh"

namespace separable {

// Pixels of the input a strip is wide, a multiple of every stride: DepthwiseWalk.backward.
constexpr int DW_BACKWARD_STRIP = 2;

// floor(a / S) for S = 1 and 2, of numbers below zero too: a division would round those up.
template <int S> __device__ __forceinline__ int floor_divide(int a) { return S == 1 ? a : a >> 1; }

// What a kernel computes: the gradient of the input if DATA, and ROWS lines of that of the filter. A line of dy belongs to LINES
// lines of the input, which are open at a time, and to WINDOW pixels of dy in a line belong those of the strip.
template <int K_, int S_, bool DATA_, int ROWS_> struct DwBackward {
    static constexpr int K = K_, S = S_, ROWS = ROWS_, TAPS = ROWS > 0 ? ROWS * K : 1;
    static constexpr bool DATA = DATA_;
    static constexpr int W = DW_BACKWARD_STRIP, LINES = DATA ? K : ROWS, BEFORE = (K - 1) / S, WINDOW = BEFORE + 1 + (W - 1) / S;
    static_assert(!DATA || ROWS == 0 || ROWS == K, "a thread that computes both has all lines of the filter");
};

// The open lines: line k lies k lines below the first that the line of dy at hand belongs to.
template <class Form> struct DwOpenLines {
    Float8 dx[Form::LINES][Form::W], a[Form::LINES][Form::W];

    __device__ __forceinline__ DwOpenLines() {
        UNROLL_FLOAT8 for (int k = 0; k < Form::LINES; ++k)
            UNROLL_FLOAT8 for (int i = 0; i < Form::W; ++i) dx[k][i] = a[k][i] = broadcast(0.f);
    }

    // One line of dy and the lines of the filter from w on (at the thread's channels).
    template <class T>
    __device__ __forceinline__ void add(const Float8 (&dy)[Form::WINDOW], const T* w, int channels, Sum8 (&sums)[Form::TAPS]) {
        UNROLL_FLOAT8 for (int k = 0; k < Form::LINES; ++k) {
            Float8 taps[Form::K];
            if (Form::DATA) load_taps(taps, w + k * Form::K * channels, channels);
            UNROLL_FLOAT8 for (int j = 0; j < Form::WINDOW; ++j)
                UNROLL_FLOAT8 for (int i = 0; i < Form::W; ++i) {
                    const int kx = i - (j - Form::BEFORE) * Form::S;
                    if (kx < 0 || kx >= Form::K) continue;
                    if (Form::DATA) dx[k][i] += dy[j] * taps[kx];
                    if (Form::ROWS > 0) sums[k * Form::K + kx].sum += dy[j] * a[k][i];
                }
        }
    }

    // On to the line of dy above.
    __device__ __forceinline__ void shift() {
        UNROLL_FLOAT8 for (int k = Form::LINES - 1; k >= 0; --k)
            UNROLL_FLOAT8 for (int i = 0; i < Form::W; ++i) {
                dx[k][i] = k >= Form::S ? dx[k - Form::S][i] : broadcast(0.f);
                a[k][i] = k >= Form::S ? a[k - Form::S][i] : broadcast(0.f);
            }
    }
};

// One piece of the input. ky: the first line of the filter that the CTA computes. gradient: dy; input: a, not read without ROWS.
template <class Form, class Gradient, class Input, class Store, class T>
__device__ __forceinline__ void dw_backward_piece(const DwPiece& piece, int channel, int ky, const Gradient& gradient,
                                                  const Input& input, const T* w, Store& out, Sum8 (&sums)[Form::TAPS],
                                                  const DwGeometry& g) {
    constexpr int S = Form::S, LINES = Form::LINES, W = Form::W;
    const int x = piece.strip * W - g.left % S, ox = (x + g.left) / S - Form::BEFORE, base = g.top - ky;
    const int top_line = floor_divide<S>(piece.first + base - LINES + S);
    DwOpenLines<Form> open;
    for (int oy = floor_divide<S>(piece.last - 1 + base); oy >= top_line; --oy) {
        const int y = oy * S - base, row = (piece.image * g.h + y) * g.w + x;  // of open line 0; may lie outside
        if (Form::ROWS > 0) {
            UNROLL_FLOAT8 for (int s = 0; s < (S < LINES ? S : LINES); ++s)
                if (y + s >= piece.first && y + s < piece.last)
                    load_pixels(open.a[s], input.at(channel), (row + s * g.w - x) * g.channels + channel, x, g.w, g.channels);
        }
        if (within(oy, g.oh)) {
            Float8 dy[Form::WINDOW];
            load_pixels(dy, gradient.at(channel), (piece.image * g.oh + oy) * g.ow * g.channels + channel, ox, g.ow, g.channels);
            open.add(dy, w + ky * Form::K * g.channels + channel, g.channels, sums);
        }
        if (Form::DATA) {
            UNROLL_FLOAT8 for (int k = LINES - 1; k >= LINES - S; --k)
                if (y + k >= piece.first && y + k < piece.last)
                    UNROLL_FLOAT8 for (int i = 0; i < W; ++i)
                        if (within(x + i, g.w)) out(row + k * g.w + i, channel, open.dx[k][i]);
        }
        open.shift();
    }
}

// Both gradients. cut: of x, in strips of DW_BACKWARD_STRIP that begin left % S pixels left of it.
template <class Form, class Gradient, class Input, class Store, class T>
__device__ __forceinline__ void dw_backward_walk(const DwWalk& walk, int ky, const Gradient& gradient, const Input& input, const T* w,
                                                 Store& out, Sum8 (&sums)[Form::TAPS], const DwGeometry& g, const DwCut& cut) {
    UNROLL_FLOAT8 for (int k = 0; k < Form::TAPS; ++k) sums[k] = Sum8::empty();
    for (int item = walk.item; item < walk.end; item += walk.step)
        dw_backward_piece<Form>(piece_at(cut, item, g.h), walk.channel, ky, gradient, input, w, out, sums, g);
}

// The walk without a convolution: stores what it loads, in the same order. before: pixels the first strip begins left of the picture.
template <class Load, class Store>
__device__ __forceinline__ void map_pieces_up(const DwWalk& walk, const Load& load, Store& out, int height, int width, int before,
                                              int channels, const DwCut& cut) {
    for (int item = walk.item; item < walk.end; item += walk.step) {
        const DwPiece piece = piece_at(cut, item, height);
        const auto in = load.at(walk.channel);
        const int first = piece.strip * DW_BACKWARD_STRIP - before;
        for (int y = piece.last - 1; y >= piece.first; --y)
            for (int x = max(first, 0); x < min(first + DW_BACKWARD_STRIP, width); ++x) {
                const int row = (piece.image * height + y) * width + x;
                out(row, walk.channel, in(row * channels + walk.channel));
            }
    }
}

// Folds the TAPS sums of every thread and writes those lines of dw, fp32 [K][K][channels], that the CTAs along z share. partials: fp32
// [gridDim.z][gridDim.x][TAPS][channels]; one ticket per (gridDim.z, gridDim.y).
template <int TAPS>
__device__ __forceinline__ void fold_dw(Sum8 (&sums)[TAPS], float* dw, float* partials, int* tickets, int channels, const DwCut& cut) {
    const int z = (int)blockIdx.z;
    fold_ctas<DW_THREADS>(sums, partials + (size_t)z * gridDim.x * TAPS * channels, tickets + z * (int)gridDim.y + (int)blockIdx.y,
                          dw_place(cut, channels), [&](int k, int vector, const Sum8& total) {
                              store(dw + (z * TAPS + k) * channels + vector * VEC, total.sum);
                          });
}

}  // namespace separable
