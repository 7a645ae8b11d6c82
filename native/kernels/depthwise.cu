// Depthwise convolution, forward and the gradient of its input (formulas and layouts: depthwise.cuh).
// Entry points dw_forward_* and dw_backward_data_*: k3s1, k3s2, k5s1, k5s2 work in strips; `generic` takes any filter,
// stride and dilation, one pixel a thread. The output is written with `=`. One-dimensional grid of 128 threads.
#include "depthwise.cuh"
#include "functors.cuh"

namespace separable {

// What a thread of a strip kernel does: `segments` threads share a line and take its strips in turn; channels lie innermost,
// so that neighbouring threads read neighbouring vectors.
struct DwTask {
    int channel, segment, line;
    __device__ __forceinline__ DwTask(int channels, int segments) {
        const int vectors = channels / VEC, i = (int)(blockIdx.x * blockDim.x) + (int)threadIdx.x;
        const int strip = i / vectors;
        channel = (i - strip * vectors) * VEC;
        line = strip / segments;
        segment = strip - line * segments;
    }
};

template <int K, int S, class Load, class Store, class T>
__device__ __forceinline__ void dw_forward_strips(const Load& in, const T* w, const Store& out, const DwGeometry& g,
                                                  int lines, int segments) {
    const DwTask task(g.channels, segments);
    if (task.line >= lines) return;
    const DwLine line(task.line, g.oh);
    const int image_base = line.image * g.h * g.w * g.channels + task.channel;
    const int line_base = task.line * g.ow * g.channels + task.channel;
    for (int ox = task.segment * STRIP; ox < g.ow; ox += segments * STRIP) {
        const int first = ox * S - g.left, last = first + (STRIP - 1) * S + K - 1;
        Float8 acc[STRIP];
        if (first >= 0 && last < g.w) forward_strip<K, S, true>(acc, in, w + task.channel, g, image_base, line.y, ox);
        else forward_strip<K, S, false>(acc, in, w + task.channel, g, image_base, line.y, ox);
        store_strip(acc, out, line_base, ox, g.ow, g.channels);
    }
}

template <int K, int S, class Load, class Store, class T>
__device__ __forceinline__ void dw_backward_data_strips(const Load& in, const T* w, const Store& out, const DwGeometry& g,
                                                        int lines, int segments) {
    const DwTask task(g.channels, segments);
    if (task.line >= lines) return;
    const DwLine line(task.line, g.h);
    const int image_base = line.image * g.oh * g.ow * g.channels + task.channel;
    const int line_base = task.line * g.w * g.channels + task.channel;
    for (int ix = task.segment * STRIP - g.left % S; ix < g.w; ix += segments * STRIP) {
        const int middle = (ix + g.left) / S;
        Float8 acc[STRIP];
        if (middle >= (K - 1) / S && middle + (STRIP - 1) / S < g.ow)
            backward_strip<K, S, true>(acc, in, w + task.channel, g, image_base, line.y, ix);
        else
            backward_strip<K, S, false>(acc, in, w + task.channel, g, image_base, line.y, ix);
        store_strip(acc, out, line_base, ix, g.w, g.channels);
    }
}

// Filter extents, stride and dilation of the generic kernels.
struct DwFilter {
    int kh, kw, stride, dilation;
};

// The thread's pixel and channels in pictures of height x width.
struct DwPixel {
    int channel, image, y, x, pixel;
    __device__ __forceinline__ DwPixel(int channels, int height, int width) {
        const int vectors = channels / VEC, i = (int)(blockIdx.x * blockDim.x) + (int)threadIdx.x;
        pixel = i / vectors;
        channel = (i - pixel * vectors) * VEC;
        const int line = pixel / width;
        x = pixel - line * width;
        image = line / height;
        y = line - image * height;
    }
};

template <class Load, class Store, class T>
__device__ __forceinline__ void dw_forward_pixel(const Load& in, const T* w, const Store& out, const DwGeometry& g,
                                                 const DwFilter& f, int pixels) {
    const DwPixel at(g.channels, g.oh, g.ow);
    if (at.pixel >= pixels) return;
    Float8 acc = broadcast(0.f);
    for (int ky = 0; ky < f.kh; ++ky) {
        const int iy = at.y * f.stride - g.top + ky * f.dilation;
        if (!within(iy, g.h)) continue;
        for (int kx = 0; kx < f.kw; ++kx) {
            const int ix = at.x * f.stride - g.left + kx * f.dilation;
            if (!within(ix, g.w)) continue;
            acc += in(((at.image * g.h + iy) * g.w + ix) * g.channels + at.channel) *
                   load(w + (ky * f.kw + kx) * g.channels + at.channel);
        }
    }
    out(at.pixel * g.channels + at.channel, acc);
}

// The output coordinate that tap k of the filter joins with input coordinate `padded` - padding, or -1.
__device__ __forceinline__ int tap_source(int padded, int k, const DwFilter& f, int extent) {
    const int offset = padded - k * f.dilation;
    if (offset < 0 || offset % f.stride != 0) return -1;
    const int o = offset / f.stride;
    return o < extent ? o : -1;
}

template <class Load, class Store, class T>
__device__ __forceinline__ void dw_backward_data_pixel(const Load& in, const T* w, const Store& out, const DwGeometry& g,
                                                       const DwFilter& f, int pixels) {
    const DwPixel at(g.channels, g.h, g.w);
    if (at.pixel >= pixels) return;
    Float8 acc = broadcast(0.f);
    for (int ky = 0; ky < f.kh; ++ky) {
        const int oy = tap_source(at.y + g.top, ky, f, g.oh);
        if (oy < 0) continue;
        for (int kx = 0; kx < f.kw; ++kx) {
            const int ox = tap_source(at.x + g.left, kx, f, g.ow);
            if (ox < 0) continue;
            acc += in(((at.image * g.oh + oy) * g.ow + ox) * g.channels + at.channel) *
                   load(w + (ky * f.kw + kx) * g.channels + at.channel);
        }
    }
    out(at.pixel * g.channels + at.channel, acc);
}

}  // namespace separable

// in: x forward, dy backward; out: y forward, dx backward; lines: rows of all images of `out`.
#define DEPTHWISE_STRIPS(direction, K, S, T, suffix)                                                                     \
    extern "C" __global__ void __launch_bounds__(128)                                                                    \
    dw_##direction##_k##K##s##S##_##suffix(const T* in, const T* filter, T* out, int h, int w, int oh, int ow,           \
                                           int channels, int top, int left, int lines, int segments) {                   \
        separable::dw_##direction##_strips<K, S>(separable::RawLoad<T>{in}, filter, separable::RawStore<T>{out},         \
                                                 separable::DwGeometry{h, w, oh, ow, channels, top, left}, lines,        \
                                                 segments);                                                              \
    }                                                                                                                    \
    EXPORT_KERNEL(dw_##direction##_k##K##s##S##_##suffix)

#define DEPTHWISE_GENERIC(direction, T, suffix)                                                                          \
    extern "C" __global__ void __launch_bounds__(128)                                                                    \
    dw_##direction##_generic_##suffix(const T* in, const T* filter, T* out, int h, int w, int oh, int ow, int channels,  \
                                      int top, int left, int kh, int kw, int stride, int dilation, int pixels) {         \
        separable::dw_##direction##_pixel(separable::RawLoad<T>{in}, filter, separable::RawStore<T>{out},                \
                                          separable::DwGeometry{h, w, oh, ow, channels, top, left},                      \
                                          separable::DwFilter{kh, kw, stride, dilation}, pixels);                        \
    }                                                                                                                    \
    EXPORT_KERNEL(dw_##direction##_generic_##suffix)

#define DEPTHWISE_KERNELS(direction, T, suffix)      \
    DEPTHWISE_STRIPS(direction, 3, 1, T, suffix);    \
    DEPTHWISE_STRIPS(direction, 3, 2, T, suffix);    \
    DEPTHWISE_STRIPS(direction, 5, 1, T, suffix);    \
    DEPTHWISE_STRIPS(direction, 5, 2, T, suffix);    \
    DEPTHWISE_GENERIC(direction, T, suffix)

DEPTHWISE_KERNELS(forward, float, f32);
DEPTHWISE_KERNELS(forward, separable::bf16, bf16);
DEPTHWISE_KERNELS(backward_data, float, f32);
DEPTHWISE_KERNELS(backward_data, separable::bf16, bf16);
