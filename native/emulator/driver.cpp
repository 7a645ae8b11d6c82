#include "driver.h"

#include <cstdarg>
#include <cstdio>
#include <utility>

#include "context.h"
#include "thread_state.h"

namespace emulated {

ThreadState& thread_state() {
    static thread_local ThreadState state;
    return state;
}

Driver& Driver::get() {
    static Driver* const driver = new Driver;  // never destroyed: other threads may still call at exit
    return *driver;
}

CUresult Driver::before(const char* function, Needs needs) {
    if (needs != Needs::NOTHING && !initialised) return CUDA_ERROR_NOT_INITIALIZED;
    if (context_error_ == CUDA_SUCCESS) explained_ = CUDA_SUCCESS;
    if (const InjectedFault fault = injected_fault(function); fault.code != CUDA_SUCCESS)
        if (const CUresult stop = inject(fault); stop != CUDA_SUCCESS) return stop;
    if (needs != Needs::CONTEXT) return CUDA_SUCCESS;
    if (context_error_ != CUDA_SUCCESS) return context_error_;
    if (thread_state().depth == 0) return error(CUDA_ERROR_INVALID_CONTEXT, "%s: this thread has no current context", function);
    if (!Contexts::get().exists(thread_state().stack[thread_state().depth - 1]))
        return error(CUDA_ERROR_CONTEXT_IS_DESTROYED, "%s: this thread's current context has been released", function);
    return CUDA_SUCCESS;
}

CUresult Driver::inject(const InjectedFault& fault) {
    switch (fault.kind) {
        case FaultKind::CONTEXT: return poison_context(fault.code, fault.text);
        case FaultKind::LATER: poison_later(fault.code, fault.text); return CUDA_SUCCESS;
        default: explain(fault.code, fault.text); return fault.code;
    }
}

CUresult Driver::poison_context(CUresult code, const std::string& text) {
    if (context_error_ == CUDA_SUCCESS) {
        context_error_ = code;
        explain(code, text);
    }
    return context_error_;
}

void Driver::poison_later(CUresult code, const std::string& text) {
    unnoticed_ = code;
    unnoticed_text_ = text;
}

CUresult Driver::notice() {
    const CUresult code = std::exchange(unnoticed_, CUDA_SUCCESS);
    return code == CUDA_SUCCESS ? CUDA_SUCCESS : poison_context(code, unnoticed_text_);
}

void Driver::heal_context() {
    context_error_ = CUDA_SUCCESS;
    unnoticed_ = CUDA_SUCCESS;
}

void Driver::explain(CUresult code, const std::string& text) {
    explained_ = code;
    explanation_ = text;
}

CUresult error(CUresult code, const char* format, ...) {
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    Driver::get().explain(code, text);
    return code;
}

}  // namespace emulated
