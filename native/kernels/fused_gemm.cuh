// Matrix products whose output is reduced as it is stored. A CTA computes tiles of BM rows of one column tile of the output, a
// contiguous range of them, and its Store lives as long as the CTA. A thread keeps its eight columns in every tile (gemm.cuh): what
// its Store gathers is one partial result, folded at the end over the threads of a CTA and over the CTAs of a column tile.
#pragma once
#include "fused.cuh"
#include "gemm.cuh"

namespace separable {

// dY [rows, channels] of the last convolution, before the pool. A row keeps its image, and is divided by pixels once for all columns that a
// thread reads of it.
template <class T> struct PoolGradientMatrix {
    using Element = T;
    struct Row { int offset, image; };
    struct Column {
        int offset;
        NormAct norm;
        NormGradient gradient;
    };

    PoolGradient<T> pool;
    NormTable norm;
    NormGradientTable table;
    int rows;

    __device__ __forceinline__ Row row(int r) const {
        return r < rows ? Row{r * pool.channels, r / pool.pixels} : Row{-1, 0};
    }
    __device__ __forceinline__ Column column(int c) const {
        const int channel = c < pool.channels ? c : 0;
        return {c < pool.channels ? c : -1, norm.at(channel), table.at(channel)};
    }

    __device__ __forceinline__ void fetch(const Row& r, const Column& c, Pack<T>& pack) const {
        if ((r.offset | c.offset) < 0) return zero_pack(pack);
        const Float8 value = load_readonly(pool.y + r.offset + c.offset);
        const Float8 g = c.norm.template masked<T>(value, pool.of_image(r.image, c.offset));
        store_exact(pack.at, c.gradient.template at<T>(value, g));
    }
};

// Which of `parts` CTAs over column tile `tile` of BN columns this is.
struct ColumnPart {
    int part, parts, tile;
    static __device__ __forceinline__ ColumnPart of_grid() { return {(int)blockIdx.x, (int)gridDim.x, (int)blockIdx.y}; }
};

// Where the sums of its threads belong; `columns` vectors are a tile.
__device__ __forceinline__ FoldPlace fold_place(const ColumnPart& at, int columns, int channels) {
    return FoldPlace{at.part, at.parts, at.tile * columns, columns, channels / VEC};
}

// The CTA's share of `rows` rows of the output, through `out`, with the Tail at the end, which folds in the product's shared memory.
template <class Tile, Depth DEPTH_B, class SourceA, class SourceB, class Store, class Tail>
__device__ __forceinline__ void persistent_product(unsigned char* shared, const ColumnPart& at, const SourceA& a, const SourceB& b,
                                                   int rows, int depth, Store& out, const Tail& tail) {
    const TileRange mine((rows + Tile::BM - 1) / Tile::BM, at.part, at.parts);
    using Gemm = typename Tile::template Gemm<Depth::COLUMNS, DEPTH_B>;
    static_assert(Tail::SLOTS * (int)sizeof(typename Tail::Slot) <= Gemm::SHARED_BYTES, "the fold needs no more than the product");
    const auto keep = [&out](int row, int column, const Float8& v) { out(row, column, v); };
    for (int tile = mine.first, slab = 0; tile < mine.last; ++tile) {
        slab = Gemm::tile(shared, a, b, tile * Tile::BM, at.tile * Tile::BN, 0, depth, keep, slab);
        // What is stored straight from registers needs none: tiles go on taking the two slabs in turn.
        if (Gemm::STORES_FROM_SHARED) __syncthreads();
    }
    if (!Gemm::STORES_FROM_SHARED) __syncthreads();
    tail.fold(out, reinterpret_cast<typename Tail::Slot*>(shared));
}

// The same walk without a product: f(row) for every row of this thread in tiles of `tile_rows` rows and `columns` vectors, in the order
// in which a product stores them.
template <class F>
__device__ __forceinline__ void each_row(const ColumnPart& at, int rows, int tile_rows, int columns, F f) {
    const TileRange mine((rows + tile_rows - 1) / tile_rows, at.part, at.parts);
    const int lane = (int)threadIdx.x / columns, lanes = (int)blockDim.x / columns;
    for (int tile = mine.first; tile < mine.last; ++tile) {
        const int end = min((tile + 1) * tile_rows, rows);
        for (int row = tile * tile_rows + lane; row < end; row += lanes) f(row);
    }
}

}  // namespace separable
