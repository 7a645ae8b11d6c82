// Depthwise convolution with channels first, forward and the gradient of its input (layouts and method: depthwise_nchw.cuh). Entry
// points dw_nchw_forward_* and dw_nchw_backward_data_*: k3s1, k3s2, k5s1, k5s2. The output is written with `=`. A block of 128
// threads a piece of the share; dynamic shared memory for the piece's rows of the input, and 16 bytes.
#include "depthwise_nchw.cuh"

// in: x forward, dy backward; out: y forward, dx backward.
#define DEPTHWISE_NCHW(direction, K, S, T, suffix)                                                                        \
    extern "C" __global__ void __launch_bounds__(128)                                                                     \
    dw_nchw_##direction##_k##K##s##S##_##suffix(const T* in, const T* filter, T* out, int h, int w, int oh, int ow,       \
                                                int channels, int top, int left, int planes, int per_piece, int bands,    \
                                                int rows) {                                                               \
        DYN_SHARED(T, memory);                                                                                            \
        separable::nchw_##direction<K, S>(memory, in, filter, out,                                                        \
                                          separable::DwGeometry{h, w, oh, ow, channels, top, left},                       \
                                          separable::NchwShare{planes, per_piece, bands, rows});                          \
    }                                                                                                                     \
    EXPORT_KERNEL(dw_nchw_##direction##_k##K##s##S##_##suffix)

#define DEPTHWISE_NCHW_DIRECTION(direction, T, suffix)  \
    DEPTHWISE_NCHW(direction, 3, 1, T, suffix);         \
    DEPTHWISE_NCHW(direction, 3, 2, T, suffix);         \
    DEPTHWISE_NCHW(direction, 5, 1, T, suffix);         \
    DEPTHWISE_NCHW(direction, 5, 2, T, suffix)

#define DEPTHWISE_NCHW_KERNELS(T, suffix)               \
    DEPTHWISE_NCHW_DIRECTION(forward, T, suffix);       \
    DEPTHWISE_NCHW_DIRECTION(backward_data, T, suffix);

FOR_EACH_DTYPE(DEPTHWISE_NCHW_KERNELS)
