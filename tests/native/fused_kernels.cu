// The convolution cores fused with what lies around them, as instances of the same templates that the plain kernels use:
// FusedKernelsTest holds them against the plain kernels one after the other, bit for bit.
//   dw_bn_forward        y = depthwise 3x3, stride 1 (act(BN(x)))
//   pw_bn_forward_sums   y = act(BN(x)) w^T and sums[c] = the sum of the stored y over all pixels
//   few_bn_forward       y = convolution of the first `channels` channels of act(BN(x))
// Layouts as in depthwise.cuh, pointwise.cu, conv.cu and fold.cuh; grids as for the plain kernels, tile 64x64 and 128x32.
#include "depthwise_data.cuh"
#include "few_channels.cuh"
#include "gemm_tiles.cuh"

namespace separable {

template <class T> struct StoreAndSum {
    StoreRows<T> rows;
    Float8 sum;
    __device__ __forceinline__ void operator()(int row, int channel, const Float8& v) {
        if (!rows.has(row, channel)) return;
        rows(row, channel, v);
        sum += rounded<T>(v);
    }
};

template <class Tile, class T>
__device__ __forceinline__ void pw_bn_forward_sums(const BnActLoad<T>& x, const T* w, T* y, float* sums, float* partials,
                                                   int* tickets, int m, int cin, int cout) {
    constexpr int COLUMNS = Tile::BN / VEC;
    const FoldPlace place{(int)blockIdx.x, (int)gridDim.x, (int)blockIdx.y * COLUMNS, COLUMNS, cout / VEC};
    Tile::template Gemm<Depth::COLUMNS, Depth::COLUMNS>::run(
        Matrix<BnActLoad<T>>{x, m, cin}, matrix(w, cout, cin), (int)blockIdx.x * Tile::BM, (int)blockIdx.y * Tile::BN, 0, cin,
        StoreAndSum<T>{{y, m, cout}, broadcast(0.f)}, FoldSums<Tile::THREADS>{sums, partials, tickets + blockIdx.y, place});
}

template <class Tile, class T>
__device__ __forceinline__ void few_bn_forward(const BnActLoad<T>& x, const T* w, T* y, const ConvGeometry& g, int channels) {
    Tile::template Gemm<Depth::COLUMNS, Depth::COLUMNS>::run(
        PackedPatches<BnActLoad<T>>{x, g, channels}, PackedFilter<RawLoad<T>>{{w}, g, channels},
        (int)blockIdx.x * Tile::BM, (int)blockIdx.y * Tile::BN, 0, g.taps() * channels,
        StoreRows<T>{y, g.output_rows(), g.cout});
}

}  // namespace separable

#define FUSED_KERNELS(T, suffix)                                                                                         \
    extern "C" __global__ void __launch_bounds__(128)                                                                    \
    dw_bn_forward_##suffix(const T* x, const float* stats, const float* gamma, const float* beta, const T* w, T* y,      \
                           int height, int width, int channels, float epsilon, float high, int lines) {                  \
        separable::dw_forward_strips<3, 1>(                                                                              \
            separable::BnActLoad<T>{x, {stats, gamma, beta, channels, epsilon, 0.f, high}}, w,                           \
            separable::StoreRows<T>{y, lines * width, channels}, separable::NoTail{},                                    \
            separable::DwGeometry{height, width, height, width, channels, 1, 1}, lines, 1);                              \
    }                                                                                                                    \
    extern "C" __global__ void __launch_bounds__(separable::Tile_64x64_##suffix::THREADS, 1)                             \
    pw_bn_forward_sums_##suffix(const T* x, const float* stats, const float* gamma, const float* beta, const T* w, T* y, \
                                float* sums, float* partials, int* tickets, int m, int cin, int cout, float epsilon,     \
                                float high) {                                                                            \
        separable::pw_bn_forward_sums<separable::Tile_64x64_##suffix>(                                                   \
            separable::BnActLoad<T>{x, {stats, gamma, beta, cin, epsilon, 0.f, high}}, w, y, sums, partials, tickets, m, \
            cin, cout);                                                                                                  \
    }                                                                                                                    \
    extern "C" __global__ void __launch_bounds__(separable::Tile_128x32_##suffix::THREADS, 1)                            \
    few_bn_forward_##suffix(const T* x, const float* stats, const float* gamma, const float* beta, const T* w, T* y,     \
                            int images, int height, int width, int cout, int channels, float epsilon, float high) {      \
        separable::few_bn_forward<separable::Tile_128x32_##suffix>(                                                      \
            separable::BnActLoad<T>{x, {stats, gamma, beta, 8, epsilon, 0.f, high}}, w, y,                               \
            {images, height, width, 8, height, width, cout, 3, 3, 1, 1, 1, 1}, channels);                                \
    }                                                                                                                    \
    EXPORT_KERNEL(dw_bn_forward_##suffix);                                                                               \
    EXPORT_KERNEL(pw_bn_forward_sums_##suffix);                                                                          \
    EXPORT_KERNEL(few_bn_forward_##suffix);

FOR_EACH_DTYPE(FUSED_KERNELS)
