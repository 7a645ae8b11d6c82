// Weight gradients: a small product with a very deep sum, one row of depth per pixel of the batch. The depth is split over
// CTAs; the Store of each writes its partial tile to the workspace, and in the Tail the last to arrive at a tile adds
// them in order of the splits and writes the gradient with `=`. workspace: fp32 [tiles][splits][BM][BN]; tickets: int [tiles], zero before and after.
#pragma once
#include "gemm.cuh"

namespace separable {

// What a CTA computes: a tile, columns fastest, over one of the parts of its depth.
struct SplitPlace {
    int tile, split, splits;
    static __device__ __forceinline__ SplitPlace of_grid() { return {(int)blockIdx.x, (int)blockIdx.y, (int)gridDim.y}; }
};

// The gradient is [a's outer extent, b's outer extent `columns`], written through `out`, which keeps nothing between calls.
// depth_per_split is a multiple of Tile::BK.
template <class Tile, class SourceA, class SourceB, class Store>
__device__ __forceinline__ void split_gemm(const SourceA& a, const SourceB& b, int columns, int depth, int depth_per_split,
                                           float* workspace, int* tickets, const Store& out,
                                           const SplitPlace& place = SplitPlace::of_grid()) {
    constexpr int BM = Tile::BM, BN = Tile::BN;
    const int tile = place.tile, split = place.split, splits = place.splits;
    const int tile_columns = (columns + BN - 1) / BN;
    const int m0 = tile / tile_columns * BM, n0 = tile % tile_columns * BN;
    const int depth0 = split * depth_per_split, depth1 = min(depth, depth0 + depth_per_split);
    float* const partials = workspace + (size_t)tile * splits * (BM * BN);
    const auto keep = [=](int row, int column, const Float8& v) {
        if (splits == 1) out(row, column, v);
        else store(partials + split * (BM * BN) + (row - m0) * BN + column - n0, v);
    };
    const auto add_splits = [=](const auto&) {
        if (splits == 1 || !last_to_arrive(tickets + tile, splits)) return;
        for (int i = (int)threadIdx.x; i < BM * BN / VEC; i += Tile::THREADS) {
            Float8 sum = broadcast(0.f);
            for (int s = 0; s < splits; ++s) sum += load_partial(partials + s * (BM * BN) + i * VEC);
            out(m0 + i / (BN / VEC), n0 + i % (BN / VEC) * VEC, sum);
        }
    };
    Tile::template Gemm<Depth::ROWS, Depth::ROWS>::run(a, b, m0, n0, depth0, depth1, keep, add_splits);
}

}  // namespace separable
