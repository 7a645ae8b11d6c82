// Weight gradients: a small product with a very deep sum, one row of depth per pixel of the batch. The depth is split over
// gridDim.y CTAs; each writes its partial tile to the workspace, and the last to arrive at a tile adds them in order of the
// splits and writes the gradient with `=`. workspace: fp32 [tiles][splits][BM][BN]; tickets: int [tiles], zero before and after.
#pragma once
#include "fold.cuh"
#include "gemm.cuh"

namespace separable {

// The gradient is [a's outer extent, b's outer extent `columns`], written through `store`.
// blockIdx.x: tile, columns fastest; blockIdx.y: split. depth_per_split is a multiple of Tile::BK.
template <class Tile, class SourceA, class SourceB, class Store>
__device__ __forceinline__ void split_gemm(const SourceA& a, const SourceB& b, int columns, int depth, int depth_per_split,
                                           float* workspace, int* tickets, const Store& store) {
    constexpr int BM = Tile::BM, BN = Tile::BN;
    const int tile = (int)blockIdx.x, split = (int)blockIdx.y, splits = (int)gridDim.y;
    const int tile_columns = (columns + BN - 1) / BN;
    const int m0 = tile / tile_columns * BM, n0 = tile % tile_columns * BN;
    const int depth0 = split * depth_per_split, depth1 = min(depth, depth0 + depth_per_split);
    float* const partials = workspace + (size_t)tile * splits * (BM * BN);
    const auto keep = [=](int row, int column, const float (&v)[VEC]) {
        if (splits == 1) store(row, column, v);
        else store8(partials + split * (BM * BN) + (row - m0) * BN + column - n0, v);
    };
    Tile::template Gemm<Depth::ROWS, Depth::ROWS>::run(a, b, m0, n0, depth0, depth1, keep);

    if (splits > 1 && last_to_arrive(tickets + tile, splits)) {
        for (int i = (int)threadIdx.x; i < BM * BN / VEC; i += Tile::THREADS) {
            float sum[VEC];
            zero8(sum);
            for (int s = 0; s < splits; ++s)
                UNROLL for (int k = 0; k < VEC; ++k) sum[k] += __ldcg(partials + s * (BM * BN) + i * VEC + k);
            store(m0 + i / (BN / VEC), n0 + i % (BN / VEC) * VEC, sum);
        }
    }
}

}  // namespace separable
