// The driver calls that native tests make, and helpers that keep them short.
#pragma once
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "driver_types.h"

extern "C" {
CUresult cuInit(unsigned);
CUresult cuDeviceGet(CUdevice*, int);
CUresult cuDeviceGetAttribute(int*, int, CUdevice);
CUresult cuDeviceGetName(char*, int, CUdevice);
CUresult cuDevicePrimaryCtxRetain(CUcontext*, CUdevice);
CUresult cuDevicePrimaryCtxRelease_v2(CUdevice);
CUresult cuDevicePrimaryCtxReset_v2(CUdevice);
CUresult cuCtxCreate_v2(CUcontext*, unsigned, CUdevice);
CUresult cuCtxDestroy_v2(CUcontext);
CUresult cuCtxSetCurrent(CUcontext);
CUresult cuCtxGetId(CUcontext, unsigned long long*);
CUresult cuCtxSynchronize();
CUresult cuGetErrorName(CUresult, const char**);
CUresult cuGetErrorString(CUresult, const char**);
CUresult cuMemGetInfo_v2(size_t*, size_t*);
CUresult cuMemAlloc_v2(CUdeviceptr*, size_t);
CUresult cuMemFree_v2(CUdeviceptr);
CUresult cuMemAllocHost_v2(void**, size_t);
CUresult cuMemFreeHost(void*);
CUresult cuMemcpyHtoD_v2(CUdeviceptr, const void*, size_t);
CUresult cuMemcpyDtoH_v2(void*, CUdeviceptr, size_t);
CUresult cuMemcpyHtoDAsync_v2(CUdeviceptr, const void*, size_t, CUstream);
CUresult cuMemcpyDtoHAsync_v2(void*, CUdeviceptr, size_t, CUstream);
CUresult cuMemcpyDtoDAsync_v2(CUdeviceptr, CUdeviceptr, size_t, CUstream);
CUresult cuMemsetD8_v2(CUdeviceptr, unsigned char, size_t);
CUresult cuMemsetD32_v2(CUdeviceptr, unsigned, size_t);
CUresult cuMemsetD32Async(CUdeviceptr, unsigned, size_t, CUstream);
CUresult cuPointerGetAttribute(void*, int, CUdeviceptr);
CUresult cuPointerGetAttributes(unsigned, int*, void**, CUdeviceptr);
CUresult cuModuleLoadData(CUmodule*, const void*);
CUresult cuModuleLoad(CUmodule*, const char*);
CUresult cuModuleUnload(CUmodule);
CUresult cuModuleGetFunction(CUfunction*, CUmodule, const char*);
CUresult cuFuncSetAttribute(CUfunction, int, int);
CUresult cuLaunchKernel(CUfunction, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, CUstream, void**, void**);
CUresult cuStreamCreate(CUstream*, unsigned);
CUresult cuStreamDestroy_v2(CUstream);
CUresult cuStreamGetCtx(CUstream, CUcontext*);
CUresult cuStreamSynchronize(CUstream);
CUresult cuStreamQuery(CUstream);
CUresult cuStreamWaitEvent(CUstream, CUevent, unsigned);
CUresult cuStreamBeginCapture_v2(CUstream, CUstreamCaptureMode);
CUresult cuStreamEndCapture(CUstream, CUgraph*);
CUresult cuEventCreate(CUevent*, unsigned);
CUresult cuEventDestroy_v2(CUevent);
CUresult cuEventRecord(CUevent, CUstream);
CUresult cuEventRecordWithFlags(CUevent, CUstream, unsigned);
CUresult cuEventQuery(CUevent);
CUresult cuEventSynchronize(CUevent);
CUresult cuEventElapsedTime(float*, CUevent, CUevent);
CUresult cuGraphGetNodes(CUgraph, CUgraphNode*, size_t*);
CUresult cuGraphNodeGetType(CUgraphNode, CUgraphNodeType*);
CUresult cuGraphInstantiateWithFlags(CUgraphExec*, CUgraph, unsigned long long);
CUresult cuGraphLaunch(CUgraphExec, CUstream);
CUresult cuGraphDestroy(CUgraph);
CUresult cuGraphExecDestroy(CUgraphExec);
CUresult cuTexRefCreate(void**);
}

inline std::string error_text(CUresult code) {
    const char* text = nullptr;
    cuGetErrorString(code, &text);
    return text == nullptr ? "code " + std::to_string(code) : text;
}

// Ends the test with a line that says what was expected where.
[[noreturn]] inline void fail_test(const char* file, int line, const std::string& what) {
    fprintf(stderr, "%s:%d: %s\n", file, line, what.c_str());
    fflush(nullptr);
    _Exit(1);
}

#define EXPECT(condition) \
    do { \
        if (!(condition)) fail_test(__FILE__, __LINE__, "expected " #condition); \
    } while (0)

#define EXPECT_CODE(call, code) \
    do { \
        const CUresult got_ = (call); \
        if (got_ != (code)) fail_test(__FILE__, __LINE__, #call " gave " + std::to_string(got_) + " (" + error_text(got_) + "), expected " #code); \
    } while (0)

#define OK(call) EXPECT_CODE(call, CUDA_SUCCESS)

// The device with its primary context current, and one module.
class TestDevice {
public:
    TestDevice() {
        OK(cuInit(0));
        OK(cuDevicePrimaryCtxRetain(&context_, 0));
        OK(cuCtxSetCurrent(context_));
    }
    void load(const std::string& path) { OK(cuModuleLoad(&module_, path.c_str())); }
    void load_built_in() {
        const unsigned char empty_fatbin[16] = {0x50, 0xed, 0x55, 0xba, 1, 0, 16, 0};
        OK(cuModuleLoadData(&module_, empty_fatbin));
    }
    CUfunction function(const char* name) const {
        CUfunction f = nullptr;
        OK(cuModuleGetFunction(&f, module_, name));
        return f;
    }
    CUmodule module() const { return module_; }

    struct Shape {
        unsigned grid = 1, block = 32, shared = 0;
        CUstream stream = nullptr;
    };
    template <class... A> CUresult launch(const char* name, Shape s, A... arguments) const {
        void* values[] = {static_cast<void*>(&arguments)..., nullptr};
        return cuLaunchKernel(function(name), s.grid, 1, 1, s.block, 1, 1, s.shared, s.stream, values, nullptr);
    }

private:
    CUcontext context_ = nullptr;
    CUmodule module_ = nullptr;
};

// Device memory of T, for tests.
template <class T> class DeviceArray {
public:
    explicit DeviceArray(size_t n) : n_(n) { OK(cuMemAlloc_v2(&pointer_, n * sizeof(T))); }
    DeviceArray(size_t n, T value) : DeviceArray(std::vector<T>(n, value)) {}
    explicit DeviceArray(const std::vector<T>& values) : DeviceArray(values.size()) { OK(cuMemcpyHtoD_v2(pointer_, values.data(), n_ * sizeof(T))); }
    DeviceArray(const DeviceArray&) = delete;
    ~DeviceArray() { cuMemFree_v2(pointer_); }
    CUdeviceptr pointer() const { return pointer_; }
    T* address() const { return reinterpret_cast<T*>(pointer_); }
    size_t bytes() const { return n_ * sizeof(T); }
    std::vector<T> read() const {
        std::vector<T> values(n_);
        OK(cuMemcpyDtoH_v2(values.data(), pointer_, bytes()));
        return values;
    }

private:
    CUdeviceptr pointer_ = 0;
    size_t n_;
};
