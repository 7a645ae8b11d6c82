// Depthwise convolution of the fused schedule, forward: y and the statistics of the batch normalisation behind it, `=`, running
// statistics moved. Entry points fused_dw_forward_{k3s1,k3s2,k5s1,k5s2}_{raw,norm}: x as it is, or A = act(BN(x)) made on load from
// `norm` (the statistics table of fused.cuh; raw: not read). And bn_statistics_lines_{k3,k5}: statistics of a tensor, with the sums
// in the order of the above, without gamma and beta.
//
// Grid: gridDim.x CTAs share the pieces, gridDim.y the channels; blockDim.x = columns * lanes <= DW_THREADS (DepthwiseWalk). partials:
// fp32 [gridDim.x][4][channels]; one ticket per gridDim.y.
#include "fused_depthwise.cuh"

namespace separable {

using DwFoldStatistics = FoldStatistics<DW_THREADS>;

template <int K, int S, class Load, class T>
__device__ __forceinline__ void fused_dw_forward(const Load& load, const T* w, T* y, const DwFoldStatistics& tail,
                                                 const DwGeometry& g, const DwCut& cut) {
    dw_forward_walk<K, S>(load, w, StoreStatistics<T>({y, cut.images * g.oh * g.ow, g.channels}), tail, g, cut);
}

template <int W, class T>
__device__ __forceinline__ void bn_statistics_lines(const T* x, const DwFoldStatistics& tail, int height, int width, int channels,
                                                    const DwCut& cut) {
    map_pieces_down<W>(RawLoad<T>{x}, GatherStatistics(), tail, height, width, channels, cut);
}

}  // namespace separable

#define FUSED_DW_FORWARD(K, S, kind, LOAD, T, suffix)                                                                      \
    extern "C" __global__ void __launch_bounds__(separable::DW_THREADS, 2)                                                 \
    fused_dw_forward_k##K##s##S##_##kind##_##suffix(                                                                       \
        const T* x, const float* norm, const T* w, const float* gamma, const float* beta, T* y, float* statistics,         \
        float* running, float* partials, int* tickets, int h, int width, int oh, int ow, int channels, int top, int left,  \
        int images, int columns, int rows, int bands, int strips, float low, float high, float epsilon, float momentum) {  \
        const separable::DwCut cut{images, columns, rows, bands, strips};                                                  \
        separable::fused_dw_forward<K, S>(LOAD, w, y,                                                                      \
                                          {gamma, beta, statistics, running, partials, tickets + blockIdx.y,               \
                                           separable::dw_place(cut, channels), channels, epsilon, momentum},               \
                                          {h, width, oh, ow, channels, top, left}, cut);                                   \
    }                                                                                                                      \
    EXPORT_KERNEL(fused_dw_forward_k##K##s##S##_##kind##_##suffix)

#define FUSED_DW_FORWARD_KINDS(K, S, T, suffix)                                \
    FUSED_DW_FORWARD(K, S, raw, separable::RawLoad<T>{x}, T, suffix);          \
    FUSED_DW_FORWARD(K, S, norm, (separable::NormLoad<T>{x, {norm, channels, low, high}}), T, suffix)

#define BN_STATISTICS_LINES(K, T, suffix)                                                                                  \
    extern "C" __global__ void __launch_bounds__(separable::DW_THREADS)                                                    \
    bn_statistics_lines_k##K##_##suffix(const T* x, float* stats, float* running, float* partials, int* tickets,           \
                                        int height, int width, int channels, int images, int columns, int rows, int bands, \
                                        int strips, float momentum) {                                                      \
        const separable::DwCut cut{images, columns, rows, bands, strips};                                                  \
        separable::bn_statistics_lines<separable::DW_FORWARD_STRIP<K>>(                                                    \
            x,                                                                                                             \
            {nullptr, nullptr, stats, running, partials, tickets + blockIdx.y, separable::dw_place(cut, channels),         \
             channels, 0, momentum},                                                                                       \
            height, width, channels, cut);                                                                                 \
    }                                                                                                                      \
    EXPORT_KERNEL(bn_statistics_lines_k##K##_##suffix)

#define FUSED_DW_FORWARD_KERNELS(T, suffix)   \
    FUSED_DW_FORWARD_KINDS(3, 1, T, suffix);  \
    FUSED_DW_FORWARD_KINDS(3, 2, T, suffix);  \
    FUSED_DW_FORWARD_KINDS(5, 1, T, suffix);  \
    FUSED_DW_FORWARD_KINDS(5, 2, T, suffix);  \
    BN_STATISTICS_LINES(3, T, suffix);        \
    BN_STATISTICS_LINES(5, T, suffix);

FOR_EACH_DTYPE(FUSED_DW_FORWARD_KERNELS)
