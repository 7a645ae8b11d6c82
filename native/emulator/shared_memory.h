// The shared memory of the block that runs on this OS thread.
#pragma once
#include <cstddef>
#include <vector>

#include "emulated_abi.h"
#include "launch.h"

namespace emulated {

class SharedMemory {
public:
    static constexpr unsigned MAX_DYNAMIC = 163 * 1024;  // compute capability 8.0, after opting in

    SharedMemory();

    // Prepares for the blocks of a launch on the calling OS thread; returns the dynamic part, which ends at a guard page.
    void* start(const Launch& launch);

    // Uninitialised shared memory reads as NaN, and nothing of an earlier block shows through.
    void poison();

    // After the first block of a launch: learns which static variables this kernel has touched.
    void learn_footprint();

private:
    struct Range {
        char* from;
        size_t bytes;
    };
    char* region_end_;  // of dynamic shared memory
    char* dynamic_ = nullptr;
    size_t dynamic_bytes_ = 0;
    bool check_ = false;

    // Static __shared__ variables are thread_local in emulated kernels: they lie in the TLS block of the module that
    // holds the kernel, beside those of all its other kernels.
    char* tls_ = nullptr;
    size_t tls_bytes_ = 0;
    bool learnt_ = false;
    std::vector<Range> footprint_;
};

}  // namespace emulated
