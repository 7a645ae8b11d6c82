#include "driver.h"

#include <cstdarg>
#include <cstdio>
#include <map>

#include "context.h"
#include "switches.h"
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
    if (const CUresult code = injected(function); code != CUDA_SUCCESS) return code;
    if (needs != Needs::CONTEXT) return CUDA_SUCCESS;
    if (context_error_ != CUDA_SUCCESS) return context_error_;
    if (thread_state().depth == 0) return error(CUDA_ERROR_INVALID_CONTEXT, "%s: this thread has no current context", function);
    if (!Contexts::get().exists(thread_state().stack[thread_state().depth - 1]))
        return error(CUDA_ERROR_CONTEXT_IS_DESTROYED, "%s: this thread's current context has been released", function);
    return CUDA_SUCCESS;
}

// Functions are named in the switch without the ABI's version suffix.
CUresult Driver::injected(const std::string& function) {
    if (switches().faults.empty()) return CUDA_SUCCESS;
    static std::map<std::string, long> calls;
    const size_t suffix = function.rfind("_v");
    const std::string plain = suffix == std::string::npos ? function : function.substr(0, suffix);
    const long nth = ++calls[plain];
    const auto [first, last] = switches().faults.equal_range(plain);
    for (auto fault = first; fault != last; ++fault) {
        if (fault->second.first != nth) continue;
        const auto code = CUresult(fault->second.second);
        const std::string text = "injected into call " + std::to_string(nth) + " of " + plain;
        const bool fatal = code >= CUDA_ERROR_ILLEGAL_ADDRESS && code <= CUDA_ERROR_LAUNCH_FAILED && code != CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES;
        if (fatal) return poison_context(code, text);
        explain(code, text);
        return code;
    }
    return CUDA_SUCCESS;
}

CUresult Driver::poison_context(CUresult code, const std::string& text) {
    if (context_error_ == CUDA_SUCCESS) {
        context_error_ = code;
        explain(code, text);
    }
    return context_error_;
}

void Driver::heal_context() {
    context_error_ = CUDA_SUCCESS;
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
