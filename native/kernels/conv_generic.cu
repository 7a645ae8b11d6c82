// Convolution of any kind, forward and both gradients (formulas, layouts: conv_generic.cuh). Results are written with `=`.
//   conv_generic_forward_*, conv_generic_backward_data_*   a thread an element of the result, `elements` of them, surplus ones too
//   conv_generic_backward_filter_*                         a warp an element of dw, surplus ones too; pixels: N*Ho*Wo
#include "conv_generic.cuh"

namespace separable {

template <class T>
__device__ __forceinline__ void generic_forward(const T* x, const T* w, T* y, const GenericConv& g, int elements) {
    const unsigned e = blockIdx.x * blockDim.x + threadIdx.x;
    if (e >= (unsigned)elements) return;
    const GenericPlace at(g.y, (int)e);
    y[e] = narrow<T>(at.c < g.y.channels ? generic_output(x, w, g, at) : 0.f);
}

template <class T>
__device__ __forceinline__ void generic_backward_data(const T* dy, const T* w, T* dx, const GenericConv& g, int elements) {
    const unsigned e = blockIdx.x * blockDim.x + threadIdx.x;
    if (e >= (unsigned)elements) return;
    const GenericPlace at(g.x, (int)e);
    dx[e] = narrow<T>(at.c < g.x.channels ? generic_input_gradient(dy, w, g, at) : 0.f);
}

// Stored outputs and inputs of dw may be more than the real ones. The lanes' sums are added as a tree.
template <class T>
__device__ __forceinline__ void generic_backward_filter(const T* x, const T* dy, float* dw, const GenericConv& g, int pixels,
                                                        int stored_outputs, int stored_inputs, int elements) {
    const unsigned warp = blockIdx.x * (blockDim.x / 32) + threadIdx.x / 32;
    if (warp >= (unsigned)elements) return;
    const int e = (int)warp, lane = (int)threadIdx.x % 32;
    const int co = e / g.w.output % stored_outputs, ci = e / g.w.input % stored_inputs;
    const int tap = e / g.w.tap % (g.w.kh * g.w.kw), ky = tap / g.w.kw, kx = tap % g.w.kw;
    const bool real = co < g.y.channels && ci < g.inputs();
    const float total = warp_sum(real ? generic_filter_share(x, dy, g, pixels, lane, co, ky, kx, ci) : 0.f);
    if (lane == 0) dw[e] = total;
}

}  // namespace separable

#define GENERIC_PARAMETERS                                                                                                \
    int h, int w_, int cin, int x_stored, int x_pixel, int x_channel, int oh, int ow, int cout, int y_stored, int y_pixel, \
        int y_channel, int kh, int kw, int w_output, int w_tap, int w_input, int stride, int dilation, int top, int left, \
        int groups
#define GENERIC_GEOMETRY                                                                                                  \
    {{h, w_, cin, x_stored, x_pixel, x_channel}, {oh, ow, cout, y_stored, y_pixel, y_channel},                            \
     {kh, kw, w_output, w_tap, w_input}, stride, dilation, top, left, groups}

#define GENERIC_KERNELS(T, suffix)                                                                                        \
    extern "C" __global__ void __launch_bounds__(256)                                                                     \
    conv_generic_forward_##suffix(const T* x, const T* w, T* y, GENERIC_PARAMETERS, int elements) {                       \
        separable::generic_forward(x, w, y, GENERIC_GEOMETRY, elements);                                                  \
    }                                                                                                                     \
    extern "C" __global__ void __launch_bounds__(256)                                                                     \
    conv_generic_backward_data_##suffix(const T* dy, const T* w, T* dx, GENERIC_PARAMETERS, int elements) {               \
        separable::generic_backward_data(dy, w, dx, GENERIC_GEOMETRY, elements);                                          \
    }                                                                                                                     \
    extern "C" __global__ void __launch_bounds__(128)                                                                     \
    conv_generic_backward_filter_##suffix(const T* x, const T* dy, float* dw, GENERIC_PARAMETERS, int pixels,             \
                                          int stored_outputs, int stored_inputs, int elements) {                          \
        separable::generic_backward_filter(x, dy, dw, GENERIC_GEOMETRY, pixels, stored_outputs, stored_inputs, elements); \
    }                                                                                                                     \
    EXPORT_KERNEL(conv_generic_forward_##suffix);                                                                         \
    EXPORT_KERNEL(conv_generic_backward_data_##suffix);                                                                   \
    EXPORT_KERNEL(conv_generic_backward_filter_##suffix);

FOR_EACH_DTYPE(GENERIC_KERNELS)
