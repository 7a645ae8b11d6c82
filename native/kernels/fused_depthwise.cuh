// Depthwise convolution with what the fused schedule puts around it (fused.cuh): the walk that all its kernels share, and the
// core of the forward pass. Formulas and layouts: depthwise.cuh; no dilation.
//
// A thread keeps its eight channels and walks through a band of lines of one image in a strip a few pixels wide, so that a value
// it loads, and normalises, serves all the results it has part in: the sums of the lines that are not finished are kept. There
// are no barriers in the walk.
#pragma once
#include "depthwise.cuh"
#include "fused.cuh"

namespace separable {

// Threads of a CTA at most: DepthwiseWalk.THREADS.
constexpr int DW_THREADS = 128;

// How `images` pictures are cut: each into `bands` bands of `rows` lines, those into `strips` strips; a CTA takes `columns` vectors
// of channels.
struct DwCut {
    int images, columns, rows, bands, strips;
};

// Lines [first, last) of an image, in one strip.
struct DwPiece {
    int image, first, last, strip;
};

// Pieces number item, item + step, ... below end of one thread. Threads of a CTA lie along channels first; the CTAs along x share
// the pieces in contiguous ranges, the lanes of a CTA take them in turn: neighbours walk down strips that lie side by side.
struct DwWalk {
    int channel, item, end, step;

    __device__ __forceinline__ DwWalk(const DwCut& cut, int channels) {
        const int thread = (int)threadIdx.x, lane = thread / cut.columns;
        const TileRange share(cut.images * cut.bands * cut.strips, (int)blockIdx.x, (int)gridDim.x);
        channel = ((int)blockIdx.y * cut.columns + thread - lane * cut.columns) * VEC;
        step = (int)blockDim.x / cut.columns;
        item = share.first + lane;
        end = channel < channels ? share.last : 0;
    }
};

// Piece number `item` of pictures of `height` lines.
__device__ __forceinline__ DwPiece piece_at(const DwCut& cut, int item, int height) {
    const int group = item / cut.strips, image = group / cut.bands, first = (group - image * cut.bands) * cut.rows;
    return {image, first, min(first + cut.rows, height), item - group * cut.strips};
}

// The columns of this CTA for the folds.
__device__ __forceinline__ FoldPlace dw_place(const DwCut& cut, int channels) {
    return FoldPlace{(int)blockIdx.x, (int)gridDim.x, (int)blockIdx.y * cut.columns, cut.columns, channels / VEC};
}

// What the walks leave to the two compilers: a GPU's threads have no registers to keep coefficients and filter in, and other warps to
// hide a wait for memory; the emulated device has a stack, and a cache that threads fill one after the other.

// What a load or a table has at one channel vector, kept or taken anew at every use.
template <class Source> struct DwAt {
#ifdef __CUDACC__
    Source source;
    int channel;
    __device__ __forceinline__ DwAt(const Source& of, int first) : source(of), channel(first) {}
    __device__ __forceinline__ auto operator*() const { return source.at(channel); }
#else
    decltype(Source().at(0)) kept;
    DwAt(const Source& of, int first) : kept(of.at(first)) {}
    const auto& operator*() const { return kept; }
#endif
    // As the reader of a load.
    __device__ __forceinline__ Float8 operator()(int e) const { return (**this)(e); }
};

// A filter, [K][K][channels] at w, at one channel vector, in the same way. Zeros unless PRESENT: then w is not read.
template <int K, bool PRESENT, class T> struct DwTaps {
#ifdef __CUDACC__
    const T* w;
    int channels;
    __device__ __forceinline__ DwTaps(const T* filter, int first, int count) : w(PRESENT ? filter + first : filter), channels(count) {}
    __device__ __forceinline__ Float8 at(int ky, int kx) const {
        return PRESENT ? load_readonly(w + ky * K * channels + kx * channels) : broadcast(0.f);
    }
#else
    Float8 taps[K * K];
    DwTaps(const T* w, int channel, int channels) {
        UNROLL_FLOAT8 for (int k = 0; k < K * K; ++k) taps[k] = PRESENT ? load_readonly(w + k * channels + channel) : broadcast(0.f);
    }
    const Float8& at(int ky, int kx) const { return taps[ky * K + kx]; }
#endif
};

// Whether the products of pixel x of a line are taken: outside the picture they are zeros, which on a GPU cost less than a branch.
__device__ __forceinline__ bool worth_multiplying(int x, int width) {
#ifdef __CUDACC__
    return true;
#else
    return within(x, width);
#endif
}

// Pixels a strip is wide in the forward pass: DepthwiseWalk.forward. Lines of a 5x5 filter that are not finished are more.
template <int K> constexpr int DW_FORWARD_STRIP = K == 3 ? 4 : 1;

// One line of x and row ky of the filter: acc[i] += sum_kx v[i*S + kx] * w[ky,kx]. v[0]: pixel x of `width`.
template <int K, int S, int W, class T>
__device__ __forceinline__ void add_row(Float8 (&acc)[W], const Float8 (&v)[(W - 1) * S + K], const DwTaps<K, true, T>& filter, int ky, int x,
                                        int width) {
    UNROLL_FLOAT8 for (int kx = 0; kx < K; ++kx) {
        const Float8 tap = filter.at(ky, kx);
        UNROLL_FLOAT8 for (int i = 0; i < W; ++i)
            if (worth_multiplying(x + i * S + kx, width)) acc[i] += v[i * S + kx] * tap;
    }
}

// COUNT pixels of a line from x on, 0 outside [0, width). base: element of pixel 0 at the thread's channels. in: the reader of `load`
// there, or a DwAt: with more coefficients than one line can keep.
template <int COUNT, class Reader, class Load>
__device__ __forceinline__ void load_pixels(Float8 (&v)[COUNT], const Reader& in, const Load& load, int base, int x, int width,
                                            int channels) {
    UNROLL_FLOAT8 for (int j = 0; j < COUNT; ++j) {
        const int e = base + (x + j) * channels;
        v[j] = within(x + j, width) ? in(e) : broadcast(0.f);
        load.prefetch((long long)e + LINE<typename Load::Element>);  // the threads beside this one are about to read it
    }
}

// The lines of one piece of y. Lines of x are taken S at a time, as `unit` S*unit .. S*unit + S-1 counted from the padding on: they
// belong to OPEN lines of y, of which acc[0] is the first and finished with this unit. A sum gets its terms in the order of the
// plain kernel: ky and then kx ascending.
template <int K, int S, int W, class Load, class Store, class T>
__device__ __forceinline__ void dw_forward_piece(const DwPiece& piece, int channel, const Load& load, const DwAt<Load>& in,
                                                 const DwTaps<K, true, T>& filter, Store& out, const DwGeometry& g) {
    constexpr int OPEN = (K + S - 1) / S;
    const int x = piece.strip * W;
    Float8 acc[OPEN][W];
    UNROLL_FLOAT8 for (int m = 0; m < OPEN; ++m)
        UNROLL_FLOAT8 for (int i = 0; i < W; ++i) acc[m][i] = broadcast(0.f);
    for (int unit = piece.first; unit < piece.last + OPEN - 1; ++unit) {
        UNROLL_FLOAT8 for (int s = 0; s < S; ++s) {
            const int iy = unit * S + s - g.top, before = (K - 1 - s) / S;  // lines of y before line `unit` that read it
            if (!within(iy, g.h) || unit - before >= piece.last) continue;
            Float8 v[(W - 1) * S + K];
            load_pixels(v, *in, load, (piece.image * g.h + iy) * g.w * g.channels + channel, x * S - g.left, g.w, g.channels);
            UNROLL_FLOAT8 for (int m = 0; m < OPEN; ++m)
                if (m <= before && unit - m >= piece.first && unit - m < piece.last)
                    add_row<K, S>(acc[OPEN - 1 - m], v, filter, s + S * m, x * S - g.left, g.w);
        }
        const int oy = unit - (OPEN - 1);
        if (oy >= piece.first) {
            const int row = (piece.image * g.oh + oy) * g.ow + x;
            UNROLL_FLOAT8 for (int i = 0; i < W; ++i)
                if (x + i < g.ow) out(row + i, channel, acc[0][i]);
        }
        UNROLL_FLOAT8 for (int m = 0; m < OPEN; ++m)
            UNROLL_FLOAT8 for (int i = 0; i < W; ++i) acc[m][i] = m + 1 < OPEN ? acc[m + 1][i] : broadcast(0.f);
    }
}

// y = the convolution of what `load` makes of x. cut: of y, in strips of DW_FORWARD_STRIP<K>.
template <int K, int S, class Load, class Store, class Tail, class T>
__device__ __forceinline__ void dw_forward_walk(const Load& load, const T* w, Store out, const Tail& tail, const DwGeometry& g,
                                                const DwCut& cut) {
    const DwWalk walk(cut, g.channels);
    if (walk.item < walk.end) {
        const DwAt<Load> in(load, walk.channel);
        const DwTaps<K, true, T> filter(w, walk.channel, g.channels);
        for (int item = walk.item; item < walk.end; item += walk.step)
            dw_forward_piece<K, S, DW_FORWARD_STRIP<K>>(piece_at(cut, item, g.oh), walk.channel, load, in, filter, out, g);
    }
    tail(out);
}

// The walk without a convolution: stores what it loads, in the same order.
template <int W, class Load, class Store, class Tail>
__device__ __forceinline__ void map_pieces_down(const Load& load, Store out, const Tail& tail, int height, int width,
                                                int channels, const DwCut& cut) {
    const DwWalk walk(cut, channels);
    for (int item = walk.item; item < walk.end; item += walk.step) {
        const DwPiece piece = piece_at(cut, item, height);
        const auto in = load.at(walk.channel);
        for (int y = piece.first; y < piece.last; ++y)
            for (int x = piece.strip * W; x < min(piece.strip * W + W, width); ++x) {
                const int row = (piece.image * height + y) * width + x;
                out(row, walk.channel, in(row * channels + walk.channel));
            }
    }
    tail(out);
}

// Gathers the statistics of a tensor that is there already; for walks without ragged tiles.
struct GatherStatistics {
    PivotedSum8 sum;
    __device__ __forceinline__ GatherStatistics() : sum(PivotedSum8::empty()) {}
    __device__ __forceinline__ void operator()(int /*row*/, int /*channel*/, const Float8& v) { sum.add(v); }
};

}  // namespace separable
