// Faults in kernels come back as the codes a GPU gives, with kernel, block and line, and never reach the process.
#include <fstream>

#include "cases.h"
#include "driver.h"

namespace {

struct Loaded : TestDevice {
    Loaded() { load(faulty_kernels); }
};

void expect_text(CUresult code, const std::vector<std::string>& parts) {
    const std::string text = error_text(code);
    for (const std::string& part : parts)
        if (text.find(part) == std::string::npos) fail_test(__FILE__, __LINE__, "expected \"" + part + "\" in \"" + text + "\"");
}

// "faulty_kernels.cu:12" for the one line of that file with this code.
std::string place_of(const std::string& code) {
    std::ifstream source(FAULTY_KERNELS_SOURCE);
    int number = 0;
    for (std::string line; std::getline(source, line);) {
        ++number;
        if (line.find(code) != std::string::npos) return "faulty_kernels.cu:" + std::to_string(number);
    }
    fail_test(__FILE__, __LINE__, "no line of faulty_kernels.cu holds " + code);
}

}  // namespace

TEST(write_past_end_is_illegal_address, "SEPARABLE_EMULATOR_CHECK=1") {
    Loaded device;
    DeviceArray<float> p(1000);
    EXPECT_CODE(device.launch("write_past_end", {4, 250}, p.pointer(), 1000), CUDA_ERROR_ILLEGAL_ADDRESS);
    expect_text(CUDA_ERROR_ILLEGAL_ADDRESS, {"illegal memory access", "kernel write_past_end, block (3,0,0), " + place_of("p[i + (i == n - 1)]")});
}

TEST(fault_is_sticky_until_the_context_is_reset, "SEPARABLE_EMULATOR_CHECK=1") {
    Loaded device;
    DeviceArray<float> p(1000);
    EXPECT_CODE(device.launch("write_past_end", {4, 250}, p.pointer(), 1000), CUDA_ERROR_ILLEGAL_ADDRESS);
    EXPECT_CODE(cuCtxSynchronize(), CUDA_ERROR_ILLEGAL_ADDRESS);
    EXPECT_CODE(cuMemsetD8_v2(p.pointer(), 0, 1), CUDA_ERROR_ILLEGAL_ADDRESS);
    OK(cuDevicePrimaryCtxReset_v2(0));
    OK(cuCtxSynchronize());
    device.load(faulty_kernels);
    DeviceArray<float> q(256);
    OK(device.launch("reverse", {1, 256}, q.pointer()));
    EXPECT(q.read()[0] == 255.f);
}

TEST(null_pointer_is_illegal_address) {
    Loaded device;
    EXPECT_CODE(device.launch("write_to", {}, CUdeviceptr(0)), CUDA_ERROR_ILLEGAL_ADDRESS);
}

TEST(use_after_free_is_illegal_address) {
    Loaded device;
    CUdeviceptr p = 0;
    OK(cuMemAlloc_v2(&p, 4096));
    OK(device.launch("write_to", {}, p));
    OK(cuMemFree_v2(p));
    EXPECT_CODE(device.launch("write_to", {}, p), CUDA_ERROR_ILLEGAL_ADDRESS);
}

TEST(host_pointer_argument_is_refused, "SEPARABLE_EMULATOR_CHECK=1") {
    Loaded device;
    float host[32] = {};
    EXPECT_CODE(device.launch("write_to", {}, &host[0]), CUDA_ERROR_ILLEGAL_ADDRESS);
    expect_text(CUDA_ERROR_ILLEGAL_ADDRESS, {"write_to", "parameter 0"});
}

TEST(misaligned_vector_load) {
    Loaded device;
    DeviceArray<float> in(8, 1.f), out(4, 0.f);
    EXPECT_CODE(device.launch("load_misaligned", {1, 1}, in.pointer(), out.pointer()), CUDA_ERROR_MISALIGNED_ADDRESS);
    expect_text(CUDA_ERROR_MISALIGNED_ADDRESS, {"kernel load_misaligned, block (0,0,0), " + place_of("(p + 1)")});
}

TEST(dynamic_shared_overrun_faults) {
    Loaded device;
    DeviceArray<float> p(64);
    OK(device.launch("write_past_shared", {1, 64, 256}, p.pointer(), 0));
    EXPECT_CODE(device.launch("write_past_shared", {1, 64, 256}, p.pointer(), 1), CUDA_ERROR_ILLEGAL_ADDRESS);
}

TEST(division_by_zero_and_stack_overflow_fail_the_launch) {
    Loaded device;
    DeviceArray<int> p(32);
    EXPECT_CODE(device.launch("divide", {}, p.pointer(), 0), CUDA_ERROR_LAUNCH_FAILED);
    OK(cuDevicePrimaryCtxReset_v2(0));
    device.load(faulty_kernels);
    DeviceArray<float> q(32, 0.f);
    EXPECT_CODE(device.launch("overflow_stack", {1, 1}, q.pointer()), CUDA_ERROR_LAUNCH_FAILED);
    expect_text(CUDA_ERROR_LAUNCH_FAILED, {"stack"});
}

TEST(divergent_barriers_fail_the_launch) {
    Loaded device;
    DeviceArray<float> p(64, 0.f);
    EXPECT_CODE(device.launch("leave_before_barrier", {1, 64}, p.pointer(), 40), CUDA_ERROR_LAUNCH_FAILED);
    expect_text(CUDA_ERROR_LAUNCH_FAILED, {"divergent barrier", "40 thread(s) wait at", place_of("__syncthreads();  // the others have left"), "24 of 64 threads have exited"});
}

TEST(barriers_on_different_lines_diverge) {
    Loaded device;
    DeviceArray<float> p(64, 0.f);
    EXPECT_CODE(device.launch("barriers_apart", {1, 64}, p.pointer()), CUDA_ERROR_LAUNCH_FAILED);
    expect_text(CUDA_ERROR_LAUNCH_FAILED, {place_of("__syncthreads();  // odd threads"), place_of("__syncthreads();  // even threads")});
}

TEST(partial_warp_shuffle_diverges) {
    Loaded device;
    DeviceArray<float> p(32, 0.f);
    EXPECT_CODE(device.launch("shuffle_with_half_a_warp", {}, p.pointer()), CUDA_ERROR_LAUNCH_FAILED);
    expect_text(CUDA_ERROR_LAUNCH_FAILED, {"0000ffff"});
}

TEST(endless_loop_times_out, "SEPARABLE_EMULATOR_TIMEOUT=200") {
    Loaded device;
    DeviceArray<int> p(1, 0);
    EXPECT_CODE(device.launch("spin", {64, 64}, p.pointer()), CUDA_ERROR_LAUNCH_TIMEOUT);
    expect_text(CUDA_ERROR_LAUNCH_TIMEOUT, {"kernel spin", "faulty_kernels.cu:"});
    OK(cuDevicePrimaryCtxReset_v2(0));
    device.load(faulty_kernels);
    DeviceArray<float> q(256);
    OK(device.launch("reverse", {1, 256}, q.pointer()));
}

// A few bytes past the end stay inside the padding of 256: only the canary sees them.
TEST(broken_canary_is_reported_at_free) {
    Loaded device;
    CUdeviceptr p = 0;
    OK(cuMemAlloc_v2(&p, 1000 * sizeof(float)));
    OK(device.launch("write_past_end", {4, 250}, p, 1000));
    EXPECT_CODE(cuMemFree_v2(p), CUDA_ERROR_ILLEGAL_ADDRESS);
    expect_text(CUDA_ERROR_ILLEGAL_ADDRESS, {"0 bytes past the end", "4000 bytes"});
}

TEST(many_faults_leave_the_process_sound) {
    Loaded device;
    for (int i = 0; i < 200; ++i) {
        EXPECT_CODE(device.launch("write_to", {8, 256}, CUdeviceptr(0)), CUDA_ERROR_ILLEGAL_ADDRESS);
        OK(cuDevicePrimaryCtxReset_v2(0));
        device.load(faulty_kernels);
        DeviceArray<float> q(256);
        OK(device.launch("reverse", {1, 256}, q.pointer()));
        EXPECT(q.read()[3] == 252.f);
    }
}

TEST(broken_images_and_names_are_refused) {
    TestDevice device;
    CUmodule module = nullptr;
    const char text[64] = "// not an image";
    EXPECT_CODE(cuModuleLoadData(&module, text), CUDA_ERROR_INVALID_IMAGE);
    EXPECT_CODE(cuModuleLoad(&module, "/nonexistent.fatbin"), CUDA_ERROR_FILE_NOT_FOUND);
    device.load(faulty_kernels);
    CUfunction function = nullptr;
    EXPECT_CODE(cuModuleGetFunction(&function, device.module(), "no_such_kernel"), CUDA_ERROR_NOT_FOUND);
    EXPECT(error_text(CUDA_ERROR_NOT_FOUND).find("no_such_kernel") != std::string::npos);
    OK(cuModuleUnload(device.module()));
    void* texture = nullptr;
    EXPECT_CODE(cuTexRefCreate(&texture), CUDA_ERROR_NOT_SUPPORTED);
    EXPECT(error_text(CUDA_ERROR_NOT_SUPPORTED).find("cuTexRefCreate") != std::string::npos);
}

TEST(launch_geometry_is_checked) {
    Loaded device;
    DeviceArray<float> p(2048);
    EXPECT_CODE(device.launch("write_to", {1, 1025}, p.pointer()), CUDA_ERROR_INVALID_VALUE);
    EXPECT_CODE(device.launch("write_to", {0, 32}, p.pointer()), CUDA_ERROR_INVALID_VALUE);
    EXPECT_CODE(device.launch("write_past_shared", {1, 64, 64 * 1024}, p.pointer(), 0), CUDA_ERROR_INVALID_VALUE);
    OK(cuFuncSetAttribute(device.function("write_past_shared"), 8, 64 * 1024));
    OK(device.launch("write_past_shared", {1, 64, 64 * 1024}, p.pointer(), 0));
}
