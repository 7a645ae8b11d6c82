// The order of blocks and threads, poison, and late copies: what makes a missing barrier show.
#include <algorithm>
#include <cmath>

#include "cases.h"
#include "driver.h"

namespace {

struct Loaded : TestDevice {
    Loaded() { load(faulty_kernels); }
};

std::vector<int> order_of_blocks() {
    Loaded device;
    DeviceArray<int> order(64, -1), count(1, 0);
    OK(device.launch("append_block", {64, 1}, order.pointer(), count.pointer()));
    return order.read();
}

// Whether reverse_without_barrier still gave the right answer.
bool race_hidden() {
    Loaded device;
    DeviceArray<float> p(256, 0.f);
    OK(device.launch("reverse_without_barrier", {1, 256}, p.pointer()));
    const std::vector<float> got = p.read();
    for (int i = 0; i < 256; ++i)
        if (got[size_t(i)] != float(255 - i)) return false;
    return true;
}

void expect_reverse_right() {
    Loaded device;
    DeviceArray<float> p(256, 0.f);
    for (int repeat = 0; repeat < 20; ++repeat) {
        OK(device.launch("reverse", {1, 256}, p.pointer()));
        const std::vector<float> got = p.read();
        for (int i = 0; i < 256; ++i) EXPECT(got[size_t(i)] == float(255 - i));
    }
}

}  // namespace

TEST(idle_device_carries_no_kernel_out, "SEPARABLE_EMULATOR_IDLE=1") {
    TestDevice device;
    device.load(faulty_kernels);
    DeviceArray<float> p(256, 1.f);
    OK(device.launch("reverse", {1, 256}, p.pointer()));
    EXPECT(p.read()[0] == 1.f);
}

TEST(blocks_forward, "SEPARABLE_EMULATOR_THREADS=1") {
    const auto order = order_of_blocks();
    EXPECT(std::is_sorted(order.begin(), order.end()));
}
TEST(blocks_reversed, "SEPARABLE_EMULATOR_THREADS=1", "SEPARABLE_EMULATOR_ORDER=reversed") {
    const auto order = order_of_blocks();
    EXPECT(order.front() == 63 && std::is_sorted(order.rbegin(), order.rend()));
}
TEST(blocks_random, "SEPARABLE_EMULATOR_THREADS=1", "SEPARABLE_EMULATOR_ORDER=random:7") {
    auto order = order_of_blocks();
    EXPECT(!std::is_sorted(order.begin(), order.end()) && !std::is_sorted(order.rbegin(), order.rend()));
    std::sort(order.begin(), order.end());
    for (int i = 0; i < 64; ++i) EXPECT(order[size_t(i)] == i);
}

TEST(missing_barrier_shows_forward, "SEPARABLE_EMULATOR_CHECK=1") { EXPECT(!race_hidden()); }
TEST(missing_barrier_shows_reversed, "SEPARABLE_EMULATOR_ORDER=reversed") { EXPECT(!race_hidden()); }
TEST(missing_barrier_shows_random, "SEPARABLE_EMULATOR_ORDER=random:3") { EXPECT(!race_hidden()); }
TEST(right_kernel_forward, "SEPARABLE_EMULATOR_CHECK=1") { expect_reverse_right(); }
TEST(right_kernel_reversed, "SEPARABLE_EMULATOR_CHECK=1", "SEPARABLE_EMULATOR_ORDER=reversed") { expect_reverse_right(); }
TEST(right_kernel_random, "SEPARABLE_EMULATOR_CHECK=1", "SEPARABLE_EMULATOR_ORDER=random:5") { expect_reverse_right(); }

TEST(shared_memory_is_poisoned_between_blocks, "SEPARABLE_EMULATOR_CHECK=1", "SEPARABLE_EMULATOR_THREADS=1") {
    Loaded device;
    DeviceArray<float> warm(64, 0.f), p(64, 0.f);
    OK(device.launch("read_uninitialised_shared", {8, 64, 256}, p.pointer()));
    const std::vector<float> got = p.read();
    EXPECT(std::isnan(got[0]) && got[1] == 2.f);
}

TEST(allocations_are_poisoned, "SEPARABLE_EMULATOR_CHECK=1") {
    TestDevice device;
    DeviceArray<float> p(10);
    for (float v : p.read()) EXPECT(std::isnan(v));
}

TEST(cp_async_arrives_at_the_wait) {
    Loaded device;
    DeviceArray<float> in(128, 5.f), out(32, 0.f);
    OK(device.launch("copy_without_wait", {1, 32}, in.pointer(), out.pointer()));
    EXPECT(out.read()[0] == -1.f);
}

TEST(wrong_switch_is_refused, "SEPARABLE_EMULATOR_ORDER=backwards") {
    EXPECT_CODE(cuInit(0), CUDA_ERROR_INVALID_VALUE);
    EXPECT(error_text(CUDA_ERROR_INVALID_VALUE).find("SEPARABLE_EMULATOR_ORDER=backwards") != std::string::npos);
}
