// Version, texts and handles.
#include <cstdlib>

#include "objects.h"

using namespace standin;

extern "C" {
CUresult cuCtxGetCurrent(CUcontext*);
CUresult cuStreamGetCtx(CUstream, CUcontext*);
}

CUDNN_API size_t cudnnGetVersion() {
    const char* const version = getenv("STANDIN_CUDNN_VERSION");
    return version == nullptr ? 90501 : size_t(atol(version));
}

CUDNN_API const char* cudnnGetErrorString(int status) {
    switch (status) {
        case CUDNN_STATUS_SUCCESS: return "CUDNN_STATUS_SUCCESS";
        case CUDNN_STATUS_NOT_INITIALIZED: return "CUDNN_STATUS_NOT_INITIALIZED";
        case CUDNN_STATUS_BAD_PARAM: return "CUDNN_STATUS_BAD_PARAM";
        case CUDNN_STATUS_BAD_PARAM_NULL_POINTER: return "CUDNN_STATUS_BAD_PARAM_NULL_POINTER";
        case CUDNN_STATUS_BAD_PARAM_MISALIGNED_POINTER: return "CUDNN_STATUS_BAD_PARAM_MISALIGNED_POINTER";
        case CUDNN_STATUS_BAD_PARAM_SIZE_INSUFFICIENT: return "CUDNN_STATUS_BAD_PARAM_SIZE_INSUFFICIENT";
        case CUDNN_STATUS_BAD_PARAM_STREAM_MISMATCH: return "CUDNN_STATUS_BAD_PARAM_STREAM_MISMATCH";
        case CUDNN_STATUS_BAD_PARAM_SHAPE_MISMATCH: return "CUDNN_STATUS_BAD_PARAM_SHAPE_MISMATCH";
        case CUDNN_STATUS_NOT_SUPPORTED: return "CUDNN_STATUS_NOT_SUPPORTED";
        case CUDNN_STATUS_NOT_SUPPORTED_SHAPE: return "CUDNN_STATUS_NOT_SUPPORTED_SHAPE";
        case CUDNN_STATUS_NOT_SUPPORTED_DATA_TYPE: return "CUDNN_STATUS_NOT_SUPPORTED_DATA_TYPE";
        case CUDNN_STATUS_NOT_SUPPORTED_LAYOUT: return "CUDNN_STATUS_NOT_SUPPORTED_LAYOUT";
        case CUDNN_STATUS_INTERNAL_ERROR: return "CUDNN_STATUS_INTERNAL_ERROR";
        case CUDNN_STATUS_EXECUTION_FAILED: return "CUDNN_STATUS_EXECUTION_FAILED";
        default: return "CUDNN_STATUS_UNKNOWN";
    }
}

CUDNN_API cudnnStatus_t cudnnCreate(void** handle) {
    FAULT_POINT();
    if (handle == nullptr) return CUDNN_STATUS_BAD_PARAM_NULL_POINTER;
    CUcontext context = nullptr;
    if (cuCtxGetCurrent(&context) != CUDA_SUCCESS || context == nullptr) return CUDNN_STATUS_NOT_INITIALIZED;
    Handle* const made = new Handle;
    made->context = context;
    *handle = add(made);
    return CUDNN_STATUS_SUCCESS;
}
CUDNN_API cudnnStatus_t cudnnDestroy(void* handle) {
    FAULT_POINT();
    Handle* const h = live<Handle>(handle);
    if (h == nullptr) return CUDNN_STATUS_BAD_PARAM;
    remove(h);
    return CUDNN_STATUS_SUCCESS;
}
CUDNN_API cudnnStatus_t cudnnSetStream(void* handle, CUstream stream) {
    FAULT_POINT();
    Handle* const h = live<Handle>(handle);
    if (h == nullptr) return CUDNN_STATUS_BAD_PARAM;
    CUcontext context = nullptr;
    if (cuStreamGetCtx(stream, &context) != CUDA_SUCCESS || context != h->context) return CUDNN_STATUS_BAD_PARAM_STREAM_MISMATCH;
    h->stream = stream;
    return CUDNN_STATUS_SUCCESS;
}
