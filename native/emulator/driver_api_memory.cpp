// Allocation, and what can be asked about a pointer.
#include "driver.h"
#include "graph.h"
#include "memory.h"
#include "stream.h"
#include "thread_state.h"

using namespace emulated;

namespace {

enum MemoryType : unsigned { HOST = 1, DEVICE = 2 };

CUresult pointer_attribute(void* data, int attribute, CUdeviceptr pointer) {
    const Allocation* const device = Memory::get().device_allocation(pointer);
    const Allocation* const pinned = Memory::get().pinned_allocation(pointer);
    const Allocation* const holder = device != nullptr ? device : pinned;
    if (holder == nullptr) return error(CUDA_ERROR_INVALID_VALUE, "0x%llx is neither device memory nor pinned", pointer);
    switch (attribute) {
        case 1: *static_cast<CUcontext*>(data) = holder->context; break;
        case 2: *static_cast<unsigned*>(data) = device != nullptr ? DEVICE : HOST; break;
        case 3: *static_cast<CUdeviceptr*>(data) = pointer; break;
        case 4:
            if (device != nullptr) return error(CUDA_ERROR_INVALID_VALUE, "device memory has no host pointer");
            *static_cast<CUdeviceptr*>(data) = pointer;
            break;
        case 7: *static_cast<unsigned long long*>(data) = holder->number; break;
        case 8: *static_cast<unsigned*>(data) = 0; break;  // managed
        case 9: *static_cast<int*>(data) = 0; break;       // device ordinal
        case 11: *static_cast<CUdeviceptr*>(data) = holder->start; break;
        case 12: *static_cast<size_t*>(data) = holder->bytes; break;
        case 13: *static_cast<bool*>(data) = true; break;  // mapped
        default: return error(CUDA_ERROR_NOT_SUPPORTED, "pointer attribute %d", attribute);
    }
    return CUDA_SUCCESS;
}

// The device's number has no "none" but one that is no device.
void clear_attribute(void* data, int attribute) {
    switch (attribute) {
        case 1: case 3: case 4: case 7: case 11: case 12: *static_cast<uint64_t*>(data) = 0; break;
        case 9: *static_cast<int*>(data) = -2; break;
        case 13: *static_cast<bool*>(data) = false; break;
        default: *static_cast<unsigned*>(data) = 0; break;
    }
}

CUresult allocate_pinned(const char* function, const void* caller, void** pointer, size_t bytes) {
    return driver_call(function, Needs::CONTEXT, [&] {
        if (const CUresult refused = forbidden_in_capture(function); refused != CUDA_SUCCESS) return refused;
        return Memory::get().allocate_pinned(bytes, caller, pointer);
    });
}

}  // namespace

CUDA_API cuMemAlloc_v2(CUdeviceptr* pointer, size_t bytes) {
    const void* const caller = __builtin_return_address(0);
    return driver_call("cuMemAlloc_v2", Needs::CONTEXT, [&] {
        if (const CUresult refused = forbidden_in_capture("cuMemAlloc"); refused != CUDA_SUCCESS) return refused;
        return Memory::get().allocate(bytes, caller, pointer);
    });
}

// Waits for the device first, as a GPU does.
CUDA_API cuMemFree_v2(CUdeviceptr pointer) {
    return driver_call("cuMemFree_v2", Needs::CONTEXT, [&] {
        if (const CUresult refused = forbidden_in_capture("cuMemFree"); refused != CUDA_SUCCESS) return refused;
        if (const CUresult failed = Streams::get().synchronize_all(); failed != CUDA_SUCCESS) return failed;
        return Memory::get().release(pointer);
    });
}

CUDA_API cuMemAllocHost_v2(void** pointer, size_t bytes) { return allocate_pinned("cuMemAllocHost_v2", __builtin_return_address(0), pointer, bytes); }

CUDA_API cuMemHostAlloc(void** pointer, size_t bytes, unsigned) {
    return allocate_pinned("cuMemHostAlloc", __builtin_return_address(0), pointer, bytes);
}

CUDA_API cuMemFreeHost(void* pointer) {
    return driver_call("cuMemFreeHost", Needs::CONTEXT, [&] {
        if (const CUresult refused = forbidden_in_capture("cuMemFreeHost"); refused != CUDA_SUCCESS) return refused;
        if (const CUresult failed = Streams::get().synchronize_all(); failed != CUDA_SUCCESS) return failed;
        return Memory::get().release_pinned(pointer);
    });
}

// Unified addressing: pinned memory has the same address on the device.
CUDA_API cuMemHostGetDevicePointer_v2(CUdeviceptr* device, void* host, unsigned) {
    return driver_call("cuMemHostGetDevicePointer_v2", Needs::CONTEXT, [&] {
        if (Memory::get().pinned_allocation(reinterpret_cast<uintptr_t>(host)) == nullptr)
            return error(CUDA_ERROR_INVALID_VALUE, "%p is not pinned", host);
        *device = reinterpret_cast<CUdeviceptr>(host);
        return CUDA_SUCCESS;
    });
}

CUDA_API cuMemHostGetFlags(unsigned* flags, void* host) {
    return driver_call("cuMemHostGetFlags", Needs::CONTEXT, [&] {
        if (Memory::get().pinned_allocation(reinterpret_cast<uintptr_t>(host)) == nullptr)
            return error(CUDA_ERROR_INVALID_VALUE, "%p is not pinned", host);
        *flags = 0;
        return CUDA_SUCCESS;
    });
}

CUDA_API cuMemGetAddressRange_v2(CUdeviceptr* base, size_t* bytes, CUdeviceptr pointer) {
    return driver_call("cuMemGetAddressRange_v2", Needs::CONTEXT, [&] {
        const Allocation* const holder = Memory::get().device_allocation(pointer);
        if (holder == nullptr) return error(CUDA_ERROR_NOT_FOUND, "0x%llx is no device memory", pointer);
        if (base != nullptr) *base = holder->start;
        if (bytes != nullptr) *bytes = holder->bytes;
        return CUDA_SUCCESS;
    });
}

CUDA_API cuPointerGetAttribute(void* data, int attribute, CUdeviceptr pointer) {
    return driver_call("cuPointerGetAttribute", Needs::CONTEXT, [&] { return pointer_attribute(data, attribute, pointer); });
}

// Other than the call for one attribute this one answers for any address: all zeros where there is no memory of CUDA's.
CUDA_API cuPointerGetAttributes(unsigned count, int* attributes, void** data, CUdeviceptr pointer) {
    return driver_call("cuPointerGetAttributes", Needs::CONTEXT, [&] {
        const Memory& memory = Memory::get();
        const bool known = memory.device_allocation(pointer) != nullptr || memory.pinned_allocation(pointer) != nullptr;
        for (unsigned i = 0; i < count; ++i)
            if (!known) clear_attribute(data[i], attributes[i]);
            else if (const CUresult failed = pointer_attribute(data[i], attributes[i], pointer); failed != CUDA_SUCCESS) return failed;
        return CUDA_SUCCESS;
    });
}
