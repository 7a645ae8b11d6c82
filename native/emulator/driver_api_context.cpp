// Contexts and which of them is current on a thread.
#include "context.h"
#include "driver.h"
#include "graph.h"
#include "stream.h"
#include "switches.h"
#include "thread_state.h"

using namespace emulated;

namespace {

CUresult push(CUcontext context) {
    ThreadState& state = thread_state();
    if (!Contexts::get().exists(context)) return error(CUDA_ERROR_INVALID_CONTEXT, "an unknown or released context");
    if (state.depth == ThreadState::MAX_DEPTH) return error(CUDA_ERROR_INVALID_VALUE, "more than %d contexts pushed", ThreadState::MAX_DEPTH);
    state.stack[state.depth++] = context;
    return CUDA_SUCCESS;
}

CUcontext pop() {
    ThreadState& state = thread_state();
    return state.depth == 0 ? nullptr : state.stack[--state.depth];
}

}  // namespace

CUDA_API cuDevicePrimaryCtxRetain(CUcontext* context, CUdevice device) {
    return driver_call("cuDevicePrimaryCtxRetain", Needs::INITIALISED, [&] {
        if (device != 0) return CUDA_ERROR_INVALID_DEVICE;
        *context = Contexts::get().retain_primary();
        return CUDA_SUCCESS;
    });
}

CUDA_API cuDevicePrimaryCtxRelease_v2(CUdevice device) {
    return driver_call("cuDevicePrimaryCtxRelease_v2", Needs::INITIALISED,
                       [&] { return device != 0 ? CUDA_ERROR_INVALID_DEVICE : Contexts::get().release_primary(); });
}

CUDA_API cuDevicePrimaryCtxReset_v2(CUdevice device) {
    return driver_call("cuDevicePrimaryCtxReset_v2", Needs::INITIALISED,
                       [&] { return device != 0 ? CUDA_ERROR_INVALID_DEVICE : Contexts::get().reset_primary(); });
}

CUDA_API cuDevicePrimaryCtxSetFlags_v2(CUdevice device, unsigned flags) {
    return driver_call("cuDevicePrimaryCtxSetFlags_v2", Needs::INITIALISED,
                       [&] { return device != 0 ? CUDA_ERROR_INVALID_DEVICE : Contexts::get().set_primary_flags(flags); });
}

CUDA_API cuDevicePrimaryCtxGetState(CUdevice device, unsigned* flags, int* active) {
    return driver_call("cuDevicePrimaryCtxGetState", Needs::INITIALISED, [&] {
        if (device != 0) return CUDA_ERROR_INVALID_DEVICE;
        *flags = Contexts::get().primary_flags();
        *active = Contexts::get().primary_active();
        return CUDA_SUCCESS;
    });
}

CUDA_API cuCtxCreate_v2(CUcontext* context, unsigned flags, CUdevice device) {
    return driver_call("cuCtxCreate_v2", Needs::INITIALISED, [&] {
        if (device != 0) return CUDA_ERROR_INVALID_DEVICE;
        *context = Contexts::get().create(flags);
        return push(*context);
    });
}

CUDA_API cuCtxDestroy_v2(CUcontext context) {
    return driver_call("cuCtxDestroy_v2", Needs::INITIALISED, [&] {
        if (current_context() == context) pop();
        return Contexts::get().destroy(context);
    });
}

CUDA_API cuCtxSetCurrent(CUcontext context) {
    return driver_call("cuCtxSetCurrent", Needs::INITIALISED, [&] {
        pop();
        return context == nullptr ? CUDA_SUCCESS : push(context);
    });
}

CUDA_API cuCtxGetCurrent(CUcontext* context) {
    return driver_call("cuCtxGetCurrent", Needs::INITIALISED, [&] {
        *context = current_context();
        return CUDA_SUCCESS;
    });
}

CUDA_API cuCtxPushCurrent_v2(CUcontext context) {
    return driver_call("cuCtxPushCurrent_v2", Needs::INITIALISED, [&] { return push(context); });
}

CUDA_API cuCtxPopCurrent_v2(CUcontext* context) {
    return driver_call("cuCtxPopCurrent_v2", Needs::INITIALISED, [&] {
        const CUcontext popped = pop();
        if (context != nullptr) *context = popped;
        return popped == nullptr ? error(CUDA_ERROR_INVALID_CONTEXT, "no context to pop") : CUDA_SUCCESS;
    });
}

CUDA_API cuCtxGetDevice(CUdevice* device) {
    return driver_call("cuCtxGetDevice", Needs::CONTEXT, [&] {
        *device = 0;
        return CUDA_SUCCESS;
    });
}

CUDA_API cuCtxGetFlags(unsigned* flags) {
    return driver_call("cuCtxGetFlags", Needs::CONTEXT, [&] {
        *flags = current_context()->flags;
        return CUDA_SUCCESS;
    });
}

CUDA_API cuCtxGetId(CUcontext context, unsigned long long* id) {
    return driver_call("cuCtxGetId", Needs::INITIALISED, [&] {
        const CUcontext wanted = context == nullptr ? current_context() : context;
        if (!Contexts::get().exists(wanted)) return CUDA_ERROR_INVALID_CONTEXT;
        *id = wanted->id;
        return CUDA_SUCCESS;
    });
}

CUDA_API cuCtxGetApiVersion(CUcontext, unsigned* version) {
    return driver_call("cuCtxGetApiVersion", Needs::CONTEXT, [&] {
        *version = 12060;
        return CUDA_SUCCESS;
    });
}

CUDA_API cuCtxGetStreamPriorityRange(int* least, int* greatest) {
    return driver_call("cuCtxGetStreamPriorityRange", Needs::CONTEXT, [&] {
        if (least != nullptr) *least = 0;
        if (greatest != nullptr) *greatest = -5;
        return CUDA_SUCCESS;
    });
}

CUDA_API cuCtxSynchronize() {
    return driver_call("cuCtxSynchronize", Needs::CONTEXT, [&] {
        if (const CUresult refused = forbidden_in_capture("cuCtxSynchronize"); refused != CUDA_SUCCESS) return refused;
        return Streams::get().synchronize_all();
    });
}
