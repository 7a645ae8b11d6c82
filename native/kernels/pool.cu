// Max, average and global average pooling, NHWC, one thread a vector of eight channels.
// Backward gathers: the thread of an input pixel looks at every window that holds it, so nothing is added atomically.
//   x, dx: [n, h, w, c]   y, dy: [n, oh, ow, c] in T, written with `=`; sums in fp32
// Padding counts as -infinity for the maximum; the average leaves it out, or counts it as zero when count_padding != 0.
#include "map.cuh"

namespace separable {

struct PoolGeometry {
    int n, h, w, c, oh, ow, kernel, stride, pad_top, pad_left;
};

// A vector of a picture: image, row, column, first channel.
struct PoolPlace {
    int n, y, x, c;
};

__device__ __forceinline__ PoolPlace pool_place(int i, int height, int width, int channels) {
    const int vectors = channels / VEC;
    PoolPlace p;
    p.c = i % vectors * VEC;
    i /= vectors;
    p.x = i % width;
    i /= width;
    p.y = i % height;
    p.n = i / height;
    return p;
}

__device__ __forceinline__ int pool_offset(int n, int y, int x, int c, int height, int width, int channels) {
    return ((n * height + y) * width + x) * channels + c;
}

// The output positions, along one axis, whose window holds input position i: first .. last.
struct PoolWindows {
    int first, last;
};

// v / stride for v >= 0; an integer division costs more than the rest of a pool.
__device__ __forceinline__ int over_stride(int v, int stride) {
    return stride == 1 ? v : stride == 2 ? v >> 1 : v / stride;
}

__device__ __forceinline__ PoolWindows windows_over(int i, int pad, int kernel, int stride, int outputs) {
    const int past = i + pad - kernel;
    PoolWindows r;
    r.first = past < 0 ? 0 : over_stride(past, stride) + 1;
    r.last = min(over_stride(i + pad, stride), outputs - 1);
    return r;
}

// PyTorch's maximum: a NaN wins.
__device__ __forceinline__ bool beats(float v, float best) { return v > best || v != v; }

template <class T>
__device__ __forceinline__ void max_pool_forward(const T* x, T* y, const PoolGeometry& g) {
    const int i = thread_index();
    if (i >= g.n * g.oh * g.ow * (g.c / VEC)) return;
    const PoolPlace p = pool_place(i, g.oh, g.ow, g.c);
    const int top = p.y * g.stride - g.pad_top, left = p.x * g.stride - g.pad_left;
    float best[VEC];
    UNROLL for (int k = 0; k < VEC; ++k) best[k] = -INFINITY;
    for (int iy = max(top, 0); iy < min(top + g.kernel, g.h); ++iy) {
        for (int ix = max(left, 0); ix < min(left + g.kernel, g.w); ++ix) {
            float v[VEC];
            load8(x + pool_offset(p.n, iy, ix, p.c, g.h, g.w, g.c), v);
            UNROLL for (int k = 0; k < VEC; ++k) best[k] = beats(v[k], best[k]) ? v[k] : best[k];
        }
    }
    store8(y + i * VEC, best);
}

// won[k] = 1 where `mine` is the window's maximum and no pixel before (iy, ix) in scan order holds it too.
template <class T>
__device__ __forceinline__ void first_maximum(const T* x, const float (&mine)[VEC], const float (&top_value)[VEC], int n,
                                              int iy, int ix, int c, int top, int left, const PoolGeometry& g,
                                              float (&won)[VEC]) {
    UNROLL for (int k = 0; k < VEC; ++k) won[k] = mine[k] == top_value[k] ? 1.f : 0.f;
    for (int y = max(top, 0); y <= iy; ++y) {
        const int end = y < iy ? min(left + g.kernel, g.w) : ix;
        for (int column = max(left, 0); column < end; ++column) {
            float earlier[VEC];
            load8(x + pool_offset(n, y, column, c, g.h, g.w, g.c), earlier);
            UNROLL for (int k = 0; k < VEC; ++k) won[k] = earlier[k] == top_value[k] ? 0.f : won[k];
        }
    }
}

// dx = sum of dy over the windows whose first maximum, in scan order, is this pixel.
template <class T>
__device__ __forceinline__ void max_pool_backward(const T* x, const T* y, const T* dy, T* dx, const PoolGeometry& g) {
    const int i = thread_index();
    if (i >= g.n * g.h * g.w * (g.c / VEC)) return;
    const PoolPlace p = pool_place(i, g.h, g.w, g.c);
    const PoolWindows rows = windows_over(p.y, g.pad_top, g.kernel, g.stride, g.oh);
    const PoolWindows columns = windows_over(p.x, g.pad_left, g.kernel, g.stride, g.ow);
    float mine[VEC], sum[VEC];
    load8(x + i * VEC, mine);
    zero8(sum);
    for (int oy = rows.first; oy <= rows.last; ++oy) {
        for (int ox = columns.first; ox <= columns.last; ++ox) {
            const int o = pool_offset(p.n, oy, ox, p.c, g.oh, g.ow, g.c);
            float top_value[VEC], won[VEC], gradient[VEC];
            load8(y + o, top_value);
            load8(dy + o, gradient);
            first_maximum(x, mine, top_value, p.n, p.y, p.x, p.c, oy * g.stride - g.pad_top, ox * g.stride - g.pad_left, g,
                          won);
            UNROLL for (int k = 0; k < VEC; ++k) sum[k] += won[k] != 0.f ? gradient[k] : 0.f;
        }
    }
    store8(dx + i * VEC, sum);
}

// Pixels an average over window (oy, ox) divides by.
__device__ __forceinline__ float pool_divisor(int oy, int ox, const PoolGeometry& g, int count_padding) {
    if (count_padding) return (float)(g.kernel * g.kernel);
    const int top = oy * g.stride - g.pad_top, left = ox * g.stride - g.pad_left;
    return (float)((min(top + g.kernel, g.h) - max(top, 0)) * (min(left + g.kernel, g.w) - max(left, 0)));
}

template <class T>
__device__ __forceinline__ void average_pool_forward(const T* x, T* y, const PoolGeometry& g, int count_padding) {
    const int i = thread_index();
    if (i >= g.n * g.oh * g.ow * (g.c / VEC)) return;
    const PoolPlace p = pool_place(i, g.oh, g.ow, g.c);
    const int top = p.y * g.stride - g.pad_top, left = p.x * g.stride - g.pad_left;
    float sum[VEC];
    zero8(sum);
    for (int iy = max(top, 0); iy < min(top + g.kernel, g.h); ++iy) {
        for (int ix = max(left, 0); ix < min(left + g.kernel, g.w); ++ix) {
            float v[VEC];
            load8(x + pool_offset(p.n, iy, ix, p.c, g.h, g.w, g.c), v);
            UNROLL for (int k = 0; k < VEC; ++k) sum[k] += v[k];
        }
    }
    const float divisor = pool_divisor(p.y, p.x, g, count_padding);
    UNROLL for (int k = 0; k < VEC; ++k) sum[k] /= divisor;
    store8(y + i * VEC, sum);
}

template <class T>
__device__ __forceinline__ void average_pool_backward(const T* dy, T* dx, const PoolGeometry& g, int count_padding) {
    const int i = thread_index();
    if (i >= g.n * g.h * g.w * (g.c / VEC)) return;
    const PoolPlace p = pool_place(i, g.h, g.w, g.c);
    const PoolWindows rows = windows_over(p.y, g.pad_top, g.kernel, g.stride, g.oh);
    const PoolWindows columns = windows_over(p.x, g.pad_left, g.kernel, g.stride, g.ow);
    float sum[VEC];
    zero8(sum);
    for (int oy = rows.first; oy <= rows.last; ++oy) {
        for (int ox = columns.first; ox <= columns.last; ++ox) {
            float gradient[VEC];
            load8(dy + pool_offset(p.n, oy, ox, p.c, g.oh, g.ow, g.c), gradient);
            const float divisor = pool_divisor(oy, ox, g, count_padding);
            UNROLL for (int k = 0; k < VEC; ++k) sum[k] += gradient[k] / divisor;
        }
    }
    store8(dx + i * VEC, sum);
}

// x: [n, pixels, c] -> y: [n, c], the mean over the pixels, added in index order.
template <class T>
__device__ __forceinline__ void global_average_forward(const T* x, T* y, int n, int pixels, int c) {
    const int i = thread_index(), vectors = c / VEC;
    if (i >= n * vectors) return;
    const T* from = x + (i / vectors * pixels * vectors + i % vectors) * VEC;
    float sum[VEC];
    zero8(sum);
    for (int pixel = 0; pixel < pixels; ++pixel) {
        float v[VEC];
        load8(from + pixel * c, v);
        UNROLL for (int k = 0; k < VEC; ++k) sum[k] += v[k];
    }
    UNROLL for (int k = 0; k < VEC; ++k) sum[k] /= (float)pixels;
    store8(y + i * VEC, sum);
}

// dx[n, pixel, c] = dy[n, c] * (1 / pixels), as a fused schedule makes it on load
template <class T>
__device__ __forceinline__ void global_average_backward(const T* dy, T* dx, int n, int pixels, int c) {
    const int i = thread_index(), vectors = c / VEC;
    if (i >= n * pixels * vectors) return;
    float v[VEC];
    load8(dy + (i / (pixels * vectors) * vectors + i % vectors) * VEC, v);
    const float share = 1.f / (float)pixels;
    UNROLL for (int k = 0; k < VEC; ++k) v[k] *= share;
    store8(dx + i * VEC, v);
}

}  // namespace separable

#define POOL_GEOMETRY int n, int h, int w, int c, int oh, int ow, int kernel, int stride, int pad_top, int pad_left
#define POOL_ARGUMENTS separable::PoolGeometry{n, h, w, c, oh, ow, kernel, stride, pad_top, pad_left}

#define POOL_KERNELS(T, suffix)                                                                                          \
    extern "C" __global__ void __launch_bounds__(256, 2)                                                                    \
    max_pool_forward_##suffix(const T* x, T* y, POOL_GEOMETRY) {                                                         \
        separable::max_pool_forward(x, y, POOL_ARGUMENTS);                                                               \
    }                                                                                                                    \
    extern "C" __global__ void __launch_bounds__(256, 2)                                                                    \
    max_pool_backward_##suffix(const T* x, const T* y, const T* dy, T* dx, POOL_GEOMETRY) {                              \
        separable::max_pool_backward(x, y, dy, dx, POOL_ARGUMENTS);                                                      \
    }                                                                                                                    \
    extern "C" __global__ void __launch_bounds__(256, 2)                                                                    \
    average_pool_forward_##suffix(const T* x, T* y, POOL_GEOMETRY, int count_padding) {                                  \
        separable::average_pool_forward(x, y, POOL_ARGUMENTS, count_padding);                                            \
    }                                                                                                                    \
    extern "C" __global__ void __launch_bounds__(256, 2)                                                                    \
    average_pool_backward_##suffix(const T* dy, T* dx, POOL_GEOMETRY, int count_padding) {                               \
        separable::average_pool_backward(dy, dx, POOL_ARGUMENTS, count_padding);                                         \
    }                                                                                                                    \
    extern "C" __global__ void __launch_bounds__(256, 2)                                                                    \
    global_average_pool_forward_##suffix(const T* x, T* y, int n, int pixels, int c) {                                   \
        separable::global_average_forward(x, y, n, pixels, c);                                                           \
    }                                                                                                                    \
    extern "C" __global__ void __launch_bounds__(256, 2)                                                                    \
    global_average_pool_backward_##suffix(const T* dy, T* dx, int n, int pixels, int c) {                                \
        separable::global_average_backward(dy, dx, n, pixels, c);                                                        \
    }                                                                                                                    \
    EXPORT_KERNEL(max_pool_forward_##suffix);                                                                            \
    EXPORT_KERNEL(max_pool_backward_##suffix);                                                                           \
    EXPORT_KERNEL(average_pool_forward_##suffix);                                                                        \
    EXPORT_KERNEL(average_pool_backward_##suffix);                                                                       \
    EXPORT_KERNEL(global_average_pool_forward_##suffix);                                                                 \
    EXPORT_KERNEL(global_average_pool_backward_##suffix);

FOR_EACH_DTYPE(POOL_KERNELS)
