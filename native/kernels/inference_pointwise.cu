// Pointwise (1x1) convolution and dense layers in inference: y = act(x w^T + bias) + skip. M = N*H*W pixels, x [M, Cin],
// w [Cout, Cin], bias fp32 [Cout], skip [M, Cout] or null, y [M, Cout], row-major, `=`; y may be skip. Cin and Cout are stored
// channels, multiples of eight. Grid (ceil(M / BM), ceil(Cout / BN)). The sum is the one of pointwise.cu, in its order,
// and *_tf32 rounds operands as there.
#include "gemm_tiles.cuh"
#include "inference.cuh"

#define PW_INFERENCE(tile, dtype)                                                                                       \
    TILE_KERNEL(tile, dtype) pw_inference_##tile##_##dtype(                                                             \
        const separable::Element_##dtype* __restrict__ x, const separable::Element_##dtype* __restrict__ w,             \
        const float* __restrict__ bias, const separable::Element_##dtype* skip, separable::Element_##dtype* y, int m,   \
        int cin, int cout, float low, float high) {                                                                     \
        using Tile = separable::Tile_##tile##_##dtype;                                                                  \
        Tile::Gemm<separable::Depth::COLUMNS, separable::Depth::COLUMNS>::run(                                          \
            separable::matrix(x, m, cin), separable::matrix(w, cout, cin), (int)blockIdx.x * Tile::BM,                  \
            (int)blockIdx.y * Tile::BN, 0, cin,                                                                         \
            separable::StoreActivated<separable::Element_##dtype>{y, bias, skip, m, cout, low, high});                  \
    }                                                                                                                   \
    EXPORT_KERNEL(pw_inference_##tile##_##dtype);

FOR_EACH_TILE(PW_INFERENCE)
FOR_EACH_LARGE_TILE(PW_INFERENCE)
FOR_EACH_TF32_TILE(PW_INFERENCE)
