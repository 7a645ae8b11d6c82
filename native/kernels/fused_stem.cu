// The first convolution of the fused schedule: any dense one, of a picture x [N,H,W,Cin] as it is (formulas and layouts: conv.cu).
//   fused_stem_forward_*   y and its statistics [4][Cout], running moves; grid as in fused_pointwise.cu, over N*Ho*Wo rows
//   fused_stem_backward_*  dw from the picture and dY, which is made on load of g, y, statistics and sums; grid as in gemm_split.cuh
// Everything but running is written with `=`. The `few` kernels take the first `channels` of Cin alone (few_channels.cuh).
#include "few_channels.cuh"
#include "fused_gemm.cuh"
#include "gemm_split.cuh"
#include "gemm_tiles.cuh"

namespace separable {

template <class Tile, class T, class Picture, class Filter>
__device__ __forceinline__ void fused_stem_forward(const Picture& picture, const Filter& filter, const float* gamma, const float* beta, T* y,
                                                   float* statistics, float* running, float* partials, int* tickets,
                                                   const ConvGeometry& g, int depth, float epsilon, float momentum) {
    unsigned char* const shared = product_memory<Tile::template Gemm<Depth::COLUMNS, Depth::COLUMNS>::SHARED_BYTES>();
    const ColumnPart at = ColumnPart::of_grid();
    StoreStatistics<T> out(StoreRows<T>{y, g.output_rows(), g.cout});
    persistent_product<Tile, Depth::COLUMNS>(
        shared, at, picture, filter, g.output_rows(), depth, out,
        FoldStatistics<Tile::THREADS>{gamma, beta, statistics, running, partials, tickets + at.tile,
                                      fold_place(at, Tile::BN / VEC, g.cout), g.cout, epsilon, momentum});
}

}  // namespace separable

#define STEM_GEOMETRY_PARAMETERS                                                                                             \
    int images, int h, int w_, int cin, int ho, int wo, int cout, int kh, int kw, int stride, int dilation, int pad_top,     \
        int pad_left
#define STEM_GEOMETRY \
    const separable::ConvGeometry geometry{images, h, w_, cin, ho, wo, cout, kh, kw, stride, dilation, pad_top, pad_left}

#define STEM_FORWARD_PARAMETERS(T)                                                                                           \
    const T *__restrict__ x, const T *__restrict__ w, const float *__restrict__ gamma, const float *__restrict__ beta,       \
        T *__restrict__ y, float *statistics, float *running, float *partials, int *tickets, STEM_GEOMETRY_PARAMETERS,       \
        int channels, float epsilon, float momentum
#define STEM_BACKWARD_PARAMETERS(T)                                                                                          \
    const T *__restrict__ g, const T *__restrict__ y, const float *__restrict__ statistics, const float *__restrict__ sums,  \
        const T *__restrict__ x, float *__restrict__ dw, float *workspace, int *tickets, STEM_GEOMETRY_PARAMETERS,           \
        int channels, int rows_per_split

#define STEM_DY \
    (separable::Matrix<separable::GradientLoad<T>>{{g, y, {statistics, sums, cout}}, geometry.output_rows(), cout})

#define FUSED_STEM_FORWARD(tile, dtype)                                                                                      \
    TILE_KERNEL(tile, dtype) fused_stem_few_forward_##tile##_##dtype(STEM_FORWARD_PARAMETERS(separable::Element_##dtype)) {  \
        using T = separable::Element_##dtype;                                                                                \
        STEM_GEOMETRY;                                                                                                       \
        separable::fused_stem_forward<separable::Tile_##tile##_##dtype>(                                                     \
            separable::PackedPatches<separable::RawLoad<T>>{{x}, geometry, channels},                                        \
            separable::PackedFilter<separable::RawLoad<T>>{{w}, geometry, channels}, gamma, beta, y, statistics, running,    \
            partials, tickets, geometry, geometry.taps() * channels, epsilon, momentum);                                     \
    }                                                                                                                        \
    TILE_KERNEL(tile, dtype) fused_stem_forward_##tile##_##dtype(STEM_FORWARD_PARAMETERS(separable::Element_##dtype)) {      \
        using T = separable::Element_##dtype;                                                                                \
        STEM_GEOMETRY;                                                                                                       \
        const int depth = geometry.taps() * cin;                                                                             \
        separable::fused_stem_forward<separable::Tile_##tile##_##dtype>(                                                     \
            separable::Patches<separable::RawLoad<T>>{{x}, geometry}, separable::matrix(w, cout, depth), gamma, beta, y,     \
            statistics, running, partials, tickets, geometry, depth, epsilon, momentum);                                     \
    }                                                                                                                        \
    EXPORT_KERNEL(fused_stem_few_forward_##tile##_##dtype);                                                                  \
    EXPORT_KERNEL(fused_stem_forward_##tile##_##dtype);

#define FUSED_STEM_BACKWARD(tile, dtype)                                                                                     \
    FILTER_TILE_KERNEL(tile, dtype)                                                                                          \
    fused_stem_few_backward_##tile##_##dtype(STEM_BACKWARD_PARAMETERS(separable::Element_##dtype)) {                         \
        using T = separable::Element_##dtype;                                                                                \
        STEM_GEOMETRY;                                                                                                       \
        separable::split_gemm<separable::FilterTile_##tile##_##dtype>(                                                       \
            STEM_DY, separable::PackedPatches<separable::RawLoad<T>>{{x}, geometry, channels}, geometry.taps() * channels,   \
            geometry.output_rows(), rows_per_split, workspace, tickets, separable::StorePackedFilter{dw, geometry, channels}); \
    }                                                                                                                        \
    FILTER_TILE_KERNEL(tile, dtype)                                                                                          \
    fused_stem_backward_##tile##_##dtype(STEM_BACKWARD_PARAMETERS(separable::Element_##dtype)) {                             \
        using T = separable::Element_##dtype;                                                                                \
        STEM_GEOMETRY;                                                                                                       \
        const int columns = geometry.taps() * cin;                                                                           \
        separable::split_gemm<separable::FilterTile_##tile##_##dtype>(                                                       \
            STEM_DY, separable::Patches<separable::RawLoad<T>>{{x}, geometry}, columns, geometry.output_rows(),              \
            rows_per_split, workspace, tickets, separable::StoreRows<float>{dw, cout, columns});                             \
    }                                                                                                                        \
    EXPORT_KERNEL(fused_stem_few_backward_##tile##_##dtype);                                                                 \
    EXPORT_KERNEL(fused_stem_backward_##tile##_##dtype);

FOR_EACH_NARROW_TILE(FUSED_STEM_FORWARD)
FOR_EACH_NARROW_FILTER_TILE(FUSED_STEM_BACKWARD)
