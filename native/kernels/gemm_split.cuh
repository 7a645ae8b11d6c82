// Weight gradients: a small product with a very deep sum, one row of depth per pixel of the batch. The depth is split over
// CTAs; the Store of each writes its partial tile to the workspace, and the last to arrive at a tile adds them in order of the
// splits and writes the gradient with `=`. workspace: fp32 [tiles][splits][BM][BN]; tickets: int [tiles], zero before and after.
#pragma once
#include "gemm.cuh"

namespace separable {

// What a CTA computes: part `split` of `splits` of the depth of output tile `tile`, tiles of columns fastest.
struct SplitPlace {
    int tile, split, splits;
    static __device__ __forceinline__ SplitPlace of_grid() { return {(int)blockIdx.x, (int)blockIdx.y, (int)gridDim.y}; }
};

// The gradient is [a's outer extent, b's outer extent `columns`], written through `out`, which keeps nothing between calls.
// depth_per_split is a multiple of Tile::BK. shared: the SHARED_BYTES of the product.
template <class Tile, class SourceA, class SourceB, class Store>
__device__ __forceinline__ void split_tile(unsigned char* shared, const SplitPlace& at, const SourceA& a, const SourceB& b, int columns,
                                           int depth, int depth_per_split, float* workspace, int* tickets, const Store& out) {
    constexpr int BM = Tile::BM, BN = Tile::BN;
    const int tile_columns = (columns + BN - 1) / BN;
    const int m0 = at.tile / tile_columns * BM, n0 = at.tile % tile_columns * BN;
    const int depth0 = at.split * depth_per_split, depth1 = min(depth, depth0 + depth_per_split);
    float* const partials = workspace + (size_t)at.tile * at.splits * (BM * BN);
    const auto keep = [=](int row, int column, const Float8& v) {
        if (at.splits == 1) out(row, column, v);
        else store(partials + at.split * (BM * BN) + (row - m0) * BN + column - n0, v);
    };
    Tile::template Gemm<Depth::ROWS, Depth::ROWS>::tile(shared, a, b, m0, n0, depth0, depth1, keep);

    if (at.splits == 1 || !last_to_arrive(tickets + at.tile, at.splits)) return;
    for (int i = (int)threadIdx.x; i < BM * BN / VEC; i += Tile::THREADS) {
        Float8 sum = broadcast(0.f);
        for (int s = 0; s < at.splits; ++s) sum += load_partial(partials + s * (BM * BN) + i * VEC);
        out(m0 + i / (BN / VEC), n0 + i % (BN / VEC) * VEC, sum);
    }
}

// The same as a kernel of its own. blockIdx.x: tile; blockIdx.y: split.
template <class Tile, class SourceA, class SourceB, class Store>
__device__ __forceinline__ void split_gemm(const SourceA& a, const SourceB& b, int columns, int depth, int depth_per_split,
                                           float* workspace, int* tickets, const Store& out) {
    unsigned char* const shared = product_memory<Tile::template Gemm<Depth::ROWS, Depth::ROWS>::SHARED_BYTES>();
    split_tile<Tile>(shared, SplitPlace::of_grid(), a, b, columns, depth, depth_per_split, workspace, tickets, out);
}

}  // namespace separable
