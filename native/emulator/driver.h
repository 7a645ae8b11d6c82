// What all driver calls share: the lock, the error state, fault injection, and the text behind an error code.
#pragma once
#include <mutex>
#include <string>

#include "driver_types.h"

namespace emulated {

enum class Needs { NOTHING, INITIALISED, CONTEXT };

class Driver {
public:
    static Driver& get();

    std::recursive_mutex lock;
    bool initialised = false;

    // What stops a call before its body: an injected fault, a missing cuInit, no current context, or a context that an
    // earlier fault has made useless. Clears the text of the last error.
    CUresult before(const char* function, Needs needs);

    // Ends the use of the device until the context is destroyed, as a fault in a kernel does.
    CUresult poison_context(CUresult code, const std::string& text);
    CUresult context_error() const { return context_error_; }
    void heal_context();

    void explain(CUresult code, const std::string& text);
    // The explanation of the last error, when it had this code.
    std::string explanation(CUresult code) const { return code == explained_ ? explanation_ : ""; }

private:
    CUresult injected(const std::string& function);

    CUresult context_error_ = CUDA_SUCCESS;
    CUresult explained_ = CUDA_SUCCESS;
    std::string explanation_;
};

// Returns `code` and remembers the text for cuGetErrorString.
CUresult error(CUresult code, const char* format, ...) __attribute__((format(printf, 2, 3)));

// The frame of every driver call.
template <class Body> CUresult driver_call(const char* function, Needs needs, Body body) {
    Driver& driver = Driver::get();
    const std::lock_guard<std::recursive_mutex> guard(driver.lock);
    if (const CUresult stop = driver.before(function, needs); stop != CUDA_SUCCESS) return stop;
    return body();
}

// Name and description of a code, as NVIDIA's driver gives them; null for an unknown code.
const char* error_name(CUresult code);
const char* error_description(CUresult code);

}  // namespace emulated
