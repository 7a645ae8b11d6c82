// Both gradients of a pointwise convolution of the fused schedule in one launch (terms: fused.cuh). With dY [M, Cout] made on load and
// A [M, Cin] the convolution's input:
//
//     G_previous [M, Cin] = mask(dY w + skip gradient), with dgamma, dbeta and the sums of the normalisation before
//     dw [Cout, Cin]      = dY^T A, fp32
//
// all written with `=`. Some CTAs compute the one, persistent over row tiles (fused_gemm.cuh), the others the other, split in depth
// (gemm_split.cuh), and dY is read twice, at about the same time: the roles are spread evenly over blockIdx.x. Grid: data_parts *
// ceil(Cin / BN) + filter tiles * splits CTAs.
//   fused_pw_dual_norm_*         dY from g, y, statistics, sums;                A = act(BN(y_previous))
//   fused_pw_dual_stored_*       dY the same;                                   A = x, a residual sum that was stored
//   fused_pw_dual_pool_norm_*    dY from dp [images][Cout], y, statistics, sums (the last convolution, before a mean over pixels)
//   fused_pw_dual_pool_stored_*
// *_tf32: tensors are fp32, and operands are rounded to tf32 (ptx.cuh) before they are multiplied.
// y_previous: raw input of the normalisation before, with `previous`, its statistics; skip may be null or g_previous. partials: fp32
// [data_parts][2][Cin] and after it those of gemm_split.cuh; tickets: one a column tile, then one a filter tile.
#include "fused_gemm.cuh"
#include "gemm_split.cuh"
#include "gemm_tiles.cuh"

namespace separable {

// `count` of `total` CTAs have the rarer role, spread evenly: how many of them come before CTA `index`.
__device__ __forceinline__ int spread_before(int index, int count, int total) {
    return (int)((long long)index * count / total);
}

// What the gradients are written to, and with what.
template <class T> struct DualOutput {
    const T *y_previous, *skip;
    NormTable previous;
    const T* w;
    T* g;
    float *dgamma, *dbeta, *sums, *dw, *partials;
    int* tickets;
    int m, cin, cout, data_parts, splits, rows_per_split;
    float epsilon;
};

template <class Tile, class T, class Gradient>
__device__ __forceinline__ void dual_data(unsigned char* shared, const ColumnPart& at, const Gradient& dy, const DualOutput<T>& to) {
    constexpr int COLUMNS = Tile::BN / VEC;
    const FoldPlace place = fold_place(at, COLUMNS, to.cin);
    const int channel = (place.first + (int)threadIdx.x % COLUMNS) * VEC;
    StoreGradient<T> out({to.g, to.m, to.cin}, to.y_previous, to.skip, to.previous.at(channel < to.cin ? channel : 0));
    persistent_product<Tile, Depth::ROWS>(
        shared, at, dy, matrix(to.w, to.cout, to.cin), to.m, to.cout, out,
        FoldGradientSums<Tile::THREADS>{to.previous.statistics, to.dgamma, to.dbeta, to.sums, to.partials, to.tickets + at.tile, place,
                                        to.m, to.cin, to.epsilon});
}

template <class DataTile, class FilterTile, class T, class Gradient, class Input>
__device__ __forceinline__ void fused_pw_dual(const Gradient& dy, const Input& input, const DualOutput<T>& to) {
    constexpr int DATA_BYTES = DataTile::template Gemm<Depth::COLUMNS, Depth::ROWS>::SHARED_BYTES;
    constexpr int FILTER_BYTES = FilterTile::template Gemm<Depth::ROWS, Depth::ROWS>::SHARED_BYTES;
    static_assert(DataTile::THREADS == FilterTile::THREADS, "both roles are played by the same block");
    unsigned char* const shared = product_memory<(DATA_BYTES > FILTER_BYTES ? DATA_BYTES : FILTER_BYTES)>();

    const int columns = (to.cin + DataTile::BN - 1) / DataTile::BN, index = (int)blockIdx.x, total = (int)gridDim.x;
    const int data_ctas = to.data_parts * columns;
    const int filters_before = spread_before(index, total - data_ctas, total);
    if (spread_before(index + 1, total - data_ctas, total) == filters_before) {
        // Column tiles of the same rows side by side: they read the same dY.
        const int data = index - filters_before;
        dual_data<DataTile>(shared, ColumnPart{data / columns, to.data_parts, data % columns}, dy, to);
    } else {
        split_tile<FilterTile>(shared, SplitPlace{filters_before / to.splits, filters_before % to.splits, to.splits},
                               dy, input, to.cin, to.m, to.rows_per_split, to.partials + (size_t)to.data_parts * 2 * to.cin,
                               to.tickets + columns, StoreRows<float>{to.dw, to.cout, to.cin});
    }
}

}  // namespace separable

// The parameters between dY's and the ends, for all four; x and the pool's own are left null or 0 where a kernel does not read them.
#define DUAL_PARAMETERS(T)                                                                                                   \
    const T *y_previous, const float *__restrict__ previous, const T *skip, const T *__restrict__ w, T *g_previous,          \
        float *dgamma, float *dbeta, float *sums_previous, float *dw, float *partials, int *tickets, int m, int cin,         \
        int cout, int data_parts, int splits, int rows_per_split, float epsilon, float low, float high

#define DUAL_CALL(data, filter, dtype, gradient, ...)                                                                        \
    separable::fused_pw_dual<separable::Tile_##data##_##dtype, separable::FilterTile_##filter##_##dtype>(                    \
        gradient, __VA_ARGS__,                                                                                               \
        separable::DualOutput<T>{y_previous, skip, {previous, cin, low, high}, w, g_previous, dgamma, dbeta, sums_previous,  \
                                 dw, partials, tickets, m, cin, cout, data_parts, splits, rows_per_split, epsilon})

#define DUAL_GRADIENT (separable::Matrix<separable::GradientLoad<T>>{{g, y, {statistics, sums, cout}}, m, cout})
#define DUAL_POOL_GRADIENT                                                                                                   \
    (separable::PoolGradientMatrix<T>{{dp, y, pixels, cout}, {statistics, cout, pool_low, pool_high}, {statistics, sums, cout}, m})
#define DUAL_NORM separable::Matrix<separable::NormLoad<T>>{{y_previous, {previous, cin, low, high}}, m, cin}
#define DUAL_STORED separable::matrix(x, m, cin)

#define FUSED_PW_DUAL(data, filter, dtype)                                                                                   \
    TILE_KERNEL(data, dtype) fused_pw_dual_norm_##data##_##dtype(                                                            \
        const separable::Element_##dtype* __restrict__ g, const separable::Element_##dtype* __restrict__ y,                  \
        const float* __restrict__ statistics, const float* __restrict__ sums, DUAL_PARAMETERS(separable::Element_##dtype)) { \
        using T = separable::Element_##dtype;                                                                                \
        DUAL_CALL(data, filter, dtype, DUAL_GRADIENT, DUAL_NORM);                                                            \
    }                                                                                                                        \
    TILE_KERNEL(data, dtype) fused_pw_dual_stored_##data##_##dtype(                                                          \
        const separable::Element_##dtype* __restrict__ g, const separable::Element_##dtype* __restrict__ y,                  \
        const float* __restrict__ statistics, const float* __restrict__ sums,                                                \
        const separable::Element_##dtype* __restrict__ x, DUAL_PARAMETERS(separable::Element_##dtype)) {                     \
        using T = separable::Element_##dtype;                                                                                \
        DUAL_CALL(data, filter, dtype, DUAL_GRADIENT, DUAL_STORED);                                                          \
    }                                                                                                                        \
    EXPORT_KERNEL(fused_pw_dual_norm_##data##_##dtype);                                                                      \
    EXPORT_KERNEL(fused_pw_dual_stored_##data##_##dtype);

#define FUSED_PW_DUAL_POOL(data, filter, dtype)                                                                              \
    TILE_KERNEL(data, dtype) fused_pw_dual_pool_norm_##data##_##dtype(                                                       \
        const separable::Element_##dtype* __restrict__ dp, const separable::Element_##dtype* __restrict__ y,                 \
        const float* __restrict__ statistics, const float* __restrict__ sums, DUAL_PARAMETERS(separable::Element_##dtype),   \
        int pixels, float pool_low, float pool_high) {                                                                       \
        using T = separable::Element_##dtype;                                                                                \
        DUAL_CALL(data, filter, dtype, DUAL_POOL_GRADIENT, DUAL_NORM);                                                       \
    }                                                                                                                        \
    TILE_KERNEL(data, dtype) fused_pw_dual_pool_stored_##data##_##dtype(                                                     \
        const separable::Element_##dtype* __restrict__ dp, const separable::Element_##dtype* __restrict__ y,                 \
        const float* __restrict__ statistics, const float* __restrict__ sums,                                                \
        const separable::Element_##dtype* __restrict__ x, DUAL_PARAMETERS(separable::Element_##dtype), int pixels,           \
        float pool_low, float pool_high) {                                                                                   \
        using T = separable::Element_##dtype;                                                                                \
        DUAL_CALL(data, filter, dtype, DUAL_POOL_GRADIENT, DUAL_STORED);                                                     \
    }                                                                                                                        \
    EXPORT_KERNEL(fused_pw_dual_pool_norm_##data##_##dtype);                                                                 \
    EXPORT_KERNEL(fused_pw_dual_pool_stored_##data##_##dtype);

// A tile of the data gradient and the one of the filter gradient that goes with it, both by the width of Cin. Before a mean there
// are many channels: only the wide ones.
#define FOR_EACH_WIDE_DUAL_TILE(KERNEL) \
    KERNEL(128x128, 128x128, f32)       \
    KERNEL(128x64, 128x64, f32)         \
    KERNEL(64x64, 64x64, f32)           \
    KERNEL(64x64, 64x64, tf32)          \
    KERNEL(32x128, 64x64, f32)          \
    KERNEL(32x128, 64x64, bf16)         \
    FP16(KERNEL(32x128, 64x64, f16))    \
    KERNEL(64x64, 64x64, bf16)          \
    FP16(KERNEL(64x64, 64x64, f16))     \
    KERNEL(128x128, 128x128, bf16)      \
    FP16(KERNEL(128x128, 128x128, f16))

#define FOR_EACH_DUAL_TILE(KERNEL)   \
    FOR_EACH_WIDE_DUAL_TILE(KERNEL)  \
    KERNEL(128x32, 32x32, f32)       \
    KERNEL(256x16, 16x16, f32)       \
    KERNEL(128x32, 32x32, tf32)      \
    KERNEL(128x16, 32x32, tf32)      \
    KERNEL(128x32, 32x32, bf16)      \
    KERNEL(128x16, 32x32, bf16)      \
    FP16(KERNEL(128x32, 32x32, f16)) \
    FP16(KERNEL(128x16, 32x32, f16))

FOR_EACH_DUAL_TILE(FUSED_PW_DUAL)
FOR_EACH_WIDE_DUAL_TILE(FUSED_PW_DUAL_POOL)
