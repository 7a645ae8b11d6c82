#include "faults.h"

#include <ucontext.h>

#include <csignal>
#include <cstdio>
#include <mutex>

#include "block_scheduler.h"
#include "driver_types.h"

namespace emulated {
namespace {

struct sigaction previous[NSIG];

struct Diagnosis {
    int code;
    const char* what;
};

Diagnosis diagnose(int signal, const siginfo_t& info, const FiberStacks& stacks) {
    if (signal == timeout_signal()) return {CUDA_ERROR_LAUNCH_TIMEOUT, "kernel ran past its time (endless loop?)"};
    if (signal == SIGFPE) return {CUDA_ERROR_LAUNCH_FAILED, "integer division by zero"};
    if (signal == SIGILL) return {CUDA_ERROR_ILLEGAL_INSTRUCTION, "illegal instruction"};
    // An aligned vector access to an unaligned address raises a general protection fault, without an address.
    if (info.si_code == SI_KERNEL && info.si_addr == nullptr) return {CUDA_ERROR_MISALIGNED_ADDRESS, "misaligned address"};
    if (stacks.in_guard(info.si_addr)) return {CUDA_ERROR_LAUNCH_FAILED, "local memory overflow (stack)"};
    return {CUDA_ERROR_ILLEGAL_ADDRESS, "illegal address"};
}

void pass_on(int signal, siginfo_t* info, void* context) {
    const struct sigaction& before = previous[signal];
    if (before.sa_flags & SA_SIGINFO) {
        before.sa_sigaction(signal, info, context);
    } else if (before.sa_handler == SIG_DFL) {
        struct sigaction standard {};
        standard.sa_handler = SIG_DFL;
        sigaction(signal, &standard, nullptr);
        raise(signal);
    } else if (before.sa_handler != SIG_IGN) {
        before.sa_handler(signal);
    }
}

// Leaves the kernel: fills in the fault and sends the thread back to its scheduler's own stack.
void on_fault(int signal, siginfo_t* info, void* context) {
    BlockScheduler* const scheduler = current_scheduler();
    if (scheduler == nullptr || !scheduler->in_kernel()) {
        if (signal != timeout_signal()) pass_on(signal, info, context);
        return;
    }
    auto& registers = static_cast<ucontext_t*>(context)->uc_mcontext.gregs;
    const Diagnosis found = diagnose(signal, *info, scheduler->stacks());
    Fault& fault = scheduler->fault();
    fault.code = found.code;
    fault.program_counter = reinterpret_cast<void*>(registers[REG_RIP]);
    fault.address = info->si_addr;
    if (found.code == CUDA_ERROR_ILLEGAL_ADDRESS)
        snprintf(fault.text, sizeof fault.text, "%s %p", found.what, info->si_addr);
    else
        snprintf(fault.text, sizeof fault.text, "%s", found.what);
    registers[REG_RSP] = reinterpret_cast<greg_t>(scheduler->abandon_kernel());
    registers[REG_RIP] = reinterpret_cast<greg_t>(&emulated_resume_stack);
}

}  // namespace

// HotSpot owns SIGUSR2, and uses no real-time signals.
int timeout_signal() { return SIGRTMIN + 6; }

void install_fault_handlers() {
    static std::once_flag once;
    std::call_once(once, [] {
        struct sigaction action {};
        action.sa_sigaction = on_fault;
        action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
        sigemptyset(&action.sa_mask);
        for (int signal : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, timeout_signal()}) sigaction(signal, &action, &previous[signal]);
    });
}

SignalStack::SignalStack(void* memory) {
    stack_t present{};
    sigaltstack(nullptr, &present);
    if (!(present.ss_flags & SS_DISABLE)) return;
    stack_t mine{};
    mine.ss_sp = memory;
    mine.ss_size = SIZE;
    installed_ = sigaltstack(&mine, nullptr) == 0;
}

SignalStack::~SignalStack() {
    if (!installed_) return;
    stack_t none{};
    none.ss_flags = SS_DISABLE;
    sigaltstack(&none, nullptr);
}

}  // namespace emulated
