// Descriptors, and the refusals that the manual lists for them.
#include <climits>

#include "objects.h"

using namespace standin;

namespace {

bool is_type(int type) { return type == DATA_FLOAT || type == DATA_HALF || type == DATA_BFLOAT16; }
bool is_format(int format) { return format == FORMAT_NCHW || format == FORMAT_NHWC; }

// Packed strides of [n, c, h, w] in memory order n, c, h, w or n, h, w, c.
void pack(const int (&extent)[4], int format, int (&stride)[4]) {
    const int c = extent[1], h = extent[2], w = extent[3];
    const int nchw[4] = {c * h * w, h * w, w, 1}, nhwc[4] = {h * w * c, 1, w * c, c};
    for (int i = 0; i < 4; ++i) stride[i] = format == FORMAT_NCHW ? nchw[i] : nhwc[i];
}

// Shared by tensors and filters, which differ in nothing else.
template <class D> cudnnStatus_t describe(void* handle, int type, int format, const int (&extent)[4]) {
    D* const descriptor = live<D>(handle);
    if (descriptor == nullptr || !is_type(type) || !is_format(format)) return CUDNN_STATUS_BAD_PARAM;
    long long elements = 1;
    for (int e : extent) {
        if (e < 1) return CUDNN_STATUS_BAD_PARAM;
        elements *= e;
        if (elements > INT_MAX) return CUDNN_STATUS_NOT_SUPPORTED;
    }
    descriptor->set = true;
    descriptor->type = type;
    descriptor->format = format;
    for (int i = 0; i < 4; ++i) descriptor->extent[i] = extent[i];
    pack(descriptor->extent, format, descriptor->stride);
    return CUDNN_STATUS_SUCCESS;
}

template <class D> cudnnStatus_t create(void** handle) {
    if (handle == nullptr) return CUDNN_STATUS_BAD_PARAM_NULL_POINTER;
    *handle = add(new D);
    return CUDNN_STATUS_SUCCESS;
}

template <class D> cudnnStatus_t destroy(void* handle) {
    D* const descriptor = live<D>(handle);
    if (descriptor == nullptr) return CUDNN_STATUS_BAD_PARAM;
    remove(descriptor);
    return CUDNN_STATUS_SUCCESS;
}

}  // namespace

CUDNN_API cudnnStatus_t cudnnCreateTensorDescriptor(void** descriptor) {
    FAULT_POINT();
    return create<Tensor>(descriptor);
}
CUDNN_API cudnnStatus_t cudnnDestroyTensorDescriptor(void* descriptor) {
    FAULT_POINT();
    return destroy<Tensor>(descriptor);
}
CUDNN_API cudnnStatus_t cudnnSetTensor4dDescriptor(void* descriptor, int format, int type, int n, int c, int h, int w) {
    FAULT_POINT();
    return describe<Tensor>(descriptor, type, format, {n, c, h, w});
}

CUDNN_API cudnnStatus_t cudnnCreateFilterDescriptor(void** descriptor) {
    FAULT_POINT();
    return create<Filter>(descriptor);
}
CUDNN_API cudnnStatus_t cudnnDestroyFilterDescriptor(void* descriptor) {
    FAULT_POINT();
    return destroy<Filter>(descriptor);
}
CUDNN_API cudnnStatus_t cudnnSetFilter4dDescriptor(void* descriptor, int type, int format, int k, int c, int h, int w) {
    FAULT_POINT();
    return describe<Filter>(descriptor, type, format, {k, c, h, w});
}

CUDNN_API cudnnStatus_t cudnnCreateConvolutionDescriptor(void** descriptor) {
    FAULT_POINT();
    return create<Convolution>(descriptor);
}
CUDNN_API cudnnStatus_t cudnnDestroyConvolutionDescriptor(void* descriptor) {
    FAULT_POINT();
    return destroy<Convolution>(descriptor);
}
CUDNN_API cudnnStatus_t cudnnSetConvolution2dDescriptor(void* descriptor, int pad_h, int pad_w, int stride_h, int stride_w, int dilation_h,
                                                        int dilation_w, int mode, int compute_type) {
    FAULT_POINT();
    Convolution* const c = live<Convolution>(descriptor);
    if (c == nullptr || pad_h < 0 || pad_w < 0 || stride_h < 1 || stride_w < 1 || dilation_h < 1 || dilation_w < 1 || !is_type(compute_type) ||
        (mode != MODE_CONVOLUTION && mode != MODE_CROSS_CORRELATION))
        return CUDNN_STATUS_BAD_PARAM;
    c->set = true;
    c->pad[0] = pad_h, c->pad[1] = pad_w;
    c->stride[0] = stride_h, c->stride[1] = stride_w;
    c->dilation[0] = dilation_h, c->dilation[1] = dilation_w;
    c->mode = mode;
    c->compute_type = compute_type;
    return CUDNN_STATUS_SUCCESS;
}
CUDNN_API cudnnStatus_t cudnnSetConvolutionGroupCount(void* descriptor, int groups) {
    FAULT_POINT();
    Convolution* const c = live<Convolution>(descriptor);
    if (c == nullptr || groups < 1) return CUDNN_STATUS_BAD_PARAM;
    c->groups = groups;
    return CUDNN_STATUS_SUCCESS;
}
CUDNN_API cudnnStatus_t cudnnSetConvolutionMathType(void* descriptor, int math_type) {
    FAULT_POINT();
    Convolution* const c = live<Convolution>(descriptor);
    if (c == nullptr || math_type < MATH_DEFAULT || math_type > MATH_FMA) return CUDNN_STATUS_BAD_PARAM;
    c->math_type = math_type;
    return CUDNN_STATUS_SUCCESS;
}
