// The fp32 matrix product on ordinary lanes (see gemm.cuh for the terms). A thread owns 8x8 elements of C and reads, per step
// of depth, eight values of A and eight neighbouring values of B from shared memory. Slabs are double-buffered: one barrier each,
// and none between tiles.
#pragma once
#include "gemm.cuh"

namespace separable {

template <class Tile, Depth DEPTH_A, Depth DEPTH_B> struct SimtGemm;

// A CTA computes BM x BN elements of C, BK deep at a time. GROUPS > 1: the threads form that many groups, each takes its part
// of every slab, and the groups' tiles are added at the end; for products so small that one group would be a few threads.
template <int BM_, int BN_, int BK_, int GROUPS_ = 1> struct SimtTile {
    using Element = float;
    template <Depth DEPTH_A, Depth DEPTH_B> using Gemm = SimtGemm<SimtTile, DEPTH_A, DEPTH_B>;
    static constexpr int BM = BM_, BN = BN_, BK = BK_, GROUPS = GROUPS_;
    static constexpr int TM = 8;                                    // rows of C a thread owns
    static constexpr int THREAD_ROWS = BM / TM, THREAD_COLUMNS = BN / VEC;
    static constexpr int GROUP_THREADS = THREAD_ROWS * THREAD_COLUMNS;
    static constexpr int THREADS = GROUP_THREADS * GROUPS;
    static constexpr int GROUP_DEPTH = BK / GROUPS;
    static_assert(GROUP_DEPTH % VEC == 0, "a group works in steps of eight");
};

template <class Tile, Depth DEPTH_A, Depth DEPTH_B> struct SimtGemm : CtaProduct<SimtGemm<Tile, DEPTH_A, DEPTH_B>> {
    static constexpr int BM = Tile::BM, BN = Tile::BN, BK = Tile::BK, TM = Tile::TM, GROUPS = Tile::GROUPS;
    static constexpr bool A_ACROSS = DEPTH_A == Depth::COLUMNS;
    // A stays as it lies in its source: [BM][BK] (padded: threads of a warp read a column of it) or [BK][BM]. B is always [BK][BN].
    static constexpr int PITCH_A = A_ACROSS ? BK + 4 : BM;
    static constexpr int FLOATS_A = (A_ACROSS ? BM : BK) * PITCH_A, FLOATS_B = BK * BN;
    static constexpr int SLAB = FLOATS_A + FLOATS_B;
    static constexpr int PARTIAL = GROUPS > 1 ? GROUPS * BM * BN : 0;
    static constexpr int SHARED_BYTES = (2 * SLAB > PARTIAL ? 2 * SLAB : PARTIAL) * (int)sizeof(float);
    static constexpr bool STORES_FROM_SHARED = GROUPS > 1;

    // One slab: sums += A * B over `depth` (a multiple of eight) steps beginning at `first`.
    static __device__ __forceinline__ void multiply(Float8 (&sum)[TM], const float* a, const float* b, int first, int last) {
        for (int k0 = first; k0 < last; k0 += VEC) {
            UNROLL for (int k = k0; k < k0 + VEC; ++k) {
                const Float8 right = load_tile(b + k * BN);
                UNROLL_FLOAT8 for (int i = 0; i < TM; ++i)
                    sum[i] = multiply_add(a[A_ACROSS ? i * Tile::THREAD_ROWS * PITCH_A + k : k * PITCH_A + i], right, sum[i]);
            }
        }
    }

    // Weights are only loaded: first, they are under way while A's values are made. Of two pictures (A by rows) dY comes first. So
    // nothing spills; the other way round some of the fused kernels do.
    template <class StageA, class StageB> static __device__ __forceinline__ void fetch(StageA& a, StageB& b, int depth) {
        if (A_ACROSS) b.fetch(depth);
        a.fetch(depth);
        if (!A_ACROSS) b.fetch(depth);
    }

    // As TensorGemm::tile.
    template <class SourceA, class SourceB, class Store>
    static __device__ __forceinline__ int tile(unsigned char* memory, const SourceA& a, const SourceB& b, int m0, int n0, int depth0,
                                               int depth1, Store& out, int slab = 0) {
        float* const shared = reinterpret_cast<float*>(memory);
        const int group = (int)threadIdx.x / Tile::GROUP_THREADS, member = (int)threadIdx.x % Tile::GROUP_THREADS;
        const int thread_row = member / Tile::THREAD_COLUMNS, thread_column = member % Tile::THREAD_COLUMNS;
        Stager<SourceA, DEPTH_A, BM, BK, Tile::THREADS> stage_a(a, m0);
        Stager<SourceB, DEPTH_B, BN, BK, Tile::THREADS> stage_b(b, n0);

        Float8 sum[TM];
        UNROLL_FLOAT8 for (int i = 0; i < TM; ++i) sum[i] = broadcast(0.f);

        fetch(stage_a, stage_b, depth0);
        for (int d = depth0; d < depth1; d += BK, slab ^= 1) {
            float* const tile_a = shared + slab * SLAB;
            float* const tile_b = tile_a + FLOATS_A;
            stage_a.stash(tile_a, PITCH_A);
            if (DEPTH_B == Depth::COLUMNS) stage_b.stash_transposed(tile_b, BN); else stage_b.stash(tile_b, BN);
            __syncthreads();
            if (d + BK < depth1) fetch(stage_a, stage_b, d + BK);
            const int first = group * Tile::GROUP_DEPTH;
            multiply(sum, tile_a + thread_row * (A_ACROSS ? PITCH_A : TM), tile_b + thread_column * VEC,
                     first, min(first + Tile::GROUP_DEPTH, depth1 - d));
        }

        if (GROUPS > 1) {
            __syncthreads();
            UNROLL_FLOAT8 for (int i = 0; i < TM; ++i)
                store(shared + (group * BM + tile_row(thread_row, i)) * BN + thread_column * VEC, sum[i]);
            __syncthreads();
            store_tile<BM, BN, BN, GROUPS, Tile::THREADS>(shared, m0, n0, out);
        } else {
            UNROLL_FLOAT8 for (int i = 0; i < TM; ++i)
                out(m0 + tile_row(thread_row, i), n0 + thread_column * VEC, sum[i]);
        }
        return slab;
    }

    // Threads take every THREAD_ROWS-th row of an [BM][BK] tile, so that a warp's reads fall into different banks.
    static __device__ __forceinline__ int tile_row(int thread_row, int i) {
        return A_ACROSS ? thread_row + i * Tile::THREAD_ROWS : thread_row * TM + i;
    }
};

}  // namespace separable
