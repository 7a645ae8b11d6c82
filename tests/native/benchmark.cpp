// Times of the emulated device's own parts: `SEPARABLE_EMULATOR_THREADS=1 emulator_benchmark FAULTY_KERNELS.so`.
#include <time.h>

#include <algorithm>

#include "driver.h"

// Processor time of this thread: a launch of one block runs on it alone, and a busy machine does not disturb the figure.
static double seconds() {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return double(now.tv_sec) + double(now.tv_nsec) * 1e-9;
}

template <class F> static double time_of(F body) {
    body();
    double best = 1e30;
    for (int repeat = 0; repeat < 5; ++repeat) {
        const double start = seconds();
        body();
        best = std::min(best, seconds() - start);
    }
    return best;
}

int main(int count, char** arguments) {
    if (count != 2) {
        fprintf(stderr, "usage: %s FAULTY_KERNELS.so\n", arguments[0]);
        return 2;
    }
    TestDevice device;
    device.load(arguments[1]);
    constexpr int ROUNDS = 1000, BARRIERS = 1000;
    for (unsigned blocks : {1u, 64u}) {
        const CUfunction nothing = device.function("nothing");
        const double t = time_of([&] {
            for (int i = 0; i < ROUNDS; ++i) OK(cuLaunchKernel(nothing, blocks, 1, 1, 256, 1, 1, 0, nullptr, nullptr, nullptr));
        });
        printf("launch of %u empty blocks of 256: %.2f us\n", blocks, t / ROUNDS * 1e6);
    }
    for (unsigned threads : {32u, 128u, 256u, 1024u}) {
        const double t = time_of([&] { OK(device.launch("many_barriers", {1, threads}, BARRIERS, CUdeviceptr(0))); });
        printf("__syncthreads of %u threads: %.1f ns a thread\n", threads, t / BARRIERS / threads * 1e9);
    }
    DeviceArray<float> p(1 << 22, 1.f);
    const double s = time_of([&] { OK(device.launch("many_shuffles", {1, 32}, BARRIERS, p.pointer())); });
    printf("warp shuffle: %.0f ns a warp\n", s / BARRIERS * 1e9);
    const double t = time_of([&] { OK(device.launch("scale", {(1 << 22) / 256, 256}, p.pointer(), 1.0001f, 1 << 22)); });
    printf("scale 4 Mi floats in place: %.1f GB/s\n", double(p.bytes()) * 2 / t * 1e-9);
}
