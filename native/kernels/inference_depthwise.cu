// Depthwise convolution in inference: y = act(conv(x, w) + bias) + skip, conv as in depthwise.cu and in its order of sums.
// x [images, h, w, channels], filter [KH, KW, channels], bias fp32 [channels], skip and y [images, oh, ow, channels], `=`; skip
// may be null, y may be skip. k3s1, k3s2, k5s1, k5s2 work in strips, `generic` takes any filter. One-dimensional grid of 128 threads.
#include "depthwise_data.cuh"
#include "inference.cuh"

#define DW_INFERENCE_OPERANDS(T)                                                                                         \
    const T *x, const T *filter, const float *bias, const T *skip, T *y, int h, int w, int oh, int ow, int channels,     \
        int top, int left

// lines: rows of all images of y, ow pixels each.
#define DW_INFERENCE_STRIPS(K, S, T, suffix)                                                                             \
    extern "C" __global__ void __launch_bounds__(128) dw_inference_k##K##s##S##_##suffix(                                \
        DW_INFERENCE_OPERANDS(T), int lines, int segments, float low, float high) {                                      \
        separable::dw_forward_strips<K, S>(separable::RawLoad<T>{x}, filter,                                             \
                                           separable::StoreActivated<T>{y, bias, skip, lines * ow, channels, low, high}, \
                                           separable::NoTail{},                                                          \
                                           separable::DwGeometry{h, w, oh, ow, channels, top, left}, lines, segments);   \
    }                                                                                                                    \
    EXPORT_KERNEL(dw_inference_k##K##s##S##_##suffix)

#define DW_INFERENCE_GENERIC(T, suffix)                                                                                  \
    extern "C" __global__ void __launch_bounds__(128) dw_inference_generic_##suffix(                                     \
        DW_INFERENCE_OPERANDS(T), int kh, int kw, int stride, int dilation, int pixels, float low, float high) {         \
        separable::dw_forward_pixel(separable::RawLoad<T>{x}, filter,                                                    \
                                    separable::StoreActivated<T>{y, bias, skip, pixels, channels, low, high},            \
                                    separable::NoTail{}, separable::DwGeometry{h, w, oh, ow, channels, top, left},       \
                                    separable::DwFilter{kh, kw, stride, dilation}, pixels);                              \
    }                                                                                                                    \
    EXPORT_KERNEL(dw_inference_generic_##suffix)

#define DW_INFERENCE(T, suffix)           \
    DW_INFERENCE_STRIPS(3, 1, T, suffix); \
    DW_INFERENCE_STRIPS(3, 2, T, suffix); \
    DW_INFERENCE_STRIPS(5, 1, T, suffix); \
    DW_INFERENCE_STRIPS(5, 2, T, suffix); \
    DW_INFERENCE_GENERIC(T, suffix);

FOR_EACH_DTYPE(DW_INFERENCE)
