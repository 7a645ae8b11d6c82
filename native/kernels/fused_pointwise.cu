// Pointwise convolution of the fused schedule: y [M, Cout] = A [M, Cin] w [Cout, Cin]^T, and y's statistics [4][Cout] with running
// moved, all with `=` (terms: fused.cuh, fused_gemm.cuh). A, made on load, and stored where it is a sum:
//   fused_pw_raw_*       x
//   fused_pw_norm_*      act(BN(x)), x with its statistics [4][Cin]
//   fused_pw_sum_raw_*   sum = BN(x) + skip
//   fused_pw_sum_norm_*  sum = BN(x) + BN(skip), skip with statistics of its own
// *_tf32: tensors are fp32, and operands are rounded to tf32 (ptx.cuh) before they are multiplied.
// x, skip, sum: [M, Cin]. Grid: (CTAs over the row tiles, ceil(Cout / BN)); every column tile makes the sum, the first stores it.
// partials: fp32 [gridDim.x][Cout / 8][32]; one ticket per gridDim.y.
#include "fused_gemm.cuh"
#include "gemm_tiles.cuh"

namespace separable {

template <class T> struct FusedForwardOutput {
    const float *gamma, *beta;
    T* y;
    float *statistics, *running, *partials;
    int* tickets;
    float epsilon, momentum;
};

template <class Tile, class T, class Load>
__device__ __forceinline__ void fused_pw_forward(const Load& load, const T* w, const FusedForwardOutput<T>& to, int m, int cin, int cout) {
    unsigned char* const shared = product_memory<Tile::template Gemm<Depth::COLUMNS, Depth::COLUMNS>::SHARED_BYTES>();
    const ColumnPart at = ColumnPart::of_grid();
    StoreStatistics<T> out(StoreRows<T>{to.y, m, cout});
    persistent_product<Tile, Depth::COLUMNS>(
        shared, at, Matrix<Load>{load, m, cin}, matrix(w, cout, cin), m, cin, out,
        FoldStatistics<Tile::THREADS>{to.gamma, to.beta, to.statistics, to.running, to.partials, to.tickets + at.tile,
                                      fold_place(at, Tile::BN / VEC, cout), cout, to.epsilon, to.momentum});
}

// Of the CTAs that read the same rows the first stores their sum.
template <class T> __device__ __forceinline__ T* stored_once(T* sum) { return blockIdx.y == 0 ? sum : nullptr; }

}  // namespace separable

// Parameters that all four end in, and what they are handed on as.
#define FUSED_PW_REST(T)                                                                                                     \
    const T *__restrict__ w, const float *__restrict__ gamma, const float *__restrict__ beta, T *__restrict__ y,             \
        float *statistics, float *running, float *partials, int *tickets, int m, int cin, int cout, float epsilon,           \
        float momentum
#define FUSED_PW_CALL(tile, dtype, ...)                                                                                      \
    separable::fused_pw_forward<separable::Tile_##tile##_##dtype>(                                                           \
        __VA_ARGS__, w,                                                                                                      \
        separable::FusedForwardOutput<separable::Element_##dtype>{gamma, beta, y, statistics, running, partials, tickets,    \
                                                                  epsilon, momentum}, m, cin, cout)

#define FUSED_PW_FORWARD(tile, dtype)                                                                                        \
    TILE_KERNEL(tile, dtype) fused_pw_raw_##tile##_##dtype(const separable::Element_##dtype* __restrict__ x,                 \
                                                           FUSED_PW_REST(separable::Element_##dtype)) {                      \
        using T = separable::Element_##dtype;                                                                                \
        FUSED_PW_CALL(tile, dtype, separable::RawLoad<T>{x});                                                                \
    }                                                                                                                        \
    TILE_KERNEL(tile, dtype) fused_pw_norm_##tile##_##dtype(                                                                 \
        const separable::Element_##dtype* __restrict__ x, const float* __restrict__ x_statistics,                            \
        FUSED_PW_REST(separable::Element_##dtype), float low, float high) {                                                  \
        using T = separable::Element_##dtype;                                                                                \
        FUSED_PW_CALL(tile, dtype, separable::NormLoad<T>{x, {x_statistics, cin, low, high}});                               \
    }                                                                                                                        \
    TILE_KERNEL(tile, dtype) fused_pw_sum_raw_##tile##_##dtype(                                                              \
        const separable::Element_##dtype* __restrict__ x, const float* __restrict__ x_statistics,                            \
        const separable::Element_##dtype* __restrict__ skip, separable::Element_##dtype* __restrict__ sum,                   \
        FUSED_PW_REST(separable::Element_##dtype), float low, float high) {                                                  \
        using T = separable::Element_##dtype;                                                                                \
        FUSED_PW_CALL(tile, dtype, separable::SumLoad<T, separable::RawLoad<T>>{                                             \
            {x, {x_statistics, cin, low, high}}, {skip}, separable::stored_once(sum)});                                      \
    }                                                                                                                        \
    TILE_KERNEL(tile, dtype) fused_pw_sum_norm_##tile##_##dtype(                                                             \
        const separable::Element_##dtype* __restrict__ x, const float* __restrict__ x_statistics,                            \
        const separable::Element_##dtype* __restrict__ skip, const float* __restrict__ skip_statistics,                      \
        separable::Element_##dtype* __restrict__ sum, FUSED_PW_REST(separable::Element_##dtype), float low, float high) {    \
        using T = separable::Element_##dtype;                                                                                \
        FUSED_PW_CALL(tile, dtype, separable::SumLoad<T, separable::NormLoad<T>>{                                            \
            {x, {x_statistics, cin, low, high}}, {skip, {skip_statistics, cin, low, high}}, separable::stored_once(sum)});   \
    }                                                                                                                        \
    EXPORT_KERNEL(fused_pw_raw_##tile##_##dtype);                                                                            \
    EXPORT_KERNEL(fused_pw_norm_##tile##_##dtype);                                                                           \
    EXPORT_KERNEL(fused_pw_sum_raw_##tile##_##dtype);                                                                        \
    EXPORT_KERNEL(fused_pw_sum_norm_##tile##_##dtype);

FOR_EACH_FUSED_TILE(FUSED_PW_FORWARD)
FOR_EACH_LARGE_TILE(FUSED_PW_FORWARD)
FOR_EACH_TF32_TILE(FUSED_PW_FORWARD)
