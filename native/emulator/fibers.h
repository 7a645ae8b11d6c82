// Fibers: stacks between which one OS thread switches by hand. They never migrate while they run.
#pragma once
#include <cstddef>

namespace emulated {

struct CopyQueue;

// One cache line: the scheduler walks a thousand of them at every barrier.
struct alignas(64) Fiber {
    void* stack_pointer;
    const char* file;  // where its thread waits, or passed a barrier last
    int line;
    unsigned thread;  // the CUDA thread it runs; the last one to meet a barrier
    int* barrier_result;
    char* stack_top;
    char* stack_bottom;  // a guard page lies below
    CopyQueue* copies;   // cp.async in flight, of thread `copies_of`
    unsigned copies_of;
};

constexpr size_t FIBER_STACK = 64 * 1024;

void create_fiber(Fiber& fiber, int index);

// The next switch to this fiber enters `entry`, which never returns.
void prime_fiber(Fiber& fiber, void (*entry)());

// Saves the running stack's position in *from and continues on `to`.
extern "C" void emulated_switch_stack(void** from, void* to);

// Where a stack saved by emulated_switch_stack continues: the fault handler sends a faulting thread here.
extern "C" void emulated_resume_stack();

}  // namespace emulated
