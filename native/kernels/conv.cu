// General convolution (every output channel sees every input channel; any kernel, stride, dilation and padding), NHWC:
//
//     forward           y[n,oy,ox,co] = sum over ky,kx,ci of x[n, oy*S-pad_top+ky*D, ox*S-pad_left+kx*D, ci] * w[co,ky,kx,ci]
//     data gradient     dx, the transpose of that in x       filter gradient   dw, the transpose of that in w (fp32)
//
// x [N,H,W,Cin], w [Cout,KH,KW,Cin], y [N,Ho,Wo,Cout]; S stride, D dilation; taps outside the picture are zero. All written with
// `=`, y and dx rounded once to T. Computed as matrix products over sources that are gathered on the fly (patches.cuh). Grids: forward
// (ceil(N*Ho*Wo / BM), ceil(Cout / BN)), data gradient (ceil(N*H*W / BM), ceil(Cin / BN)), filter gradient as in gemm_split.cuh.
// The `few` kernels compute the same from the first `channels` of Cin alone, the others being surplus (few_channels.cuh).
#include "few_channels.cuh"
#include "gemm_split.cuh"
#include "gemm_tiles.cuh"
#include "patches.cuh"

namespace separable {

template <class Tile, class T>
__device__ __forceinline__ void conv_forward(const T* x, const T* w, T* y, const ConvGeometry& g) {
    const int depth = g.taps() * g.cin;
    Tile::template Gemm<Depth::COLUMNS, Depth::COLUMNS>::run(
        Patches<RawLoad<T>>{{x}, g}, matrix(w, g.cout, depth), (int)blockIdx.x * Tile::BM, (int)blockIdx.y * Tile::BN, 0, depth,
        StoreRows<T>{y, g.output_rows(), g.cout});
}

template <class Tile, class T>
__device__ __forceinline__ void conv_backward_data(const T* dy, const T* w, T* dx, const ConvGeometry& g) {
    Tile::template Gemm<Depth::COLUMNS, Depth::ROWS>::run(
        Arrivals<RawLoad<T>>{{dy}, g}, Taps<RawLoad<T>>{{w}, g}, (int)blockIdx.x * Tile::BM, (int)blockIdx.y * Tile::BN, 0,
        g.taps() * g.cout, StoreRows<T>{dx, g.input_rows(), g.cin});
}

template <class Tile, class T>
__device__ __forceinline__ void conv_backward_filter(const T* x, const T* dy, float* dw, float* workspace, int* tickets,
                                                     const ConvGeometry& g, int rows_per_split) {
    const int columns = g.taps() * g.cin;
    split_gemm<Tile>(matrix(dy, g.output_rows(), g.cout), Patches<RawLoad<T>>{{x}, g}, columns, g.output_rows(), rows_per_split,
                     workspace, tickets, StoreRows<float>{dw, g.cout, columns});
}

template <class Tile, class T>
__device__ __forceinline__ void conv_few_forward(const T* x, const T* w, T* y, const ConvGeometry& g, int channels) {
    Tile::template Gemm<Depth::COLUMNS, Depth::COLUMNS>::run(
        PackedPatches<RawLoad<T>>{{x}, g, channels}, PackedFilter<RawLoad<T>>{{w}, g, channels}, (int)blockIdx.x * Tile::BM,
        (int)blockIdx.y * Tile::BN, 0, g.taps() * channels, StoreRows<T>{y, g.output_rows(), g.cout});
}

template <class Tile, class T>
__device__ __forceinline__ void conv_few_backward_filter(const T* x, const T* dy, float* dw, float* workspace, int* tickets,
                                                         const ConvGeometry& g, int channels, int rows_per_split) {
    split_gemm<Tile>(matrix(dy, g.output_rows(), g.cout), PackedPatches<RawLoad<T>>{{x}, g, channels}, g.taps() * channels,
                     g.output_rows(), rows_per_split, workspace, tickets, StorePackedFilter{dw, g, channels});
}

}  // namespace separable

#define GEOMETRY_PARAMETERS                                                                                               \
    int images, int h, int w_, int cin, int ho, int wo, int cout, int kh, int kw, int stride, int dilation,               \
        int pad_top, int pad_left
#define GEOMETRY {images, h, w_, cin, ho, wo, cout, kh, kw, stride, dilation, pad_top, pad_left}

#define CONV_FORWARD(tile, dtype)                                                                                         \
    TILE_KERNEL(tile, dtype) conv_forward_##tile##_##dtype(                                                               \
        const separable::Element_##dtype* __restrict__ x, const separable::Element_##dtype* __restrict__ w,               \
        separable::Element_##dtype* __restrict__ y, GEOMETRY_PARAMETERS) {                                                \
        separable::conv_forward<separable::Tile_##tile##_##dtype>(x, w, y, GEOMETRY);                                     \
    }                                                                                                                     \
    EXPORT_KERNEL(conv_forward_##tile##_##dtype);

#define CONV_BACKWARD_DATA(tile, dtype)                                                                                   \
    TILE_KERNEL(tile, dtype) conv_backward_data_##tile##_##dtype(                                                         \
        const separable::Element_##dtype* __restrict__ dy, const separable::Element_##dtype* __restrict__ w,              \
        separable::Element_##dtype* __restrict__ dx, GEOMETRY_PARAMETERS) {                                               \
        separable::conv_backward_data<separable::Tile_##tile##_##dtype>(dy, w, dx, GEOMETRY);                             \
    }                                                                                                                     \
    EXPORT_KERNEL(conv_backward_data_##tile##_##dtype);

#define CONV_BACKWARD_FILTER(tile, dtype)                                                                                 \
    FILTER_TILE_KERNEL(tile, dtype) conv_backward_filter_##tile##_##dtype(                                                \
        const separable::Element_##dtype* __restrict__ x, const separable::Element_##dtype* __restrict__ dy,              \
        float* __restrict__ dw, float* workspace, int* tickets, GEOMETRY_PARAMETERS, int rows_per_split) {                \
        separable::conv_backward_filter<separable::FilterTile_##tile##_##dtype>(x, dy, dw, workspace, tickets, GEOMETRY,  \
                                                                                rows_per_split);                          \
    }                                                                                                                     \
    EXPORT_KERNEL(conv_backward_filter_##tile##_##dtype);

#define CONV_FEW_FORWARD(tile, dtype)                                                                                     \
    TILE_KERNEL(tile, dtype) conv_few_forward_##tile##_##dtype(                                                           \
        const separable::Element_##dtype* __restrict__ x, const separable::Element_##dtype* __restrict__ w,               \
        separable::Element_##dtype* __restrict__ y, GEOMETRY_PARAMETERS, int channels) {                                  \
        separable::conv_few_forward<separable::Tile_##tile##_##dtype>(x, w, y, GEOMETRY, channels);                       \
    }                                                                                                                     \
    EXPORT_KERNEL(conv_few_forward_##tile##_##dtype);

#define CONV_FEW_BACKWARD_FILTER(tile, dtype)                                                                             \
    FILTER_TILE_KERNEL(tile, dtype) conv_few_backward_filter_##tile##_##dtype(                                            \
        const separable::Element_##dtype* __restrict__ x, const separable::Element_##dtype* __restrict__ dy,              \
        float* __restrict__ dw, float* workspace, int* tickets, GEOMETRY_PARAMETERS, int channels, int rows_per_split) {  \
        separable::conv_few_backward_filter<separable::FilterTile_##tile##_##dtype>(                                      \
            x, dy, dw, workspace, tickets, GEOMETRY, channels, rows_per_split);                                           \
    }                                                                                                                     \
    EXPORT_KERNEL(conv_few_backward_filter_##tile##_##dtype);

FOR_EACH_TILE(CONV_FORWARD)
FOR_EACH_TILE(CONV_BACKWARD_DATA)
FOR_EACH_FILTER_TILE(CONV_BACKWARD_FILTER)
FOR_EACH_NARROW_TILE(CONV_FEW_FORWARD)
FOR_EACH_NARROW_FILTER_TILE(CONV_FEW_BACKWARD_FILTER)
