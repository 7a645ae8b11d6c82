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

// A line of the input of which not all lines of dy have been seen.
template <int W> struct DwOpenLine {
    Float8 dx[W], a[W];

    __device__ __forceinline__ void clear() {
        UNROLL_FLOAT8 for (int i = 0; i < W; ++i) dx[i] = a[i] = broadcast(0.f);
    }
};

// One line of dy and line ky of the filter, whose sums are `sums`; kx descending, as in the plain kernel. dy[0]: pixel x of `width`.
template <class Form, class Filter>
__device__ __forceinline__ void add_line(DwOpenLine<Form::W>& line, const Float8 (&dy)[Form::WINDOW], const Filter& filter, int ky, Sum8* sums, int x,
                                         int width) {
    UNROLL_FLOAT8 for (int kx = Form::K - 1; kx >= 0; --kx) {
        const Float8 tap = filter.at(ky, kx);
        UNROLL_FLOAT8 for (int i = 0; i < Form::W; ++i) {
            if ((i + kx) % Form::S != 0) continue;  // the same as i - kx, S being 1 or 2
            const int j = (i - kx) / Form::S + Form::BEFORE;
            if (!worth_multiplying(x + j, width)) continue;
            if (Form::DATA) line.dx[i] += dy[j] * tap;
            if (Form::ROWS > 0) sums[kx].sum += dy[j] * line.a[i];
        }
    }
}

// One piece of the input. ky: the first line of the filter that the CTA computes. gradient: dy; input: a, not read without ROWS.
// open[k] lies k lines below the first that the line of dy at hand belongs to. It is opened when it is needed and stored when it is
// finished, from the lowest on: all LINES at once would take more registers than a thread has.
template <class Form, class Gradient, class Input, class Store, class T>
__device__ __forceinline__ void dw_backward_piece(const DwPiece& piece, int channel, int ky, const Gradient& gradient,
                                                  const Input& input, const T* w, Store& out, Sum8 (&sums)[Form::TAPS],
                                                  const DwGeometry& g) {
    constexpr int S = Form::S, LINES = Form::LINES, W = Form::W;
    const int x = piece.strip * W - g.left % S, ox = (x + g.left) / S - Form::BEFORE, base = g.top - ky;
    const int top_line = floor_divide<S>(piece.first + base - LINES + S);
    const DwAt<Gradient> dys(gradient, channel);
    const DwAt<Input> as(input, channel);
    const DwTaps<Form::K, Form::DATA, T> filter(w, channel, g.channels);
    DwOpenLine<W> open[LINES];
    UNROLL_FLOAT8 for (int k = 0; k < LINES; ++k) open[k].clear();
    for (int oy = floor_divide<S>(piece.last - 1 + base); oy >= top_line; --oy) {
        const bool inside = within(oy, g.oh);
        Float8 dy[Form::WINDOW];
        load_pixels(dy, dys, gradient, (piece.image * g.oh + oy) * g.ow * g.channels + channel, ox, inside ? g.ow : 0, g.channels);
        UNROLL_FLOAT8 for (int k = LINES - 1; k >= 0; --k) {
            const int y = oy * S - base + k, row = (piece.image * g.h + y) * g.w;
            const bool has = y >= piece.first && y < piece.last;
            if (Form::ROWS > 0 && k < S && has)
                load_pixels(open[k].a, *as, input, row * g.channels + channel, x, g.w, g.channels);
            if (inside && has) add_line<Form>(open[k], dy, filter, k, sums + k * Form::K, ox, g.ow);
            if (Form::DATA && k >= LINES - S && has) {
                UNROLL_FLOAT8 for (int i = 0; i < W; ++i)
                    if (within(x + i, g.w)) out((row + x + i) * g.channels + channel, open[k].dx[i], open[k].a[i]);
            }
        }
        UNROLL_FLOAT8 for (int k = LINES - 1; k >= 0; --k) {
            if (k >= S) open[k] = open[k - S];
            else open[k].clear();
        }
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
