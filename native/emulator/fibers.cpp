#include "fibers.h"

#include <sys/mman.h>

#include <new>

#include "cp_async.h"
#include "sanitizer.h"

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
  ret
.size emulated_switch_stack,.-emulated_switch_stack
)");

constexpr size_t PAGE = 4096;

void create_fiber(Fiber& fiber, int index) {
    void* const map = mmap(nullptr, FIBER_STACK + PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (map == MAP_FAILED) throw std::bad_alloc();
    char* const low = static_cast<char*>(map);
    mprotect(low, PAGE, PROT_NONE);
    fiber.stack_bottom = low + PAGE;
    // Stacks of equal alignment would put the hot frames of all threads into the same sets of the first-level cache.
    const size_t colour = size_t(index) * 5 % 56 * 64;
    fiber.stack_top = low + PAGE + FIBER_STACK - colour;
    fiber.copies = new CopyQueue();
}

void prime_fiber(Fiber& fiber, void (*entry)()) {
    sanitizer::forget_stack(fiber.stack_bottom, FIBER_STACK);
    void** sp = reinterpret_cast<void**>(fiber.stack_top);
    *--sp = nullptr;  // entry's return address, never used; keeps the ABI's alignment
    *--sp = reinterpret_cast<void*>(entry);
    for (int r = 0; r < 6; ++r) *--sp = nullptr;
    fiber.stack_pointer = sp;
}

}  // namespace emulated
