// The device, memory, fault injection, limits, and the report of leaks.
#include <unistd.h>

#include <cstddef>

#include "cases.h"
#include "driver.h"

TEST(calls_need_init_and_a_context) {
    CUdeviceptr p = 0;
    EXPECT_CODE(cuMemAlloc_v2(&p, 16), CUDA_ERROR_NOT_INITIALIZED);
    OK(cuInit(0));
    EXPECT_CODE(cuMemAlloc_v2(&p, 16), CUDA_ERROR_INVALID_CONTEXT);
    CUdevice device = 0;
    EXPECT_CODE(cuDeviceGet(&device, 1), CUDA_ERROR_INVALID_DEVICE);
}

TEST(released_context_is_of_no_use) {
    TestDevice device;
    CUdeviceptr p = 0;
    OK(cuDevicePrimaryCtxRelease_v2(0));
    EXPECT_CODE(cuMemAlloc_v2(&p, 16), CUDA_ERROR_CONTEXT_IS_DESTROYED);
}

TEST(attributes, "SEPARABLE_EMULATOR_SMS=6") {
    TestDevice device;
    int value = 0;
    OK(cuDeviceGetAttribute(&value, 16, 0));
    EXPECT(value == 6);
    OK(cuDeviceGetAttribute(&value, 75, 0));
    EXPECT(value == 8);
    OK(cuDeviceGetAttribute(&value, 97, 0));
    EXPECT(value == 163 * 1024);
    OK(cuDeviceGetAttribute(&value, 106, 0));
    EXPECT(value == 1);
}

TEST(memory_limit, "SEPARABLE_EMULATOR_MEMORY=1M") {
    TestDevice device;
    size_t free = 0, total = 0;
    CUdeviceptr p = 0, q = 0;
    OK(cuMemAlloc_v2(&p, 600 * 1024));
    OK(cuMemGetInfo_v2(&free, &total));
    EXPECT(total == 1 << 20 && free == total - 600 * 1024);
    EXPECT_CODE(cuMemAlloc_v2(&q, 600 * 1024), CUDA_ERROR_OUT_OF_MEMORY);
    OK(cuMemFree_v2(p));
    OK(cuMemAlloc_v2(&q, 600 * 1024));
}

TEST(copies_stay_inside_allocations) {
    TestDevice device;
    DeviceArray<char> p(100);
    char host[200] = {};
    EXPECT_CODE(cuMemcpyHtoD_v2(p.pointer(), host, 101), CUDA_ERROR_INVALID_VALUE);
    EXPECT(error_text(CUDA_ERROR_INVALID_VALUE).find("101 bytes at offset 0 leave the allocation of 100 bytes") != std::string::npos);
    EXPECT_CODE(cuMemcpyDtoH_v2(host, p.pointer() + 50, 51), CUDA_ERROR_INVALID_VALUE);
    EXPECT_CODE(cuMemsetD32_v2(p.pointer() + 2, 0, 1), CUDA_ERROR_INVALID_VALUE);
    EXPECT_CODE(cuMemFree_v2(p.pointer() + 16), CUDA_ERROR_INVALID_VALUE);
}

TEST(launch_takes_a_packed_buffer) {
    TestDevice device;
    device.load(faulty_kernels);
    DeviceArray<float> out(1, 0.f);
    struct { char a; double b; short c; float* out; } packed{1, 2.5, 3, out.address()};
    size_t bytes = sizeof packed;
    void* extra[] = {CU_EXTRA_BUFFER_POINTER, &packed, CU_EXTRA_BUFFER_SIZE, &bytes, CU_EXTRA_END};
    OK(cuLaunchKernel(device.function("mixed_parameters"), 1, 1, 1, 1, 1, 1, 0, nullptr, nullptr, extra));
    EXPECT(out.read()[0] == 6.5f);
    bytes = offsetof(decltype(packed), out);
    EXPECT_CODE(cuLaunchKernel(device.function("mixed_parameters"), 1, 1, 1, 1, 1, 1, 0, nullptr, nullptr, extra), CUDA_ERROR_INVALID_VALUE);
}

TEST(nth_call_fails_as_told, "SEPARABLE_EMULATOR_FAULTS=cuMemAlloc:2:2,cuLaunchKernel:3:719") {
    TestDevice device;
    device.load(faulty_kernels);
    CUdeviceptr p = 0, q = 0;
    OK(cuMemAlloc_v2(&p, 16));
    EXPECT_CODE(cuMemAlloc_v2(&q, 16), CUDA_ERROR_OUT_OF_MEMORY);
    EXPECT(error_text(CUDA_ERROR_OUT_OF_MEMORY).find("call 2 of cuMemAlloc") != std::string::npos);
    OK(cuMemAlloc_v2(&q, 16));
    OK(device.launch("nothing", {}));
    OK(device.launch("nothing", {}));
    EXPECT_CODE(device.launch("nothing", {}), CUDA_ERROR_LAUNCH_FAILED);
    EXPECT_CODE(cuCtxSynchronize(), CUDA_ERROR_LAUNCH_FAILED);
}

namespace {

// What the process printed on stderr from here to its exit.
std::string report_of(void (*body)()) {
    int ends[2];
    EXPECT(pipe(ends) == 0);
    const pid_t child = fork();
    if (child == 0) {
        dup2(ends[1], STDERR_FILENO);
        body();
        exit(0);
    }
    close(ends[1]);
    std::string text;
    char buffer[256];
    for (ssize_t n; (n = read(ends[0], buffer, sizeof buffer)) > 0;) text.append(buffer, size_t(n));
    return text;
}

}  // namespace

TEST(leaks_are_reported_at_exit, "SEPARABLE_EMULATOR_LEAKS=1") {
    const std::string text = report_of([] {
        TestDevice device;
        CUdeviceptr p = 0;
        OK(cuMemAlloc_v2(&p, 100));
        for (int i = 0; i < 3; ++i) OK(cuMemAlloc_v2(&p, 4096));
        OK(cuMemFree_v2(p));
        CUstream stream = nullptr;
        OK(cuStreamCreate(&stream, 0));
        OK(cuDevicePrimaryCtxRelease_v2(0));
    });
    EXPECT(text.find("1 x 100 bytes of device memory") != std::string::npos);
    EXPECT(text.find("2 x 4096 bytes of device memory") != std::string::npos && text.find("the first is allocation #2") != std::string::npos);
    EXPECT(text.find("1 stream(s)") != std::string::npos);
}

TEST(nothing_is_reported_when_all_is_released, "SEPARABLE_EMULATOR_LEAKS=1") {
    const std::string text = report_of([] {
        TestDevice device;
        { DeviceArray<float> p(100); }
        OK(cuDevicePrimaryCtxRelease_v2(0));
    });
    EXPECT(text.empty());
}
