// Sources for convolutions of pictures with few channels, such as the stem of a network: three real channels (or one) are
// stored as eight. Here a patch holds the real ones alone, column (tap, channel) with `channels` per tap, so that the sum is
// taps * channels deep instead of taps * 8. Eight columns then belong to several taps and are read one by one.
#pragma once
#include "patches.cuh"

namespace separable {

// One element through a Load, of channel `channel`: a lane of the eight that a reader gives.
template <class Load>
__device__ __forceinline__ typename Load::Element load_one(const Load& load, int element, int channel) {
    const int lane = channel % VEC;
    return narrow<typename Load::Element>(load.at(channel - lane)(element - lane)[lane]);
}

template <class T> __device__ __forceinline__ T load_one(const RawLoad<T>& load, int element, int /*channel*/) {
    return __ldg(load.x + element);
}

// The matrix of patches [N*Ho*Wo, taps * channels], zero outside the picture and beyond the last column.
template <class Load> struct PackedPatches {
    using Element = typename Load::Element;
    struct Row { int offset, y, x; };                           // offset: of the window's first tap, also where that is outside
    struct Column { int offset[VEC], channel[VEC], y[VEC], x[VEC]; };

    Load load;
    const ConvGeometry& g;
    const int channels;

    __device__ __forceinline__ Row row(int r) const {
        const Pixel out = pixel_of(r, g.images, g.ho, g.wo);
        if (out.y < 0) return {0, NOWHERE, NOWHERE};
        const int y = out.y * g.stride - g.pad_top, x_ = out.x * g.stride - g.pad_left;
        return {((out.image * g.h + y) * g.w + x_) * g.cin, y, x_};
    }

    __device__ __forceinline__ Column column(int c) const {
        Column column;
        UNROLL for (int k = 0; k < VEC; ++k) {
            const Tap tap = tap_of(c + k, channels, g);
            column.offset[k] = tap.y < 0 ? 0 : (tap.y * g.w + tap.x) * g.cin + tap.channel;
            column.channel[k] = tap.channel;
            column.y[k] = tap.y;
            column.x[k] = tap.x;
        }
        return column;
    }

    __device__ __forceinline__ void fetch(const Row& at, const Column& tap, Pack<Element>& pack) const {
        zero_pack(pack);
        UNROLL for (int k = 0; k < VEC; ++k)
            if ((unsigned)(at.y + tap.y[k]) < (unsigned)g.h && (unsigned)(at.x + tap.x[k]) < (unsigned)g.w)
                pack.at[k] = load_one(load, at.offset + tap.offset[k], tap.channel[k]);
    }
};

// Where column (tap, channel) of a packed filter lies among the stored taps * cin of one output channel; -1 beyond the last.
__device__ __forceinline__ int stored_column(int column, int channels, const ConvGeometry& g) {
    const int tap = (int)((unsigned)column / (unsigned)channels);
    return tap < g.taps() ? tap * g.cin + column - tap * channels : -1;
}

// w [Cout, taps, Cin] without its surplus channels: [Cout, taps * channels].
template <class Load> struct PackedFilter {
    using Element = typename Load::Element;
    struct Row { int offset; };
    struct Column { int offset[VEC]; };

    Load load;
    const ConvGeometry& g;
    const int channels;

    __device__ __forceinline__ Row row(int co) const { return {co < g.cout ? co * g.taps() * g.cin : -1}; }

    __device__ __forceinline__ Column column(int c) const {
        Column column;
        UNROLL for (int k = 0; k < VEC; ++k) column.offset[k] = stored_column(c + k, channels, g);
        return column;
    }

    __device__ __forceinline__ void fetch(const Row& at, const Column& tap, Pack<Element>& pack) const {
        zero_pack(pack);
        UNROLL for (int k = 0; k < VEC; ++k)
            if ((at.offset | tap.offset[k]) >= 0) pack.at[k] = load_one(load, at.offset + tap.offset[k], tap.offset[k] % g.cin);
    }
};

// Stores a packed filter gradient [Cout, taps * channels] as dw [Cout, taps, Cin], surplus channels zero.
struct StorePackedFilter {
    float* __restrict__ dw;
    const ConvGeometry& g;
    const int channels;

    __device__ __forceinline__ void operator()(int co, int column, const Float8& v) const {
        if (co >= g.cout) return;
        UNROLL for (int k = 0; k < VEC; ++k) {
            const int at = stored_column(column + k, channels, g);
            if (at < 0) return;
            float* const p = dw + co * g.taps() * g.cin + at;
            *p = v[k];
            if ((column + k) % channels == channels - 1)
                for (int surplus = channels; surplus < g.cin; ++surplus) p[surplus - channels + 1] = 0.f;
        }
    }
};

}  // namespace separable
