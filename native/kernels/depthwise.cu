// Depthwise convolution, forward and the gradient of its input (formulas and layouts: depthwise.cuh).
// Entry points dw_forward_* and dw_backward_data_*: k3s1, k3s2, k5s1, k5s2 work in strips; `generic` takes any filter,
// stride and dilation, one pixel a thread. The output is written with `=`. One-dimensional grid of 128 threads.
#include "depthwise_data.cuh"

// in: x forward, dy backward; out: y forward, dx backward; lines: rows of all images of `out`, `width` pixels each.
#define DEPTHWISE_STRIPS(direction, width, K, S, T, suffix)                                                              \
    extern "C" __global__ void __launch_bounds__(128)                                                                    \
    dw_##direction##_k##K##s##S##_##suffix(const T* in, const T* filter, T* out, int h, int w, int oh, int ow,           \
                                           int channels, int top, int left, int lines, int segments) {                   \
        separable::dw_##direction##_strips<K, S>(separable::RawLoad<T>{in}, filter,                                      \
                                                 separable::StoreRows<T>{out, lines * width, channels},                  \
                                                 separable::NoTail{},                                                    \
                                                 separable::DwGeometry{h, w, oh, ow, channels, top, left}, lines,        \
                                                 segments);                                                              \
    }                                                                                                                    \
    EXPORT_KERNEL(dw_##direction##_k##K##s##S##_##suffix)

#define DEPTHWISE_GENERIC(direction, T, suffix)                                                                          \
    extern "C" __global__ void __launch_bounds__(128)                                                                    \
    dw_##direction##_generic_##suffix(const T* in, const T* filter, T* out, int h, int w, int oh, int ow, int channels,  \
                                      int top, int left, int kh, int kw, int stride, int dilation, int pixels) {         \
        separable::dw_##direction##_pixel(separable::RawLoad<T>{in}, filter,                                             \
                                          separable::StoreRows<T>{out, pixels, channels}, separable::NoTail{},           \
                                          separable::DwGeometry{h, w, oh, ow, channels, top, left},                      \
                                          separable::DwFilter{kh, kw, stride, dilation}, pixels);                        \
    }                                                                                                                    \
    EXPORT_KERNEL(dw_##direction##_generic_##suffix)

#define DEPTHWISE_DIRECTION(direction, width, T, suffix)    \
    DEPTHWISE_STRIPS(direction, width, 3, 1, T, suffix);    \
    DEPTHWISE_STRIPS(direction, width, 3, 2, T, suffix);    \
    DEPTHWISE_STRIPS(direction, width, 5, 1, T, suffix);    \
    DEPTHWISE_STRIPS(direction, width, 5, 2, T, suffix);    \
    DEPTHWISE_GENERIC(direction, T, suffix)

#define DEPTHWISE_KERNELS(T, suffix)                \
    DEPTHWISE_DIRECTION(forward, ow, T, suffix);    \
    DEPTHWISE_DIRECTION(backward_data, w, T, suffix);

FOR_EACH_DTYPE(DEPTHWISE_KERNELS)
