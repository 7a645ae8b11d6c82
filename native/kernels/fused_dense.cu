// A dense layer of the fused schedule, with M rows (the batch), P [M, Cin] its input, w [Cout, Cin]:
//   forward   logits = P w^T + bias                                   rounded to T before the bias and after it
//   backward  dP = dropout(dlogits w)                                 rounded to T before the mask and after it
//             dw = dlogits^T P,  dbias = sum over rows of dlogits     fp32
// all written with `=`. Cin and Cout are stored channels, multiples of eight; bias, dbias: fp32 [Cout]. bias null: none. state
// null: no dropout. *_tf32: T is fp32, and operands are rounded to tf32 (ptx.cuh) before they are multiplied.
//
// Grids: forward (ceil(M / BM), ceil(Cout / BN)). backward shares its CTAs out along x by role, in this
// order: the tiles of dP, the tiles of dw times `splits` (gemm_split.cuh), and where there is a bias ceil(Cout / 8 / columns) for
// its gradient.
#include "dropout.cuh"
#include "fused.cuh"
#include "gemm_split.cuh"
#include "gemm_tiles.cuh"

namespace separable {

template <class T> struct StoreBias {
    StoreRows<T> rows;
    const float* bias;
    __device__ __forceinline__ void operator()(int row, int channel, const Float8& v) const {
        if (!rows.has(row, channel)) return;
        rows(row, channel, bias ? rounded<T>(v) + load_readonly(bias + channel) : v);
    }
};

template <class T> struct StoreDropped {
    StoreRows<T> rows;
    DropoutMask dropout;
    __device__ __forceinline__ void operator()(int row, int channel, const Float8& v) const {
        if (!rows.has(row, channel)) return;
        Float8 kept = rounded<T>(v);
        dropout.apply((row * rows.channels + channel) / VEC, kept);
        rows(row, channel, kept);
    }
};

template <class Tile, class T>
__device__ __forceinline__ void fused_dense(const T* x, const T* w, const float* bias, T* y, int m, int cin, int cout) {
    Tile::template Gemm<Depth::COLUMNS, Depth::COLUMNS>::run(
        matrix(x, m, cin), matrix(w, cout, cin), (int)blockIdx.x * Tile::BM, (int)blockIdx.y * Tile::BN, 0, cin,
        StoreBias<T>{{y, m, cout}, bias});
}

// sums[channel] = the sum of dy over all rows, for `columns` vectors of channels: FOLD_THREADS threads as Bias.backward has them
// where one CTA takes all rows. The CTA may have more threads.
template <class T>
__device__ __forceinline__ void column_sums(const T* dy, float* sums, int rows, int channels, int tile, int columns) {
    __shared__ Sum8 slots[FOLD_THREADS];
    const int thread = (int)threadIdx.x, lanes = FOLD_THREADS / columns, lane = thread / columns;
    const int channel = (tile * columns + thread - lane * columns) * VEC, run = (rows + lanes - 1) / lanes;
    if (lane < lanes) {
        Sum8 sum = Sum8::empty();
        if (channel < channels)
            UNROLL_4 for (int row = lane * run; row < min(rows, (lane + 1) * run); ++row)
                sum.sum += load_readonly(dy + row * channels + channel);
        slots[thread] = sum;
    }
    __syncthreads();
    if (lane == 0 && channel < channels) {
        Sum8 total = slots[thread];
        for (int other = 1; other < lanes; ++other) total.merge(slots[other * columns + thread]);
        store(sums + channel, total.sum);
    }
}

struct DenseGeometry {
    int m, cin, cout, splits, rows_per_split, columns;
};

// Both products have Cin along their columns: one wide tile serves them.
template <class Tile, class T>
__device__ __forceinline__ void fused_dense_backward(const T* dy, const T* w, const T* x, T* dx, const DropoutMask& dropout, float* dw,
                                                     float* dbias, float* workspace, int* tickets, const DenseGeometry& g) {
    using Data = typename Tile::template Gemm<Depth::COLUMNS, Depth::ROWS>;
    using Filter = typename Tile::template Gemm<Depth::ROWS, Depth::ROWS>;
    __shared__ __align__(16) unsigned char shared[Data::SHARED_BYTES > Filter::SHARED_BYTES ? Data::SHARED_BYTES : Filter::SHARED_BYTES];
    const int across = (g.cin + Tile::BN - 1) / Tile::BN;
    const int data = (g.m + Tile::BM - 1) / Tile::BM * across, filter = (g.cout + Tile::BM - 1) / Tile::BM * across;
    const int block = (int)blockIdx.x;
    if (block < data) {
        StoreDropped<T> out{{dx, g.m, g.cin}, dropout};
        Data::tile(shared, matrix(dy, g.m, g.cout), matrix(w, g.cout, g.cin), block / across * Tile::BM, block % across * Tile::BN, 0,
                   g.cout, out);
    } else if (block < data + filter * g.splits) {
        const int part = block - data;
        split_tile<Tile>(shared, SplitPlace{part % filter, part / filter, g.splits}, matrix(dy, g.m, g.cout), matrix(x, g.m, g.cin), g.cin,
                         g.m, g.rows_per_split, workspace, tickets, StoreRows<float>{dw, g.cout, g.cin});
    } else {
        column_sums(dy, dbias, g.m, g.cout, block - data - filter * g.splits, g.columns);
    }
}

}  // namespace separable

#define FUSED_DENSE(tile, dtype)                                                                                      \
    TILE_KERNEL(tile, dtype) fused_dense_##tile##_##dtype(                                                            \
        const separable::Element_##dtype* __restrict__ x, const separable::Element_##dtype* __restrict__ w,           \
        const float* __restrict__ bias, separable::Element_##dtype* __restrict__ y, int m, int cin, int cout) {       \
        separable::fused_dense<separable::Tile_##tile##_##dtype>(x, w, bias, y, m, cin, cout);                        \
    }                                                                                                                 \
    EXPORT_KERNEL(fused_dense_##tile##_##dtype);

#define FUSED_DENSE_BACKWARD(dtype)                                                                                   \
    TILE_KERNEL(64x64, dtype) fused_dense_backward_##dtype(                                                           \
        const separable::Element_##dtype* __restrict__ dy, const separable::Element_##dtype* __restrict__ w,          \
        const separable::Element_##dtype* __restrict__ x, const separable::StepState* __restrict__ state,             \
        separable::Element_##dtype* __restrict__ dx, float* __restrict__ dw, float* __restrict__ dbias,               \
        float* workspace, int* tickets, int m, int cin, int cout, int splits, int rows_per_split, int columns,        \
        unsigned threshold, float scale, int salt) {                                                                  \
        separable::fused_dense_backward<separable::Tile_64x64_##dtype>(                                               \
            dy, w, x, dx, separable::DropoutMask{state, threshold, scale, salt}, dw, dbias, workspace, tickets,       \
            separable::DenseGeometry{m, cin, cout, splits, rows_per_split, columns});                                 \
    }                                                                                                                 \
    EXPORT_KERNEL(fused_dense_backward_##dtype);

FOR_EACH_TILE(FUSED_DENSE)
FOR_EACH_TF32_TILE(FUSED_DENSE)

FUSED_DENSE_BACKWARD(f32)
FUSED_DENSE_BACKWARD(bf16)
FP16(FUSED_DENSE_BACKWARD(f16))
FUSED_DENSE_BACKWARD(tf32)
