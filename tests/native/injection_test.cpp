// Driver calls that fail on demand: the control file, and the three ways to fail.
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cases.h"
#include "driver.h"
#include "fault_injection.h"

using emulated::FaultControl;
using emulated::FaultKind;

namespace {

// The test's side of the control file; to be made before cuInit.
class Control {
public:
    Control() {
        char path[] = "/tmp/separable-fault-control-XXXXXX";
        const int file = mkstemp(path);
        EXPECT(file >= 0 && ftruncate(file, sizeof(FaultControl)) == 0);
        record_ = static_cast<FaultControl*>(mmap(nullptr, sizeof(FaultControl), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0));
        EXPECT(record_ != MAP_FAILED);
        setenv("SEPARABLE_EMULATOR_FAULT_CONTROL", path, 1);
        OK(cuInit(0));
        unlink(path);
        close(file);
    }
    FaultControl* operator->() const { return record_; }
    void fail(int64_t countdown, CUresult code, FaultKind kind = FaultKind::CALL, const char* function = "") const {
        record_->countdown = countdown;
        record_->code = code;
        record_->kind = kind;
        snprintf(record_->function, sizeof record_->function, "%s", function);
    }

private:
    FaultControl* record_;
};

}  // namespace

TEST(nth_call_from_now_fails_once) {
    const Control control;
    TestDevice device;
    CUdeviceptr p = 0, q = 0;
    control.fail(2, CUDA_ERROR_OUT_OF_MEMORY);
    const int64_t before = control->calls;
    OK(cuMemAlloc_v2(&p, 16));
    EXPECT_CODE(cuMemAlloc_v2(&q, 16), CUDA_ERROR_OUT_OF_MEMORY);
    EXPECT(error_text(CUDA_ERROR_OUT_OF_MEMORY).find("injected into cuMemAlloc") != std::string::npos);
    EXPECT(control->calls == before + 2 && control->countdown == 0 && strcmp(control->hit, "cuMemAlloc") == 0);
    OK(cuMemAlloc_v2(&q, 16));
}

TEST(only_the_named_function_is_counted) {
    const Control control;
    TestDevice device;
    control.fail(2, CUDA_ERROR_INVALID_HANDLE, FaultKind::CALL, "cuMemFree");
    DeviceArray<float> kept(4, 1.f);
    { DeviceArray<float> freed(4); }
    EXPECT(control->countdown == 1);
    EXPECT_CODE(cuMemFree_v2(kept.pointer()), CUDA_ERROR_INVALID_HANDLE);
}

TEST(failed_call_has_no_effect) {
    const Control control;
    TestDevice device;
    CUdeviceptr p = 0;
    CUstream stream = nullptr;
    control.fail(1, CUDA_ERROR_INVALID_HANDLE);
    EXPECT_CODE(cuMemAlloc_v2(&p, 16), CUDA_ERROR_INVALID_HANDLE);
    EXPECT(p == 0);
    DeviceArray<int> values(4, 7);
    control.fail(1, CUDA_ERROR_INVALID_HANDLE);
    EXPECT_CODE(cuMemsetD8_v2(values.pointer(), 0, 16), CUDA_ERROR_INVALID_HANDLE);
    EXPECT(values.read()[0] == 7);
    OK(cuStreamCreate(&stream, 1));
    control.fail(1, CUDA_ERROR_LAUNCH_FAILED);
    EXPECT_CODE(cuStreamDestroy_v2(stream), CUDA_ERROR_LAUNCH_FAILED);
    EXPECT(control->streams == 1);
    OK(cuStreamDestroy_v2(stream));
}

TEST(lost_context_fails_every_call_until_it_is_released) {
    const Control control;
    TestDevice device;
    CUdeviceptr p = 0;
    OK(cuMemAlloc_v2(&p, 16));
    control.fail(1, CUDA_ERROR_LAUNCH_FAILED, FaultKind::CONTEXT);
    EXPECT_CODE(cuCtxSynchronize(), CUDA_ERROR_LAUNCH_FAILED);
    EXPECT_CODE(cuMemFree_v2(p), CUDA_ERROR_LAUNCH_FAILED);
    OK(cuDevicePrimaryCtxRelease_v2(0));
    EXPECT(control->device_allocations == 0 && control->contexts == 0);
    TestDevice healthy;
    DeviceArray<int> values(4, 7);
    EXPECT(values.read()[3] == 7);
}

TEST(later_fault_is_found_by_the_next_call_that_waits) {
    const Control control;
    TestDevice device;
    device.load(faulty_kernels);
    DeviceArray<float> p(256, 1.f);
    control.fail(1, CUDA_ERROR_ILLEGAL_ADDRESS, FaultKind::LATER, "cuLaunchKernel");
    OK(device.launch("reverse", {1, 256}, p.pointer()));
    EXPECT(p.address()[0] == 1.f);
    CUstream stream = nullptr;
    OK(cuStreamCreate(&stream, 1));
    OK(cuMemsetD32Async(p.pointer(), 0, 256, stream));
    EXPECT(p.address()[0] == 1.f);
    EXPECT_CODE(cuStreamSynchronize(stream), CUDA_ERROR_ILLEGAL_ADDRESS);
    EXPECT(error_text(CUDA_ERROR_ILLEGAL_ADDRESS).find("injected into cuLaunchKernel") != std::string::npos);
    EXPECT_CODE(cuStreamDestroy_v2(stream), CUDA_ERROR_ILLEGAL_ADDRESS);
    OK(cuDevicePrimaryCtxReset_v2(0));
    OK(cuCtxSynchronize());
    EXPECT(control->streams == 0 && control->modules == 0);
}

TEST(later_fault_is_forgotten_with_its_context) {
    const Control control;
    TestDevice device;
    control.fail(1, CUDA_ERROR_ILLEGAL_ADDRESS, FaultKind::LATER);
    OK(cuCtxSetCurrent(nullptr));
    OK(cuDevicePrimaryCtxRelease_v2(0));
    TestDevice healthy;
    OK(cuCtxSynchronize());
}

TEST(ledger_counts_what_is_alive) {
    const Control control;
    TestDevice device;
    device.load(faulty_kernels);
    CUstream stream = nullptr;
    CUevent event = nullptr;
    CUgraph graph = nullptr;
    CUgraphExec exec = nullptr;
    void* pinned = nullptr;
    OK(cuStreamCreate(&stream, 1));
    OK(cuEventCreate(&event, 0));
    OK(cuMemAllocHost_v2(&pinned, 64));
    OK(cuStreamBeginCapture_v2(stream, CU_CAPTURE_THREAD_LOCAL));
    OK(cuStreamEndCapture(stream, &graph));
    OK(cuGraphInstantiateWithFlags(&exec, graph, 0));
    {
        DeviceArray<float> p(10);
        EXPECT(control->device_bytes == 40 && control->device_allocations == 1 && control->pinned_allocations == 1 && control->streams == 1);
        EXPECT(control->events == 1 && control->modules == 1 && control->graphs == 1 && control->executable_graphs == 1 && control->contexts == 1);
    }
    EXPECT(control->device_bytes == 0 && control->device_allocations == 0);
    OK(cuGraphDestroy(graph));
    OK(cuGraphExecDestroy(exec));
    OK(cuEventDestroy_v2(event));
    OK(cuStreamDestroy_v2(stream));
    OK(cuModuleUnload(device.module()));
    OK(cuMemFreeHost(pinned));
    OK(cuDevicePrimaryCtxRelease_v2(0));
    EXPECT(control->pinned_allocations + control->streams + control->events + control->modules + control->graphs + control->executable_graphs +
               control->contexts == 0);
}

TEST(missing_control_file_is_named, "SEPARABLE_EMULATOR_FAULT_CONTROL=/nonexistent") {
    EXPECT_CODE(cuInit(0), CUDA_ERROR_INVALID_VALUE);
    EXPECT(error_text(CUDA_ERROR_INVALID_VALUE).find("FAULT_CONTROL=/nonexistent: expected a file of at least 224 bytes") != std::string::npos);
}
