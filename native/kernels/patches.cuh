// The matrices behind a general convolution: sources (gemm.cuh) that never exist in memory.
//
//     forward           y [M, Cout]   = Patches(x) [M, K]  w [Cout, K]^T          M = N*Ho*Wo, K = KH*KW*Cin
//     filter gradient   dw [Cout, K]  = dy [M, Cout]^T     Patches(x) [M, K]
//     data gradient     dx [M', Cin]  = Arrivals(dy) [M', K']  Taps(w) [K', Cin]  M' = N*H*W, K' = KH*KW*Cout
//
// Column (tap, channel) of a row holds what that tap meets there: zero outside the picture. Channels are stored ones, multiples
// of eight, so eight columns are always eight channels of one tap.
#pragma once
#include "gemm.cuh"

namespace separable {

// One convolution: input pictures h x w x cin, output ho x wo x cout. The far padding is implied by the bounds.
struct ConvGeometry {
    int images, h, w, cin, ho, wo, cout, kh, kw, stride, dilation, pad_top, pad_left;

    __device__ __forceinline__ int input_rows() const { return images * h * w; }
    __device__ __forceinline__ int output_rows() const { return images * ho * wo; }
    __device__ __forceinline__ int taps() const { return kh * kw; }
};

// A pixel of picture `image`, or of the padded picture; a tap's offset from it. NOWHERE is so far away that no sum of a pixel
// and a tap lies in a picture when either of them is there.
constexpr int NOWHERE = -(1 << 29);

struct Pixel { int image, y, x; };
struct Tap { int channel, y, x; };

__device__ __forceinline__ Pixel pixel_of(int row, int images, int height, int width) {
    const int line = (int)((unsigned)row / (unsigned)width), image = (int)((unsigned)line / (unsigned)height);
    if (image >= images) return {0, NOWHERE, NOWHERE};
    return {image, line - image * height, row - line * width};
}

__device__ __forceinline__ Tap tap_of(int column, int channels, const ConvGeometry& g) {
    const int tap = (int)((unsigned)column / (unsigned)channels), ky = (int)((unsigned)tap / (unsigned)g.kw);
    if (ky >= g.kh) return {0, NOWHERE, NOWHERE};
    return {column - tap * channels, ky * g.dilation, (tap - ky * g.kw) * g.dilation};
}

// Row: an output pixel. Column (tap, ci): x[oy * stride - pad + ky * dilation, .., ci].
template <class Load> struct Patches {
    using Element = typename Load::Element;
    using Row = Pixel;
    using Column = Tap;

    Load load;
    const ConvGeometry& g;

    __device__ __forceinline__ Row row(int r) const {
        const Pixel out = pixel_of(r, g.images, g.ho, g.wo);
        return out.y < 0 ? out : Pixel{out.image, out.y * g.stride - g.pad_top, out.x * g.stride - g.pad_left};
    }

    __device__ __forceinline__ Column column(int c) const { return tap_of(c, g.cin, g); }

    __device__ __forceinline__ void fetch(const Row& at, const Column& tap, Pack<Element>& pack) const {
        const int y = at.y + tap.y, x_ = at.x + tap.x;
        if ((unsigned)y >= (unsigned)g.h || (unsigned)x_ >= (unsigned)g.w) return zero_pack(pack);
        load_pack(load.at(tap.channel), ((at.image * g.h + y) * g.w + x_) * g.cin + tap.channel, pack);
    }
};

// Row: an input pixel. Column (tap, co): dy of the output pixel whose tap lay on this input pixel, if there is one.
template <class Load> struct Arrivals {
    using Element = typename Load::Element;
    using Row = Pixel;
    using Column = Tap;

    Load load;
    const ConvGeometry& g;

    __device__ __forceinline__ Row row(int r) const {
        const Pixel in = pixel_of(r, g.images, g.h, g.w);
        return in.y < 0 ? in : Pixel{in.image, in.y + g.pad_top, in.x + g.pad_left};
    }

    __device__ __forceinline__ Column column(int c) const {
        const Tap tap = tap_of(c, g.cout, g);
        return tap.y < 0 ? tap : Tap{tap.channel, -tap.y, -tap.x};
    }

    __device__ __forceinline__ void fetch(const Row& at, const Column& tap, Pack<Element>& pack) const {
        const int y = at.y + tap.y, x = at.x + tap.x;       // in the padded picture, output pixel times stride
        const int oy = y / g.stride, ox = x / g.stride;
        const bool met = y >= 0 && x >= 0 && oy * g.stride == y && ox * g.stride == x && oy < g.ho && ox < g.wo;
        if (!met) return zero_pack(pack);
        load_pack(load.at(tap.channel), ((at.image * g.ho + oy) * g.wo + ox) * g.cout + tap.channel, pack);
    }
};

// w [Cout, taps, Cin] read as [taps * Cout, Cin]: row (tap, co).
template <class Load> struct Taps {
    using Element = typename Load::Element;
    struct Row { int offset; };
    struct Column { int offset; };

    Load load;
    const ConvGeometry& g;

    __device__ __forceinline__ Row row(int r) const {
        const int tap = (int)((unsigned)r / (unsigned)g.cout), co = r - tap * g.cout;
        return {tap < g.taps() ? (co * g.taps() + tap) * g.cin : -1};
    }

    __device__ __forceinline__ Column column(int c) const { return {c < g.cin ? c : -1}; }

    __device__ __forceinline__ void fetch(Row r, Column c, Pack<Element>& pack) const {
        if ((r.offset | c.offset) >= 0) load_pack(load.at(c.offset), r.offset + c.offset, pack); else zero_pack(pack);
    }
};

}  // namespace separable
