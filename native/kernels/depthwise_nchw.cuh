// Depthwise convolution of tensors with channels first: x [N,C,h,w], y [N,C,oh,ow] in T, the filter [C,K,K] (formulas: depthwise.cuh;
// a square filter K = 3 or 5, stride S = 1 or 2, no dilation). A plane is one channel of one image.
//
// Rows of any width begin anywhere in a 16-byte vector, but the rows of a plane, and whole planes, follow each other without a
// gap. So a block copies the stretch of rows it needs to shared memory, sixteen bytes at a time but for the ends, and works from
// there: a thread has one column of results and NCHW_ROWS rows of it, and neighbouring threads neighbouring columns. Planes that
// are small share a block, large ones are cut into bands of rows.
#pragma once
#include "depthwise.cuh"
#include "ptx.cuh"

namespace separable {

constexpr int NCHW_THREADS = 128;
constexpr int NCHW_ROWS = 4;  // rows of results a thread computes at a time

// How planes are cut into pieces, each of which fits shared memory: `per_piece` whole planes, or one of `bands` bands of `rows` units
// of a plane. A unit is what the core of the kernel counts: a row of y, or S padded rows of x.
struct NchwShare {
    int planes, per_piece, bands, rows;
};

// `count` planes from `plane` on, and units [first, last) of each, of `units` in all: piece number `number` of the share.
struct NchwPiece {
    int plane, count, first, last;
    __device__ __forceinline__ NchwPiece(const NchwShare& share, int units, int number) {
        const int group = number / share.bands, band = number - group * share.bands;
        plane = group * share.per_piece;
        count = min(share.per_piece, share.planes - plane);
        first = band * share.rows;
        last = min(first + share.rows, units);
    }

    // Threads that `step` units each keep busy, in a column of a plane.
    __device__ __forceinline__ int groups(int step) const { return (last - first + step - 1) / step; }
};

// Rows [first, last) of a picture, in that order and inside it, whatever the arguments.
struct NchwRows {
    int first, last;
    __device__ __forceinline__ NchwRows(int begin, int end, int height)
        : first(min(max(begin, 0), height)), last(max(min(end, height), first)) {}
    __device__ __forceinline__ bool has(int row) const { return row >= first && row < last; }
};

// Elements of a tensor as copied to shared memory.
template <class T> struct NchwTile {
    static constexpr int VECTOR = 16 / (int)sizeof(T);
    T* tile;
    int origin;  // the element at tile[0]

    // Of a stretch that begins at element `begin`: an element keeps its place in a 16-byte vector.
    __device__ __forceinline__ NchwTile(T* memory, int begin) : tile(memory), origin(begin / VECTOR * VECTOR) {}

    __device__ __forceinline__ float operator()(int element) const { return widen(tile[element - origin]); }

    // Begins to copy [begin, end) of x; every thread of the block calls it. Nothing outside is read.
    __device__ __forceinline__ void fetch(const T* x, int begin, int end) const {
        const int lead = min((VECTOR - begin % VECTOR) % VECTOR, end - begin);
        const int middle = (end - begin - lead) / VECTOR * VECTOR, rest = end - begin - lead - middle;
        const T* const from = x + begin;
        T* const to = tile + (begin - origin);
        for (int i = (int)threadIdx.x * VECTOR; i < middle; i += NCHW_THREADS * VECTOR)
            copy_async16(to + lead + i, from + lead + i, true);
        const int i = (int)threadIdx.x;
        if (i < lead) to[i] = from[i];
        if (i < rest) to[lead + middle + i] = from[lead + middle + i];
    }
};

// After this every thread sees what any thread fetched before.
__device__ __forceinline__ void nchw_arrived() {
    copy_async_commit();
    copy_async_wait<0>();
    __syncthreads();
}

// N values of one row around column x: v[k] = in(base + x + k), 0 outside the picture. base: the row's first element.
template <int N, class T>
__device__ __forceinline__ void nchw_window(float (&v)[N], const NchwTile<T>& in, int base, int x, int width) {
    UNROLL for (int k = 0; k < N; ++k) v[k] = within(x + k, width) ? in(base + x + k) : 0.f;
}

// The filter of one channel; loaded again only when the channel changes.
template <int K, class T> struct NchwFilter {
    float at[K * K];
    int channel = -1;

    __device__ __forceinline__ void load(const T* w, int wanted) {
        if (wanted == channel) return;
        channel = wanted;
        const T* const from = w + (size_t)wanted * (K * K);
        UNROLL for (int k = 0; k < K * K; ++k) at[k] = widen(from[k]);
    }
};

// What a thread computes next: one column and `step` units from `unit` on, of plane number `index` of the piece.
struct NchwItem {
    int index, unit, column;
    __device__ __forceinline__ NchwItem(int item, const NchwPiece& piece, int columns, int step) {
        const int groups = piece.groups(step), line = item / columns;
        column = item - line * columns;
        index = line / groups;
        unit = piece.first + (line - index * groups) * step;
    }
};

// Units: rows of y.
template <int K, int S, class T>
__device__ __forceinline__ void nchw_forward_column(float (&acc)[NCHW_ROWS], const NchwTile<T>& in, const NchwFilter<K, T>& filter,
                                                    const DwGeometry& g, const NchwRows& rows, int plane,
                                                    const NchwItem& at) {
    UNROLL for (int i = 0; i < NCHW_ROWS; ++i) acc[i] = 0.f;
    UNROLL for (int r = 0; r < (NCHW_ROWS - 1) * S + K; ++r) {
        const int iy = at.unit * S - g.top + r;
        if (!rows.has(iy)) continue;
        float v[K];
        nchw_window(v, in, (plane * g.h + iy) * g.w, at.column * S - g.left, g.w);
        UNROLL for (int i = 0; i < NCHW_ROWS; ++i) {
            const int ky = r - i * S;
            if (ky < 0 || ky >= K) continue;
            UNROLL for (int kx = 0; kx < K; ++kx) acc[i] = fmaf(v[kx], filter.at[ky * K + kx], acc[i]);
        }
    }
}

template <int K, int S, class T>
__device__ __forceinline__ void nchw_forward(T* memory, const T* x, const T* w, T* y, const DwGeometry& g, const NchwShare& share) {
    const NchwPiece piece(share, g.oh, (int)blockIdx.x);
    const NchwRows rows(piece.first * S - g.top, (piece.last - 1) * S - g.top + K, g.h);
    const int begin = (piece.plane * g.h + rows.first) * g.w;
    const NchwTile<T> in(memory, begin);
    in.fetch(x, begin, ((piece.plane + piece.count - 1) * g.h + rows.last) * g.w);
    nchw_arrived();
    NchwFilter<K, T> filter;
    const int items = piece.count * piece.groups(NCHW_ROWS) * g.ow;
    for (int item = (int)threadIdx.x; item < items; item += NCHW_THREADS) {
        const NchwItem at(item, piece, g.ow, NCHW_ROWS);
        const int plane = piece.plane + at.index;
        filter.load(w, plane % g.channels);
        float acc[NCHW_ROWS];
        nchw_forward_column<K, S>(acc, in, filter, g, rows, plane, at);
        UNROLL for (int i = 0; i < NCHW_ROWS; ++i)
            if (at.unit + i < piece.last) y[(plane * g.oh + at.unit + i) * g.ow + at.column] = narrow<T>(acc[i]);
    }
}

// The gradient of x. Units: cells of S x S padded pixels, the padded picture beginning `top` rows above the picture: all pixels of
// cell (a, b) come from the same rows and columns of dy, a - BEFORE to a and b - BEFORE to b. Pixel (u, v) of a cell meets
// dy[a - m, b - n] at tap (u + S*m, v + S*n).
template <int K, int S> struct NchwCells {
    static constexpr int BEFORE = (K - 1) / S, CELLS = NCHW_ROWS / S;
    float acc[NCHW_ROWS][S];

    template <class T>
    __device__ __forceinline__ void add(const NchwTile<T>& in, const NchwFilter<K, T>& filter, const DwGeometry& g,
                                        const NchwRows& rows, int plane, int a, int b) {
        UNROLL for (int r = 0; r < CELLS + BEFORE; ++r) {
            const int oy = a - BEFORE + r;
            if (!rows.has(oy)) continue;
            float v[BEFORE + 1];
            nchw_window(v, in, (plane * g.oh + oy) * g.ow, b - BEFORE, g.ow);
            UNROLL for (int i = 0; i < NCHW_ROWS; ++i) {
                const int m = BEFORE + i / S - r, ky = i % S + S * m;
                if (m < 0 || ky >= K) continue;
                UNROLL for (int kx = 0; kx < K; ++kx)
                    acc[i][kx % S] = fmaf(v[BEFORE - kx / S], filter.at[ky * K + kx], acc[i][kx % S]);
            }
        }
    }
};

template <int K, int S, class T>
__device__ __forceinline__ void nchw_backward_data(T* memory, const T* dy, const T* w, T* dx, const DwGeometry& g, const NchwShare& share) {
    using Cells = NchwCells<K, S>;
    const int top = g.top / S, left = g.left / S, columns = (g.left + g.w - 1) / S - left + 1;
    const NchwPiece piece(share, (g.top + g.h - 1) / S - top + 1, (int)blockIdx.x);
    const NchwRows rows(top + piece.first - Cells::BEFORE, top + piece.last, g.oh);
    const int begin = (piece.plane * g.oh + rows.first) * g.ow;
    const NchwTile<T> in(memory, begin);
    in.fetch(dy, begin, ((piece.plane + piece.count - 1) * g.oh + rows.last) * g.ow);
    nchw_arrived();
    NchwFilter<K, T> filter;
    const int items = piece.count * piece.groups(Cells::CELLS) * columns;
    for (int item = (int)threadIdx.x; item < items; item += NCHW_THREADS) {
        const NchwItem at(item, piece, columns, Cells::CELLS);
        const int plane = piece.plane + at.index, y = (top + at.unit) * S - g.top, x = (left + at.column) * S - g.left;
        filter.load(w, plane % g.channels);
        Cells cells = {};
        cells.add(in, filter, g, rows, plane, top + at.unit, left + at.column);
        UNROLL for (int i = 0; i < NCHW_ROWS; ++i)
            UNROLL for (int j = 0; j < S; ++j)
                if (at.unit + i / S < piece.last && within(y + i, g.h) && within(x + j, g.w))
                    dx[(plane * g.h + y + i) * g.w + x + j] = narrow<T>(cells.acc[i][j]);
    }
}

}  // namespace separable
