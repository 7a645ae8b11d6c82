#include "fibers.h"

#include <sys/mman.h>

#include <new>

namespace emulated {

// Six callee-saved registers and the return address are the whole state: 3 to 4 ns a switch. Kernels do not change the
// floating point environment.
asm(R"(.text
.globl emulated_switch_stack
.hidden emulated_switch_stack
.type emulated_switch_stack,@function
emulated_switch_stack:
  push %rbp; push %rbx; push %r12; push %r13; push %r14; push %r15
  mov %rsp, (%rdi)
  mov %rsi, %rsp
.globl emulated_resume_stack
.hidden emulated_resume_stack
emulated_resume_stack:
  pop %r15; pop %r14; pop %r13; pop %r12; pop %rbx; pop %rbp
  mov $1, %eax
  ret
.size emulated_switch_stack,.-emulated_switch_stack
)");

FiberStacks::FiberStacks() {
    void* const map = mmap(nullptr, MAX * (STACK + GUARD), PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (map == MAP_FAILED) throw std::bad_alloc();
    range_ = static_cast<char*>(map);
}

void FiberStacks::grow(unsigned count) {
    for (; count_ < count; ++count_)
        if (mprotect(bottom(count_), STACK, PROT_READ | PROT_WRITE) != 0) throw std::bad_alloc();
}

void* FiberStacks::prime(unsigned index, void (*entry)()) {
    sanitizer::forget_stack(bottom(index), STACK);
    // Stacks of equal alignment would put the hot frames of all threads into the same sets of the first-level cache.
    const size_t colour = size_t(index) * 5 % 56 * 64;
    void** sp = reinterpret_cast<void**>(bottom(index) + STACK - colour);
    *--sp = nullptr;  // entry's return address, never used; keeps the ABI's alignment
    *--sp = reinterpret_cast<void*>(entry);
    for (int r = 0; r < 6; ++r) *--sp = nullptr;
    return sp;
}

bool FiberStacks::in_guard(const void* address) const {
    const size_t at = size_t(static_cast<const char*>(address) - range_);
    return at < count_ * (STACK + GUARD) && at % (STACK + GUARD) < GUARD;
}

}  // namespace emulated
