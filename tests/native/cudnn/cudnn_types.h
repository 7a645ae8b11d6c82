// The part of cuDNN 9's ABI that the stand-in speaks: numbers and structures as NVIDIA's manual gives them.
#pragma once
#include <cstddef>

enum cudnnStatus_t : int {
    CUDNN_STATUS_SUCCESS = 0,
    CUDNN_STATUS_NOT_INITIALIZED = 1001,
    CUDNN_STATUS_BAD_PARAM = 2000,
    CUDNN_STATUS_BAD_PARAM_NULL_POINTER = 2002,
    CUDNN_STATUS_BAD_PARAM_MISALIGNED_POINTER = 2003,
    CUDNN_STATUS_BAD_PARAM_SIZE_INSUFFICIENT = 2006,
    CUDNN_STATUS_BAD_PARAM_STREAM_MISMATCH = 2007,
    CUDNN_STATUS_BAD_PARAM_SHAPE_MISMATCH = 2008,
    CUDNN_STATUS_NOT_SUPPORTED = 3000,
    CUDNN_STATUS_NOT_SUPPORTED_SHAPE = 3002,
    CUDNN_STATUS_NOT_SUPPORTED_DATA_TYPE = 3003,
    CUDNN_STATUS_NOT_SUPPORTED_LAYOUT = 3004,
    CUDNN_STATUS_INTERNAL_ERROR = 4000,
    CUDNN_STATUS_EXECUTION_FAILED = 5000,
};

enum DataType : int { DATA_FLOAT = 0, DATA_HALF = 2, DATA_BFLOAT16 = 9 };
enum Format : int { FORMAT_NCHW = 0, FORMAT_NHWC = 1 };
enum MathType : int { MATH_DEFAULT = 0, MATH_TENSOR_OP = 1, MATH_TENSOR_OP_CONVERSION = 2, MATH_FMA = 3 };
enum ConvolutionMode : int { MODE_CONVOLUTION = 0, MODE_CROSS_CORRELATION = 1 };

// cudnnConvolutionFwdAlgoPerf_t and its two siblings, which are laid out alike.
struct AlgorithmPerformance {
    int algorithm;
    cudnnStatus_t status;
    float time;
    size_t memory;
    int determinism;
    int math_type;
    int reserved[3];
};

#define CUDNN_API extern "C" __attribute__((visibility("default")))
