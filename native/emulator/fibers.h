// Fibers: stacks between which one OS thread switches by hand. They never migrate while they run.
//
// A fiber that does not run is its stack pointer and nothing else: a queue of waiting fibers is an array of stack pointers.
#pragma once
#include <cstddef>

#include "sanitizer.h"

namespace emulated {

// The stacks of one OS thread, side by side in one range of addresses, each above a guard page.
class FiberStacks {
public:
    static constexpr unsigned MAX = 1024;
    static constexpr size_t STACK = 64 * 1024, GUARD = 4096;

    FiberStacks();

    // Makes the first `count` stacks usable.
    void grow(unsigned count);
    unsigned count() const { return count_; }

    // Forgets what lies on a stack. The next switch to the stack pointer returned enters `entry`, which never returns.
    void* prime(unsigned index, void (*entry)());

    bool in_guard(const void* address) const;

    // The whole stack that a stack pointer points into.
    sanitizer::Stack bounds(const void* stack_pointer) const {
        const size_t at = size_t(static_cast<const char*>(stack_pointer) - range_);
        return {bottom(unsigned(at / (STACK + GUARD))), STACK};
    }

private:
    char* bottom(unsigned index) const { return range_ + index * (STACK + GUARD) + GUARD; }

    char* range_;
    unsigned count_ = 0;
};

// Saves the running fiber's stack pointer in *from and continues on `to`. Returns true, when the fiber runs again: so a
// kernel's barrier ends in a jump here, and one return leads back into the kernel.
extern "C" bool emulated_switch_stack(void** from, void* to);

// Where a stack saved by emulated_switch_stack continues: the fault handler sends a faulting thread here.
extern "C" void emulated_resume_stack();

}  // namespace emulated
