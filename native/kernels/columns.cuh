// Kernels over an activation seen as a matrix [rows, channels] (rows = pixels of all images): one functor per vector of
// eight channels (`map_columns`), or results per channel over all rows (a loop over the walk, then fold_ctas).
//
// A thread keeps its eight channels, so per-channel coefficients are loaded once, and walks down a run of neighbouring rows.
// Threads of a CTA lie along channels first: blockDim.x = columns * lanes, with `columns` vectors of channels and one run a
// lane. gridDim.x CTAs share the rows in contiguous ranges, gridDim.y the channels. (Neighbouring threads read neighbouring
// vectors of a row; runs rather than every lanes-th row keep one thread's reads together for the emulated device's cache.)
#pragma once
#include "functors.cuh"

namespace separable {

// One thread's run of `rows` rows from `row` on (none when the thread has no channel or no row left), and the same as
// elements of the matrix: first, first + step, ...
struct ColumnWalk {
    int channel;  // first of this thread's eight
    int row, rows;
    int first, step;

    __device__ __forceinline__ ColumnWalk(int total_rows, int channels, int columns) {
        const int thread = (int)threadIdx.x, lane = thread / columns, lanes = (int)blockDim.x / columns;
        const int share = (total_rows + (int)gridDim.x - 1) / (int)gridDim.x, run = (share + lanes - 1) / lanes;
        const int begin = (int)blockIdx.x * share + lane * run;
        const int end = min(min(begin + run, (int)blockIdx.x * share + share), total_rows);
        channel = ((int)blockIdx.y * columns + thread - lane * columns) * VEC;
        row = begin;
        rows = channel < channels ? max(end - begin, 0) : 0;
        first = row * channels + channel;
        step = channels;
    }
};

// The columns of this CTA for the fold; `channels` as in the walk.
__device__ __forceinline__ FoldPlace column_place(int channels, int columns) {
    return FoldPlace{(int)blockIdx.x, (int)gridDim.x, (int)blockIdx.y * columns, columns, channels / VEC};
}

// The core without a convolution: stores what it loads, for every row of the walk (see functors.cuh for the terms).
template <class Load, class Store, class Tail = NoTail>
__device__ __forceinline__ void map_columns(const ColumnWalk& walk, const Load& load, Store store, const Tail& tail = {}) {
    if (walk.rows > 0) {
        const auto in = load.at(walk.channel);
        for (int i = 0, e = walk.first; i < walk.rows; ++i, e += walk.step) store(walk.row + i, walk.channel, in(e));
    }
    tail(store);
}

}  // namespace separable
