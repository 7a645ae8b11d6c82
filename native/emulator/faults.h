// Faults inside kernels: hardware faults become CUDA error codes, and never reach the process.
#pragma once

namespace emulated {

// How a block ended badly. Fixed buffers: it is filled inside a signal handler.
struct Fault {
    int code = 0;           // CUresult; 0 = none
    void* program_counter = nullptr;  // of the faulting instruction, when the hardware found it
    void* address = nullptr;          // that it touched
    char text[640] = "";    // what happened, and where, as far as is known without program_counter
};

// Installs the handlers, once. Faults outside kernels go on to the handlers found there (a JVM's own).
void install_fault_handlers();

// The real-time signal that interrupts a kernel running past its time.
int timeout_signal();

// A signal stack for the calling thread while it runs kernels: a fiber that overflows its stack needs one.
class SignalStack {
public:
    static constexpr unsigned long SIZE = 64 * 1024;
    explicit SignalStack(void* memory);  // SIZE bytes, unused when the thread has a signal stack of its own
    ~SignalStack();
    SignalStack(const SignalStack&) = delete;
    SignalStack& operator=(const SignalStack&) = delete;

private:
    bool installed_ = false;
};

}  // namespace emulated
