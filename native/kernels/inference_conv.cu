// General convolution in inference, NHWC: y = act(conv(x, w) + bias) + skip, conv as in conv.cu and in its order of sums.
// x [N,H,W,Cin], w [Cout,KH,KW,Cin], bias fp32 [Cout], skip [N,Ho,Wo,Cout] or null, y [N,Ho,Wo,Cout], `=`; y may be skip.
// Grid (ceil(N*Ho*Wo / BM), ceil(Cout / BN)). The `few` kernels sum over the first `channels` of Cin alone (few_channels.cuh).
#include "few_channels.cuh"
#include "gemm_tiles.cuh"
#include "inference.cuh"

namespace separable {

template <class Tile, class T>
__device__ __forceinline__ void conv_inference(const T* x, const T* w, const StoreActivated<T>& out, const ConvGeometry& g) {
    const int depth = g.taps() * g.cin;
    Tile::template Gemm<Depth::COLUMNS, Depth::COLUMNS>::run(
        Patches<RawLoad<T>>{{x}, g}, matrix(w, g.cout, depth), (int)blockIdx.x * Tile::BM, (int)blockIdx.y * Tile::BN, 0, depth, out);
}

template <class Tile, class T>
__device__ __forceinline__ void conv_few_inference(const T* x, const T* w, const StoreActivated<T>& out, const ConvGeometry& g,
                                                   int channels) {
    Tile::template Gemm<Depth::COLUMNS, Depth::COLUMNS>::run(
        PackedPatches<RawLoad<T>>{{x}, g, channels}, PackedFilter<RawLoad<T>>{{w}, g, channels}, (int)blockIdx.x * Tile::BM,
        (int)blockIdx.y * Tile::BN, 0, g.taps() * channels, out);
}

}  // namespace separable

#define CONV_INFERENCE_OPERANDS(dtype)                                                                                    \
    const separable::Element_##dtype* __restrict__ x, const separable::Element_##dtype* __restrict__ w,                   \
        const float* __restrict__ bias, const separable::Element_##dtype* skip, separable::Element_##dtype* y,            \
        int images, int h, int w_, int cin, int ho, int wo, int cout, int kh, int kw, int stride, int dilation,           \
        int pad_top, int pad_left
#define CONV_INFERENCE_GEOMETRY \
    const separable::ConvGeometry g{images, h, w_, cin, ho, wo, cout, kh, kw, stride, dilation, pad_top, pad_left}
#define CONV_INFERENCE_STORE(dtype) \
    separable::StoreActivated<separable::Element_##dtype> { y, bias, skip, g.output_rows(), cout, low, high }

#define CONV_INFERENCE(tile, dtype)                                                                                       \
    TILE_KERNEL(tile, dtype)                                                                                              \
    conv_inference_##tile##_##dtype(CONV_INFERENCE_OPERANDS(dtype), float low, float high) {                              \
        CONV_INFERENCE_GEOMETRY;                                                                                          \
        separable::conv_inference<separable::Tile_##tile##_##dtype>(x, w, CONV_INFERENCE_STORE(dtype), g);                \
    }                                                                                                                     \
    EXPORT_KERNEL(conv_inference_##tile##_##dtype);

#define CONV_FEW_INFERENCE(tile, dtype)                                                                                   \
    TILE_KERNEL(tile, dtype)                                                                                              \
    conv_few_inference_##tile##_##dtype(CONV_INFERENCE_OPERANDS(dtype), int channels, float low, float high) {            \
        CONV_INFERENCE_GEOMETRY;                                                                                          \
        separable::conv_few_inference<separable::Tile_##tile##_##dtype>(x, w, CONV_INFERENCE_STORE(dtype), g, channels);  \
    }                                                                                                                     \
    EXPORT_KERNEL(conv_few_inference_##tile##_##dtype);

FOR_EACH_TILE(CONV_INFERENCE)
FOR_EACH_NARROW_TILE(CONV_FEW_INFERENCE)
