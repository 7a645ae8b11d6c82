// Pointwise (1x1) convolution and dense layers. With M = N*H*W pixels, x [M, Cin], w [Cout, Cin], y [M, Cout], row-major:
//
//     forward           y  = x w^T       rounded once to T
//     data gradient     dx = dy w        rounded once to T
//     filter gradient   dw = dy^T x      fp32
//
// all written with `=`. Cin and Cout are stored channels, multiples of eight. Grids: forward and data gradient
// (ceil(M / BM), ceil(C / BN)) with C the channels of what is written; filter gradient as in gemm_split.cuh.
// *_tf32: T is fp32, and operands are rounded to tf32 (ptx.cuh) before they are multiplied.
#include "gemm_split.cuh"
#include "gemm_tiles.cuh"

namespace separable {

template <class Tile, class T>
__device__ __forceinline__ void pw_forward(const T* x, const T* w, T* y, int m, int cin, int cout) {
    Tile::template Gemm<Depth::COLUMNS, Depth::COLUMNS>::run(
        matrix(x, m, cin), matrix(w, cout, cin), (int)blockIdx.x * Tile::BM, (int)blockIdx.y * Tile::BN, 0, cin,
        StoreRows<T>{y, m, cout});
}

template <class Tile, class T>
__device__ __forceinline__ void pw_backward_data(const T* dy, const T* w, T* dx, int m, int cin, int cout) {
    Tile::template Gemm<Depth::COLUMNS, Depth::ROWS>::run(
        matrix(dy, m, cout), matrix(w, cout, cin), (int)blockIdx.x * Tile::BM, (int)blockIdx.y * Tile::BN, 0, cout,
        StoreRows<T>{dx, m, cin});
}

template <class Tile, class T>
__device__ __forceinline__ void pw_backward_filter(const T* x, const T* dy, float* dw, float* workspace, int* tickets,
                                                   int m, int cin, int cout, int rows_per_split) {
    split_gemm<Tile>(matrix(dy, m, cout), matrix(x, m, cin), cin, m, rows_per_split, workspace, tickets,
                     StoreRows<float>{dw, cout, cin});
}

}  // namespace separable

#define PW_FORWARD(tile, dtype)                                                                                       \
    TILE_KERNEL(tile, dtype) pw_forward_##tile##_##dtype(                                                             \
        const separable::Element_##dtype* __restrict__ x, const separable::Element_##dtype* __restrict__ w,           \
        separable::Element_##dtype* __restrict__ y, int m, int cin, int cout) {                                       \
        separable::pw_forward<separable::Tile_##tile##_##dtype>(x, w, y, m, cin, cout);                               \
    }                                                                                                                 \
    EXPORT_KERNEL(pw_forward_##tile##_##dtype);

#define PW_BACKWARD_DATA(tile, dtype)                                                                                 \
    TILE_KERNEL(tile, dtype) pw_backward_data_##tile##_##dtype(                                                       \
        const separable::Element_##dtype* __restrict__ dy, const separable::Element_##dtype* __restrict__ w,          \
        separable::Element_##dtype* __restrict__ dx, int m, int cin, int cout) {                                      \
        separable::pw_backward_data<separable::Tile_##tile##_##dtype>(dy, w, dx, m, cin, cout);                       \
    }                                                                                                                 \
    EXPORT_KERNEL(pw_backward_data_##tile##_##dtype);

#define PW_BACKWARD_FILTER(tile, dtype)                                                                               \
    FILTER_TILE_KERNEL(tile, dtype) pw_backward_filter_##tile##_##dtype(                                              \
        const separable::Element_##dtype* __restrict__ x, const separable::Element_##dtype* __restrict__ dy,          \
        float* __restrict__ dw, float* workspace, int* tickets, int m, int cin, int cout, int rows_per_split) {       \
        separable::pw_backward_filter<separable::FilterTile_##tile##_##dtype>(x, dy, dw, workspace, tickets, m, cin,  \
                                                                              cout, rows_per_split);                  \
    }                                                                                                                 \
    EXPORT_KERNEL(pw_backward_filter_##tile##_##dtype);

FOR_EACH_TILE(PW_FORWARD)
FOR_EACH_LARGE_TILE(PW_FORWARD)
FOR_EACH_TILE(PW_BACKWARD_DATA)
FOR_EACH_LARGE_TILE(PW_BACKWARD_DATA)
FOR_EACH_FILTER_TILE(PW_BACKWARD_FILTER)
FOR_EACH_TF32_TILE(PW_FORWARD)
FOR_EACH_TF32_TILE(PW_BACKWARD_DATA)
FOR_EACH_TF32_FILTER_TILE(PW_BACKWARD_FILTER)
