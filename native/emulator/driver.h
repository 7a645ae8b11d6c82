// What all driver calls share: the lock, the error state, and the text behind an error code.
#pragma once
#include <mutex>
#include <string>

#include "driver_types.h"
#include "fault_injection.h"

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
    // The same for a fault that nobody knows of until the next call that waits for the device.
    void poison_later(CUresult code, const std::string& text);
    bool fault_unnoticed() const { return unnoticed_ != CUDA_SUCCESS; }
    // For calls that wait: finds a fault that nobody knew of.
    CUresult notice();
    CUresult context_error() const { return context_error_; }
    void heal_context();

    void explain(CUresult code, const std::string& text);
    // The explanation of the last error, when it had this code.
    std::string explanation(CUresult code) const { return code == explained_ ? explanation_ : ""; }

private:
    CUresult inject(const InjectedFault& fault);

    CUresult context_error_ = CUDA_SUCCESS;
    CUresult unnoticed_ = CUDA_SUCCESS;
    std::string unnoticed_text_;
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
    const CUresult result = body();
    update_ledger();
    return result;
}

// Name and description of a code, as NVIDIA's driver gives them; null for an unknown code.
const char* error_name(CUresult code);
const char* error_description(CUresult code);

}  // namespace emulated
