// Convolution of any kind, one element of the result at a time: any groups, filter, stride, dilation, padding and channel count,
// in any packed layout. The last resort where no special kernel fits, and what special kernels are compared with: plain, not fast.
//
//   forward           y[n,oy,ox,co] = sum over ky,kx,ci of x[n, oy*S - top + ky*D, ox*S - left + kx*D, g*I + ci] * w[co,ky,kx,ci]
//   data gradient     dx, the transpose of that in x       filter gradient   dw, the transpose of that in w (fp32)
//
// With G groups a group has I = Cin / G inputs, ci counts them, and O = Cout / G outputs; g = co / O. S stride, D dilation; taps
// outside the picture are 0. Surplus elements of a result, those of channels that exist in memory alone, become 0; surplus elements
// of operands are never read. Sums in fp32, in a fixed order.
#pragma once
#include "ptx.cuh"
#include "vec.cuh"

namespace separable {

// An activation with `channels` real channels and `stored` ones; pixel and channel: how far the next one is, in elements.
//   [N,H,W,C']: pixel = C', channel = 1        [N,C,H,W]: pixel = 1, channel = H*W
struct GenericTensor {
    int h, w, channels, stored, pixel, channel;

    __device__ __forceinline__ int at(int n, int y, int x, int c) const {
        return n * h * w * stored + (y * w + x) * pixel + c * channel;
    }
};

// Where element e of a tensor lies in it. An index is its digit of e: nothing lies between the elements of a packed layout.
struct GenericPlace {
    int n, y, x, c;
    __device__ __forceinline__ GenericPlace(const GenericTensor& t, int e)
        : n(e / (t.h * t.w * t.stored)), y(e / t.pixel % (t.h * t.w) / t.w), x(e / t.pixel % t.w), c(e / t.channel % t.stored) {}
};

// Real extents, and how far apart neighbouring outputs, taps and inputs lie.
struct GenericFilter {
    int kh, kw, output, tap, input;

    __device__ __forceinline__ int at(int co, int ky, int kx, int ci) const {
        return co * output + (ky * kw + kx) * tap + ci * input;
    }
};

struct GenericConv {
    GenericTensor x, y;
    GenericFilter w;
    int stride, dilation, top, left, groups;

    __device__ __forceinline__ int inputs() const { return x.channels / groups; }
    __device__ __forceinline__ int outputs() const { return y.channels / groups; }
};

// The output coordinate whose tap `offset` pixels into its window is input coordinate `padded` - padding, or -1.
__device__ __forceinline__ int generic_source(int padded, int offset, int stride, int extent) {
    const int distance = padded - offset;
    return distance >= 0 && distance % stride == 0 && distance / stride < extent ? distance / stride : -1;
}

template <class T>
__device__ __forceinline__ float generic_output(const T* x, const T* w, const GenericConv& g, const GenericPlace& at) {
    const int first = at.c / g.outputs() * g.inputs();
    float sum = 0.f;
    for (int ky = 0; ky < g.w.kh; ++ky) {
        const int iy = at.y * g.stride - g.top + ky * g.dilation;
        if (iy < 0 || iy >= g.x.h) continue;
        for (int kx = 0; kx < g.w.kw; ++kx) {
            const int ix = at.x * g.stride - g.left + kx * g.dilation;
            if (ix < 0 || ix >= g.x.w) continue;
            for (int ci = 0; ci < g.inputs(); ++ci)
                sum = fmaf(widen(x[g.x.at(at.n, iy, ix, first + ci)]), widen(w[g.w.at(at.c, ky, kx, ci)]), sum);
        }
    }
    return sum;
}

template <class T>
__device__ __forceinline__ float generic_input_gradient(const T* dy, const T* w, const GenericConv& g, const GenericPlace& at) {
    const int group = at.c / g.inputs(), ci = at.c - group * g.inputs(), first = group * g.outputs();
    float sum = 0.f;
    for (int ky = 0; ky < g.w.kh; ++ky) {
        const int oy = generic_source(at.y + g.top, ky * g.dilation, g.stride, g.y.h);
        if (oy < 0) continue;
        for (int kx = 0; kx < g.w.kw; ++kx) {
            const int ox = generic_source(at.x + g.left, kx * g.dilation, g.stride, g.y.w);
            if (ox < 0) continue;
            for (int co = first; co < first + g.outputs(); ++co)
                sum = fmaf(widen(dy[g.y.at(at.n, oy, ox, co)]), widen(w[g.w.at(co, ky, kx, ci)]), sum);
        }
    }
    return sum;
}

// One lane's share of dw[co,ky,kx,ci]: every 32nd output pixel of `pixels` from `pixel` on. Pixels can be so many that a plain sum
// would lose digits that its judge needs, so what each addition rounds off is carried into the next (Kahan).
template <class T>
__device__ __forceinline__ float generic_filter_share(const T* x, const T* dy, const GenericConv& g, int pixels, int pixel, int co,
                                                      int ky, int kx, int ci) {
    const int channel = co / g.outputs() * g.inputs() + ci;
    float sum = 0.f, excess = 0.f;
    for (; pixel < pixels; pixel += 32) {
        const int n = pixel / (g.y.h * g.y.w), oy = pixel / g.y.w % g.y.h, ox = pixel % g.y.w;
        const int iy = oy * g.stride - g.top + ky * g.dilation, ix = ox * g.stride - g.left + kx * g.dilation;
        if (iy < 0 || iy >= g.x.h || ix < 0 || ix >= g.x.w) continue;
        const float term = fmaf(widen(dy[g.y.at(n, oy, ox, co)]), widen(x[g.x.at(n, iy, ix, channel)]), -excess);
        const float next = sum + term;
        excess = (next - sum) - term;
        sum = next;
    }
    return sum;
}

}  // namespace separable
