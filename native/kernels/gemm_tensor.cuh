// The matrix product on tensor cores (see gemm.cuh for the terms): operands of 16 bits, or fp32 ones rounded to tf32 as they are
// staged; fp32 sums, one rounding at the store. A warp owns MI*16 x NI*8 elements of C and multiplies whole slabs from shared
// memory; both operands stay there as they lie in their sources and are turned over as they are read (ptx.cuh). Slabs are
// double-buffered: one barrier each.
#pragma once
#include "gemm.cuh"
#include "ptx.cuh"

namespace separable {

template <class Tile, Depth DEPTH_A, Depth DEPTH_B> struct TensorGemm;

// WARPS_M x WARPS_N warps side by side, GROUPS of them in depth: each group takes its part of every slab. T: as operands lie in
// shared memory; of tf32 the sources are fp32.
template <class T, int WARPS_M_, int WARPS_N_, int MI_, int NI_, int BK_, int GROUPS_ = 1> struct TensorTile {
    using Element = T;
    template <Depth DEPTH_A, Depth DEPTH_B> using Gemm = TensorGemm<TensorTile, DEPTH_A, DEPTH_B>;
    static constexpr int WARPS_M = WARPS_M_, WARPS_N = WARPS_N_, MI = MI_, NI = NI_, BK = BK_, GROUPS = GROUPS_;
    static constexpr int WARP_M = MI * 16, WARP_N = NI * 8;
    static constexpr int BM = WARPS_M * WARP_M, BN = WARPS_N * WARP_N;
    static constexpr int THREADS = WARPS_M * WARPS_N * GROUPS * 32;
    static constexpr int GROUP_DEPTH = BK / GROUPS;
    static_assert(GROUP_DEPTH % OperandTile<T>::STEP == 0 && NI % 2 == 0, "a group takes whole steps, and B is read 16 columns at a time");
};

template <class Tile, Depth DEPTH_A, Depth DEPTH_B> struct TensorGemm : CtaProduct<TensorGemm<Tile, DEPTH_A, DEPTH_B>> {
    using Element = typename Tile::Element;
    using Operand = OperandTile<Element>;
    static constexpr int BM = Tile::BM, BN = Tile::BN, BK = Tile::BK, MI = Tile::MI, NI = Tile::NI, GROUPS = Tile::GROUPS;
    static constexpr bool TRANSPOSE_A = DEPTH_A == Depth::ROWS, TRANSPOSE_B = DEPTH_B == Depth::ROWS;
    static constexpr int PITCH_A = Operand::pitch(TRANSPOSE_A ? BM : BK, TRANSPOSE_A);
    static constexpr int PITCH_B = Operand::pitch(TRANSPOSE_B ? BN : BK, TRANSPOSE_B);
    static constexpr int SIZE_A = (TRANSPOSE_A ? BK : BM) * PITCH_A, SIZE_B = (TRANSPOSE_B ? BK : BN) * PITCH_B;
    static constexpr int SLAB = SIZE_A + SIZE_B;
    // Finished tiles go through shared memory too, as fp32, so that they are stored by rows, 16 bytes at a time: those of the large
    // tile one row of warps after the other, to stay within the 48 KB that a block has without asking.
    static constexpr int PASSES = BM * BN > 128 * 64 ? Tile::WARPS_M : 1, ROWS_C = BM / PASSES;
    static_assert(PASSES == 1 || GROUPS == 1, "groups are added over whole tiles");
    static constexpr int PITCH_C = BN + 4, SIZE_C = GROUPS * ROWS_C * PITCH_C;
    static constexpr int BYTES_SLABS = 2 * SLAB * (int)sizeof(Element), BYTES_C = SIZE_C * (int)sizeof(float);
    static constexpr int SHARED_BYTES = BYTES_SLABS > BYTES_C ? BYTES_SLABS : BYTES_C;
    static constexpr bool STORES_FROM_SHARED = true;

    // C[m0.., n0..] over depth [depth0, depth1), by way of SHARED_BYTES of shared memory; both sources give zeros beyond their
    // ends. slab: which of the two buffers comes first; returns the one for the next tile of this CTA in the same memory, which
    // needs a barrier before it only if tiles are stored from there.
    template <class SourceA, class SourceB, class Store>
    static __device__ __forceinline__ int tile(unsigned char* shared, const SourceA& a, const SourceB& b, int m0, int n0, int depth0,
                                               int depth1, Store& out, int slab = 0) {
        Element* const slabs = reinterpret_cast<Element*>(shared);
        const int warp = (int)threadIdx.x / 32, lane = (int)threadIdx.x % 32;
        const int group = warp / (Tile::WARPS_M * Tile::WARPS_N);
        const int warp_m = warp % Tile::WARPS_M * Tile::WARP_M, warp_n = warp / Tile::WARPS_M % Tile::WARPS_N * Tile::WARP_N;
        Stager<SourceA, DEPTH_A, BM, BK, Tile::THREADS> stage_a(a, m0);
        Stager<SourceB, DEPTH_B, BN, BK, Tile::THREADS> stage_b(b, n0);

        float sum[MI][NI][4];
        UNROLL for (int i = 0; i < MI; ++i)
            UNROLL for (int j = 0; j < NI; ++j)
                UNROLL for (int q = 0; q < 4; ++q) sum[i][j][q] = 0.f;

        stage_a.fetch(depth0);
        stage_b.fetch(depth0);
        for (int d = depth0; d < depth1; d += BK, slab ^= 1) {
            Element* const tile_a = slabs + slab * SLAB;
            Element* const tile_b = tile_a + SIZE_A;
            stage_a.stash(tile_a, PITCH_A);
            stage_b.stash(tile_b, PITCH_B);
            __syncthreads();
            if (d + BK < depth1) {
                stage_a.fetch(d + BK);
                stage_b.fetch(d + BK);
            }
            multiply(sum, tile_a, tile_b, warp_m, warp_n, group * Tile::GROUP_DEPTH, lane);
        }

        float* const finished = reinterpret_cast<float*>(shared);
        for (int row = 0; row < BM; row += ROWS_C) {
            __syncthreads();
            if (PASSES == 1 || warp_m == row) spread(sum, finished + (group * BM + warp_m - row) * PITCH_C + warp_n, lane);
            __syncthreads();
            store_tile<ROWS_C, BN, PITCH_C, GROUPS, Tile::THREADS>(finished, m0 + row, n0, out);
        }
        return slab;
    }

    // The product of one group's part of a slab.
    static __device__ __forceinline__ void multiply(float (&sum)[MI][NI][4], const Element* tile_a, const Element* tile_b, int warp_m,
                                                    int warp_n, int first, int lane) {
        constexpr int STEP = Operand::STEP;
        const Element *a[MI], *b[NI / 2];
        UNROLL for (int i = 0; i < MI; ++i)
            a[i] = Operand::template left<TRANSPOSE_A>(tile_a, PITCH_A, warp_m + i * 16, first, lane);
        UNROLL for (int j = 0; j < NI / 2; ++j)
            b[j] = Operand::template right<TRANSPOSE_B>(tile_b, PITCH_B, warp_n + j * 16, first, lane);
        warp_multiply<MI, NI, Tile::GROUP_DEPTH / STEP, TRANSPOSE_A, TRANSPOSE_B>(
            sum, a, TRANSPOSE_A ? STEP * PITCH_A : STEP, b, TRANSPOSE_B ? STEP * PITCH_B : STEP);
    }

    // Writes the warp's elements of C where they belong in its tile [WARP_M][PITCH_C].
    static __device__ __forceinline__ void spread(const float (&sum)[MI][NI][4], float* tile, int lane) {
        UNROLL for (int i = 0; i < MI; ++i)
            UNROLL for (int j = 0; j < NI; ++j)
                UNROLL for (int half = 0; half < 2; ++half)
                    *reinterpret_cast<float2*>(tile + (i * 16 + lane / 4 + half * 8) * PITCH_C + j * 8 + lane % 4 * 2) =
                        make_float2(sum[i][j][half * 2], sum[i][j][half * 2 + 1]);
    }
};

}  // namespace separable
