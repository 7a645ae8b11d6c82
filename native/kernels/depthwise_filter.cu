// Depthwise convolution, the gradient of its filter (formula and layouts: depthwise.cuh); dw: fp32 [KH, KW, channels], `=`.
// Entry points dw_backward_filter_*: k3s1, k3s2 (all nine taps in a thread), k5s1, k5s2 (one filter row in a thread,
// gridDim.z = 5), generic (one tap in a thread, gridDim.z = KH * KW).
//
// The lines of dy (rows of all images) are shared by gridDim.x CTAs in contiguous ranges; threads of a CTA lie along channels
// first, blockDim.x = columns * lanes <= 64, as in columns.cuh, and a lane takes a run of whole lines. Partial sums:
// fp32 [gridDim.z][gridDim.x][taps in a thread][channels]; one ticket per (gridDim.z, gridDim.y).
#include "columns.cuh"
#include "depthwise.cuh"

namespace separable {

// STRIP gradients of one line from ox on: 0 past its end.
template <class Load>
__device__ __forceinline__ void load_strip(Float8 (&v)[STRIP], const Load& in, int base, int x, int width, int channels) {
    UNROLL_FLOAT8 for (int i = 0; i < STRIP; ++i) {
        v[i] = x + i < width ? in(base + (x + i) * channels) : broadcast(0.f);
    }
}

// One filter row: sums[kx] += sum_i dy[i] * x[first + i*S + kx].
template <int K, int S, bool INSIDE, class Load>
__device__ __forceinline__ void correlate_filter(Sum8* sums, const Float8 (&dy)[STRIP], const Load& in, int base, int first,
                                                 int width, int channels) {
    UNROLL_FLOAT8 for (int j = 0; j < (STRIP - 1) * S + K; ++j) {
        if (!INSIDE && !within(first + j, width)) continue;
        const Float8 v = in(base + (first + j) * channels);
        UNROLL_FLOAT8 for (int i = 0; i < STRIP; ++i) {
            const int kx = j - i * S;
            if (kx >= 0 && kx < K) sums[kx].sum += v * dy[i];
        }
    }
}

// ROWS filter rows from ky on, over one strip.
template <int K, int S, int ROWS, bool INSIDE, class Load>
__device__ __forceinline__ void filter_strip(Sum8 (&sums)[ROWS * K], const Float8 (&dy)[STRIP], const Load& in,
                                             const DwGeometry& g, int image_base, int oy, int ox, int ky) {
    UNROLL_FLOAT8 for (int r = 0; r < ROWS; ++r) {
        const int iy = oy * S - g.top + ky + r;
        if (!within(iy, g.h)) continue;
        correlate_filter<K, S, INSIDE>(sums + r * K, dy, in, image_base + iy * g.w * g.channels, ox * S - g.left, g.w,
                                       g.channels);
    }
}

// The sums of one lane over its lines.
template <int K, int S, int ROWS, class LoadX, class LoadG>
__device__ __forceinline__ void filter_lines(Sum8 (&sums)[ROWS * K], const ColumnWalk& walk, const LoadX& in,
                                             const LoadG& gradient, const DwGeometry& g, int ky) {
    for (int i = 0; i < walk.rows; ++i) {
        const int number = walk.row + i;
        const DwLine line(number, g.oh);
        const int image_base = line.image * g.h * g.w * g.channels + walk.channel;
        const int line_base = number * g.ow * g.channels + walk.channel;
        for (int ox = 0; ox < g.ow; ox += STRIP) {
            Float8 dy[STRIP];
            load_strip(dy, gradient, line_base, ox, g.ow, g.channels);
            const int first = ox * S - g.left, last = first + (STRIP - 1) * S + K - 1;
            if (first >= 0 && last < g.w) filter_strip<K, S, ROWS, true>(sums, dy, in, g, image_base, line.y, ox, ky);
            else filter_strip<K, S, ROWS, false>(sums, dy, in, g, image_base, line.y, ox, ky);
        }
    }
}

// The same for one tap of any filter.
template <class LoadX, class LoadG>
__device__ __forceinline__ void filter_tap_lines(Sum8& sum, const ColumnWalk& walk, const LoadX& in, const LoadG& gradient,
                                                 const DwGeometry& g, int stride, int row_offset, int column_offset) {
    for (int i = 0; i < walk.rows; ++i) {
        const int number = walk.row + i;
        const DwLine line(number, g.oh);
        const int iy = line.y * stride - g.top + row_offset;
        if (!within(iy, g.h)) continue;
        const int x_base = (line.image * g.h + iy) * g.w * g.channels + walk.channel;
        const int line_base = number * g.ow * g.channels + walk.channel;
        for (int ox = 0; ox < g.ow; ++ox) {
            const int ix = ox * stride - g.left + column_offset;
            if (within(ix, g.w)) sum.sum += gradient(line_base + ox * g.channels) * in(x_base + ix * g.channels);
        }
    }
}

// Folds the TAPS sums of every thread and writes taps blockIdx.z * TAPS ... of dw.
template <int TAPS>
__device__ __forceinline__ void fold_filter(Sum8 (&sums)[TAPS], float* dw, float* partials, int* tickets, int channels,
                                            int columns) {
    const int z = (int)blockIdx.z;
    fold_ctas(sums, partials + (size_t)z * gridDim.x * TAPS * channels, tickets + z * (int)gridDim.y + (int)blockIdx.y,
              column_place(channels, columns), [&](int k, int vector, const Sum8& total) {
                  store(dw + (z * TAPS + k) * channels + vector * VEC, total.sum);
              });
}

template <int K, int S, int ROWS, class LoadX, class LoadG>
__device__ __forceinline__ void dw_backward_filter(const LoadX& in, const LoadG& gradient, float* dw, float* partials,
                                                   int* tickets, const DwGeometry& g, int lines, int columns) {
    Sum8 sums[ROWS * K];
    UNROLL_FLOAT8 for (int k = 0; k < ROWS * K; ++k) sums[k] = Sum8::empty();
    filter_lines<K, S, ROWS>(sums, ColumnWalk(lines, g.channels, columns), in, gradient, g, (int)blockIdx.z * ROWS);
    fold_filter(sums, dw, partials, tickets, g.channels, columns);
}

template <class LoadX, class LoadG>
__device__ __forceinline__ void dw_backward_filter_tap(const LoadX& in, const LoadG& gradient, float* dw, float* partials,
                                                       int* tickets, const DwGeometry& g, int lines, int columns, int kw,
                                                       int stride, int dilation) {
    const int ky = (int)blockIdx.z / kw, kx = (int)blockIdx.z - ky * kw;
    Sum8 sums[1] = {Sum8::empty()};
    filter_tap_lines(sums[0], ColumnWalk(lines, g.channels, columns), in, gradient, g, stride, ky * dilation, kx * dilation);
    fold_filter(sums, dw, partials, tickets, g.channels, columns);
}

}  // namespace separable

// lines: rows of all images of dy. Of 5x5 in 16 bit ptxas would rather have 128 registers, and for sm_90 spills to get them: 6 blocks a
// multiprocessor leave 168. 0 leaves the choice to it.
#define DEPTHWISE_FILTER_STRIPS(K, S, ROWS, T, suffix)                                                                   \
    extern "C" __global__ void __launch_bounds__(64, K == 5 && sizeof(T) == 2 ? 6 : 0)                                   \
    dw_backward_filter_k##K##s##S##_##suffix(const T* x, const T* dy, float* dw, float* partials, int* tickets, int h,   \
                                             int w, int oh, int ow, int channels, int top, int left, int lines,          \
                                             int columns) {                                                              \
        separable::dw_backward_filter<K, S, ROWS>(separable::RawLoad<T>{x}, separable::RawLoad<T>{dy}, dw, partials,     \
                                                  tickets, separable::DwGeometry{h, w, oh, ow, channels, top, left},     \
                                                  lines, columns);                                                       \
    }                                                                                                                    \
    EXPORT_KERNEL(dw_backward_filter_k##K##s##S##_##suffix)

#define DEPTHWISE_FILTER_GENERIC(T, suffix)                                                                              \
    extern "C" __global__ void __launch_bounds__(64)                                                                     \
    dw_backward_filter_generic_##suffix(const T* x, const T* dy, float* dw, float* partials, int* tickets, int h, int w, \
                                        int oh, int ow, int channels, int top, int left, int lines, int columns, int kw, \
                                        int stride, int dilation) {                                                      \
        separable::dw_backward_filter_tap(separable::RawLoad<T>{x}, separable::RawLoad<T>{dy}, dw, partials, tickets,    \
                                          separable::DwGeometry{h, w, oh, ow, channels, top, left}, lines, columns, kw,  \
                                          stride, dilation);                                                             \
    }                                                                                                                    \
    EXPORT_KERNEL(dw_backward_filter_generic_##suffix)

#define DEPTHWISE_FILTER_KERNELS(T, suffix)      \
    DEPTHWISE_FILTER_STRIPS(3, 1, 3, T, suffix); \
    DEPTHWISE_FILTER_STRIPS(3, 2, 3, T, suffix); \
    DEPTHWISE_FILTER_STRIPS(5, 1, 1, T, suffix); \
    DEPTHWISE_FILTER_STRIPS(5, 2, 1, T, suffix); \
    DEPTHWISE_FILTER_GENERIC(T, suffix);

FOR_EACH_DTYPE(DEPTHWISE_FILTER_KERNELS)
