// Every kernel once, at small odd sizes, in a build with sanitizers. Numbers are checked from Java; here only that no
// access leaves its buffer and nothing undefined happens. A case goes into smoke_<op family>.cpp:
//
//     SMOKE(add) {
//         Buffer<float> a(24), b(24), y(24);
//         run("add_f32", {1, 256}, a, b, y, 3);
//     }
#pragma once
#include <set>
#include <string>
#include <vector>

#include "driver.h"

struct SmokeCase {
    const char* name;
    void (*body)();
};
std::vector<SmokeCase>& smoke_cases();
std::set<std::string>& kernels_run();
const TestDevice& smoke_device();

#define SMOKE(name) \
    static void smoke_##name(); \
    static const bool smoke_registered_##name = (smoke_cases().push_back({#name, smoke_##name}), true); \
    static void smoke_##name()

// Device memory of exactly n elements; all bytes `fill`.
template <class T> struct Buffer : DeviceArray<T> {
    explicit Buffer(size_t n, unsigned char fill = 0) : DeviceArray<T>(n) { OK(cuMemsetD8_v2(this->pointer(), fill, this->bytes())); }
};

template <class T> CUdeviceptr argument(const Buffer<T>& buffer) { return buffer.pointer(); }
template <class T> T argument(T value) { return value; }

// Launches and waits; any error ends the test.
template <class... A> void run(const char* kernel, TestDevice::Shape shape, const A&... arguments) {
    kernels_run().insert(kernel);
    const CUresult code = smoke_device().launch(kernel, shape, argument(arguments)...);
    if (code != CUDA_SUCCESS) fail_test(kernel, 0, error_text(code));
}
