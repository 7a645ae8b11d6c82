// The cores of depthwise convolution's forward pass and of the gradient of its input (formulas and layouts: depthwise.cuh):
// *_strips compute a strip a thread, K x K filters of stride S; *_pixel one pixel a thread, any filter, stride and dilation.
// One-dimensional grids. load: x forward, dy backward; out: y forward, dx backward.
#pragma once
#include "depthwise.cuh"

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

// w: the filter at the thread's channels.
template <int K, int S, class Reader, class Store, class T>
__device__ __forceinline__ void dw_forward_line(const DwTask& task, const Reader& in, const T* w, Store& out,
                                                const DwGeometry& g, int segments) {
    const DwLine line(task.line, g.oh);
    const int image_base = line.image * g.h * g.w * g.channels + task.channel;
    for (int ox = task.segment * STRIP; ox < g.ow; ox += segments * STRIP) {
        const int first = ox * S - g.left, last = first + (STRIP - 1) * S + K - 1;
        Float8 acc[STRIP];
        if (first >= 0 && last < g.w) forward_strip<K, S, true>(acc, in, w, g, image_base, line.y, ox);
        else forward_strip<K, S, false>(acc, in, w, g, image_base, line.y, ox);
        store_strip(acc, out, task.line, task.channel, ox, g.ow);
    }
}

template <int K, int S, class Load, class Store, class Tail, class T>
__device__ __forceinline__ void dw_forward_strips(const Load& load, const T* w, Store out, const Tail& tail,
                                                  const DwGeometry& g, int lines, int segments) {
    const DwTask task(g.channels, segments);
    if (task.line < lines) dw_forward_line<K, S>(task, load.at(task.channel), w + task.channel, out, g, segments);
    tail(out);
}

// w: the filter at the thread's channels.
template <int K, int S, class Reader, class Store, class T>
__device__ __forceinline__ void dw_backward_data_line(const DwTask& task, const Reader& in, const T* w, Store& out,
                                                      const DwGeometry& g, int segments) {
    const DwLine line(task.line, g.h);
    const int image_base = line.image * g.oh * g.ow * g.channels + task.channel;
    for (int ix = task.segment * STRIP - g.left % S; ix < g.w; ix += segments * STRIP) {
        const int middle = (ix + g.left) / S;
        Float8 acc[STRIP];
        if (middle >= (K - 1) / S && middle + (STRIP - 1) / S < g.ow)
            backward_strip<K, S, true>(acc, in, w, g, image_base, line.y, ix);
        else
            backward_strip<K, S, false>(acc, in, w, g, image_base, line.y, ix);
        store_strip(acc, out, task.line, task.channel, ix, g.w);
    }
}

template <int K, int S, class Load, class Store, class Tail, class T>
__device__ __forceinline__ void dw_backward_data_strips(const Load& load, const T* w, Store out, const Tail& tail,
                                                        const DwGeometry& g, int lines, int segments) {
    const DwTask task(g.channels, segments);
    if (task.line < lines) dw_backward_data_line<K, S>(task, load.at(task.channel), w + task.channel, out, g, segments);
    tail(out);
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

template <class Reader, class T>
__device__ __forceinline__ Float8 dw_forward_value(const DwPixel& at, const Reader& in, const T* w, const DwGeometry& g,
                                                   const DwFilter& f) {
    Float8 acc = broadcast(0.f);
    for (int ky = 0; ky < f.kh; ++ky) {
        const int iy = at.y * f.stride - g.top + ky * f.dilation;
        if (!within(iy, g.h)) continue;
        for (int kx = 0; kx < f.kw; ++kx) {
            const int ix = at.x * f.stride - g.left + kx * f.dilation;
            if (!within(ix, g.w)) continue;
            acc += in(((at.image * g.h + iy) * g.w + ix) * g.channels + at.channel) *
                   load_readonly(w + (ky * f.kw + kx) * g.channels + at.channel);
        }
    }
    return acc;
}

template <class Load, class Store, class Tail, class T>
__device__ __forceinline__ void dw_forward_pixel(const Load& load, const T* w, Store out, const Tail& tail, const DwGeometry& g,
                                                 const DwFilter& f, int pixels) {
    const DwPixel at(g.channels, g.oh, g.ow);
    if (at.pixel < pixels) out(at.pixel, at.channel, dw_forward_value(at, load.at(at.channel), w, g, f));
    tail(out);
}

// The output coordinate that tap k of the filter joins with input coordinate `padded` - padding, or -1.
__device__ __forceinline__ int tap_source(int padded, int k, const DwFilter& f, int extent) {
    const int offset = padded - k * f.dilation;
    if (offset < 0 || offset % f.stride != 0) return -1;
    const int o = offset / f.stride;
    return o < extent ? o : -1;
}

template <class Reader, class T>
__device__ __forceinline__ Float8 dw_backward_data_value(const DwPixel& at, const Reader& in, const T* w, const DwGeometry& g,
                                                         const DwFilter& f) {
    Float8 acc = broadcast(0.f);
    for (int ky = 0; ky < f.kh; ++ky) {
        const int oy = tap_source(at.y + g.top, ky, f, g.oh);
        if (oy < 0) continue;
        for (int kx = 0; kx < f.kw; ++kx) {
            const int ox = tap_source(at.x + g.left, kx, f, g.ow);
            if (ox < 0) continue;
            acc += in(((at.image * g.oh + oy) * g.ow + ox) * g.channels + at.channel) *
                   load_readonly(w + (ky * f.kw + kx) * g.channels + at.channel);
        }
    }
    return acc;
}

template <class Load, class Store, class Tail, class T>
__device__ __forceinline__ void dw_backward_data_pixel(const Load& load, const T* w, Store out, const Tail& tail,
                                                       const DwGeometry& g, const DwFilter& f, int pixels) {
    const DwPixel at(g.channels, g.h, g.w);
    if (at.pixel < pixels) out(at.pixel, at.channel, dw_backward_data_value(at, load.at(at.channel), w, g, f));
    tail(out);
}

}  // namespace separable
