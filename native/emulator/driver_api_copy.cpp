// Copies and memset, synchronous and in a stream.
#include <cstring>
#include <memory>

#include "driver.h"
#include "memory.h"
#include "stream.h"

using namespace emulated;

namespace {

enum class Direction { TO_DEVICE, TO_HOST, ON_DEVICE };

struct Copy {
    Direction direction;
    void* to;
    const void* from;
    size_t bytes;

    CUresult check(const char* function) const {
        const Memory& memory = Memory::get();
        if (direction != Direction::TO_HOST)
            if (const CUresult bad = memory.check_range(reinterpret_cast<CUdeviceptr>(to), bytes, function); bad != CUDA_SUCCESS) return bad;
        if (direction != Direction::TO_DEVICE)
            if (const CUresult bad = memory.check_range(reinterpret_cast<CUdeviceptr>(from), bytes, function); bad != CUDA_SUCCESS) return bad;
        const void* const host = direction == Direction::TO_DEVICE ? from : to;
        if (host == nullptr) return error(CUDA_ERROR_INVALID_VALUE, "%s: a null host pointer", function);
        return CUDA_SUCCESS;
    }

    bool pageable() const {
        if (direction == Direction::ON_DEVICE) return false;
        const void* const host = direction == Direction::TO_DEVICE ? from : to;
        return Memory::get().pinned_allocation(reinterpret_cast<uintptr_t>(host)) == nullptr;
    }

    CUresult run() const {
        memmove(to, from, bytes);
        return CUDA_SUCCESS;
    }
};

CUresult copy_now(const char* function, Copy copy) {
    return driver_call(function, Needs::CONTEXT, [&] {
        if (const CUresult bad = copy.check(function); bad != CUDA_SUCCESS) return bad;
        if (const CUresult failed = Streams::get().synchronous_operation(function); failed != CUDA_SUCCESS) return failed;
        return copy.run();
    });
}

// Pageable memory: what goes to the device is taken at the call, and what comes from it is there when the call returns.
CUresult copy_pageable(const Copy& copy, CUstream stream, const char* function) {
    Streams& streams = Streams::get();
    if (stream->capture != nullptr) return error(CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED, "%s: a captured copy needs pinned host memory", function);
    if (!switches().deferred) return copy.run();
    if (copy.direction == Direction::TO_HOST) {
        if (const CUresult failed = streams.synchronize(stream); failed != CUDA_SUCCESS) return failed;
        return copy.run();
    }
    const auto staged = std::make_shared<std::string>(static_cast<const char*>(copy.from), copy.bytes);
    return streams.submit(stream, CU_NODE_MEMCPY, [copy, staged] {
        memcpy(copy.to, staged->data(), copy.bytes);
        return CUDA_SUCCESS;
    });
}

CUresult copy_in_stream(const char* function, Copy copy, CUstream handle) {
    return driver_call(function, Needs::CONTEXT, [&] {
        const CUstream stream = Streams::get().find(handle);
        if (stream == nullptr) return error(CUDA_ERROR_INVALID_HANDLE, "%s: an unknown stream", function);
        if (const CUresult bad = copy.check(function); bad != CUDA_SUCCESS) return bad;
        if (copy.pageable()) return copy_pageable(copy, stream, function);
        return Streams::get().submit(stream, CU_NODE_MEMCPY, [copy] { return copy.run(); });
    });
}

Copy to_device(CUdeviceptr to, const void* from, size_t bytes) { return {Direction::TO_DEVICE, reinterpret_cast<void*>(to), from, bytes}; }
Copy to_host(void* to, CUdeviceptr from, size_t bytes) { return {Direction::TO_HOST, to, reinterpret_cast<const void*>(from), bytes}; }
Copy on_device(CUdeviceptr to, CUdeviceptr from, size_t bytes) {
    return {Direction::ON_DEVICE, reinterpret_cast<void*>(to), reinterpret_cast<const void*>(from), bytes};
}
// Unified addressing tells which side a pointer belongs to.
Copy by_address(CUdeviceptr to, CUdeviceptr from, size_t bytes) {
    const bool device_to = Memory::get().device_allocation(to) != nullptr, device_from = Memory::get().device_allocation(from) != nullptr;
    const Direction direction = !device_to ? Direction::TO_HOST : !device_from ? Direction::TO_DEVICE : Direction::ON_DEVICE;
    return {direction, reinterpret_cast<void*>(to), reinterpret_cast<const void*>(from), bytes};
}

template <class T> void fill(CUdeviceptr to, T value, size_t count) {
    T* const p = reinterpret_cast<T*>(to);
    for (size_t i = 0; i < count; ++i) p[i] = value;
}

template <class T> CUresult set_in_stream(const char* function, CUdeviceptr to, T value, size_t count, CUstream handle, bool now) {
    return driver_call(function, Needs::CONTEXT, [&] {
        const CUstream stream = Streams::get().find(handle);
        if (stream == nullptr) return error(CUDA_ERROR_INVALID_HANDLE, "%s: an unknown stream", function);
        if (to % sizeof(T) != 0) return error(CUDA_ERROR_INVALID_VALUE, "%s: 0x%llx is not aligned to %zu bytes", function, to, sizeof(T));
        if (const CUresult bad = Memory::get().check_range(to, count * sizeof(T), function); bad != CUDA_SUCCESS) return bad;
        if (now)
            if (const CUresult failed = Streams::get().synchronous_operation(function); failed != CUDA_SUCCESS) return failed;
        return Streams::get().submit(stream, CU_NODE_MEMSET, [=] {
            fill(to, value, count);
            return CUDA_SUCCESS;
        });
    });
}

}  // namespace

CUDA_API cuMemcpyHtoD_v2(CUdeviceptr to, const void* from, size_t bytes) { return copy_now("cuMemcpyHtoD_v2", to_device(to, from, bytes)); }
CUDA_API cuMemcpyDtoH_v2(void* to, CUdeviceptr from, size_t bytes) { return copy_now("cuMemcpyDtoH_v2", to_host(to, from, bytes)); }
CUDA_API cuMemcpyDtoD_v2(CUdeviceptr to, CUdeviceptr from, size_t bytes) { return copy_now("cuMemcpyDtoD_v2", on_device(to, from, bytes)); }
CUDA_API cuMemcpy(CUdeviceptr to, CUdeviceptr from, size_t bytes) { return copy_now("cuMemcpy", by_address(to, from, bytes)); }

CUDA_API cuMemcpyHtoDAsync_v2(CUdeviceptr to, const void* from, size_t bytes, CUstream stream) {
    return copy_in_stream("cuMemcpyHtoDAsync_v2", to_device(to, from, bytes), stream);
}
CUDA_API cuMemcpyDtoHAsync_v2(void* to, CUdeviceptr from, size_t bytes, CUstream stream) {
    return copy_in_stream("cuMemcpyDtoHAsync_v2", to_host(to, from, bytes), stream);
}
CUDA_API cuMemcpyDtoDAsync_v2(CUdeviceptr to, CUdeviceptr from, size_t bytes, CUstream stream) {
    return copy_in_stream("cuMemcpyDtoDAsync_v2", on_device(to, from, bytes), stream);
}
CUDA_API cuMemcpyAsync(CUdeviceptr to, CUdeviceptr from, size_t bytes, CUstream stream) {
    return copy_in_stream("cuMemcpyAsync", by_address(to, from, bytes), stream);
}

CUDA_API cuMemsetD8_v2(CUdeviceptr to, unsigned char value, size_t count) { return set_in_stream("cuMemsetD8_v2", to, value, count, nullptr, true); }
CUDA_API cuMemsetD16_v2(CUdeviceptr to, unsigned short value, size_t count) { return set_in_stream("cuMemsetD16_v2", to, value, count, nullptr, true); }
CUDA_API cuMemsetD32_v2(CUdeviceptr to, unsigned value, size_t count) { return set_in_stream("cuMemsetD32_v2", to, value, count, nullptr, true); }
CUDA_API cuMemsetD8Async(CUdeviceptr to, unsigned char value, size_t count, CUstream stream) {
    return set_in_stream("cuMemsetD8Async", to, value, count, stream, false);
}
CUDA_API cuMemsetD16Async(CUdeviceptr to, unsigned short value, size_t count, CUstream stream) {
    return set_in_stream("cuMemsetD16Async", to, value, count, stream, false);
}
CUDA_API cuMemsetD32Async(CUdeviceptr to, unsigned value, size_t count, CUstream stream) {
    return set_in_stream("cuMemsetD32Async", to, value, count, stream, false);
}
