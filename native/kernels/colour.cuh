// Colour jitter of one pixel, values 0 .. 255: the formulas of torchvision.transforms.functional (adjust_brightness, adjust_contrast,
// adjust_saturation, adjust_hue) on floating-point pictures, always in that order.
//   brightness f   v * f
//   contrast f     v * f + grey of the whole picture * (1 - f)
//   saturation f   v * f + the pixel's grey * (1 - f)
//   hue f          the angle of hue, saturation, value turned by f of a circle
// each cut off at 0 and 255. Saturation and hue are for three channels: red, green, blue.
#pragma once
#include "picture.cuh"

namespace separable {

__device__ __forceinline__ float colour_range(float v) { return fminf(fmaxf(v, 0.f), 255.f); }

// Rec. 601's grey of three channels; the mean of any other number of them.
__device__ __forceinline__ float grey_of(const float (&v)[MAX_PICTURE_CHANNELS], int channels) {
    if (channels == 3) return 0.2989f * v[0] + 0.587f * v[1] + 0.114f * v[2];
    float sum = 0.f;
    UNROLL for (int k = 0; k < MAX_PICTURE_CHANNELS; ++k) sum += k < channels ? v[k] : 0.f;
    return sum / (float)channels;
}

// v = v * factor + grey * (1 - factor)
__device__ __forceinline__ void blend(float (&v)[MAX_PICTURE_CHANNELS], float grey, float factor) {
    UNROLL for (int k = 0; k < MAX_PICTURE_CHANNELS; ++k) v[k] = colour_range(v[k] * factor + grey * (1.f - factor));
}

// The angle of a colour, 0 to 1.
__device__ __forceinline__ float hue_of(float r, float g, float b, float largest, float range) {
    if (range == 0.f) return 0.f;
    const float rc = (largest - r) / range, gc = (largest - g) / range, bc = (largest - b) / range;
    const float sixths = largest == r ? bc - gc : largest == g ? 2.f + rc - bc : 4.f + gc - rc;
    const float turns = sixths / 6.f;
    return turns - floorf(turns);
}

// One channel of hue, saturation, value: `from` is 5 for red, 3 for green, 1 for blue. The same as the usual table of six cases.
__device__ __forceinline__ float channel_of(float hue, float saturation, float value, float from) {
    float k = from + hue * 6.f;
    k = k >= 6.f ? k - 6.f : k;
    return value - value * saturation * fmaxf(fminf(fminf(k, 4.f - k), 1.f), 0.f);
}

__device__ __forceinline__ void turn_hue(float (&v)[MAX_PICTURE_CHANNELS], float shift) {
    const float largest = fmaxf(v[0], fmaxf(v[1], v[2])), range = largest - fminf(v[0], fminf(v[1], v[2]));
    float hue = hue_of(v[0], v[1], v[2], largest, range) + shift;
    hue -= floorf(hue);
    const float saturation = range == 0.f ? 0.f : range / largest;
    v[0] = channel_of(hue, saturation, largest, 5.f);
    v[1] = channel_of(hue, saturation, largest, 3.f);
    v[2] = channel_of(hue, saturation, largest, 1.f);
}

}  // namespace separable
