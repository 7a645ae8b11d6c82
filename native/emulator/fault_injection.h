// Driver calls that fail because a test wants them to.
#pragma once
#include <cstdint>
#include <string>

#include "driver_types.h"

namespace emulated {

enum class FaultKind : int32_t {
    CALL = 0,     // the call returns the code and does nothing
    CONTEXT = 1,  // the same, and the context is lost: every later call that needs it returns the code
    LATER = 2,    // the call succeeds; from then on work in streams is dropped, and the next call that waits finds the context lost
};

// The file that SEPARABLE_EMULATOR_FAULT_CONTROL names, as it lies in memory. The process that uses the device maps the same file
// and moves it between two driver calls. Native byte order; offsets in bytes before each field.
struct FaultControl {
    /*   0 */ int64_t calls;         // counted so far
    /*   8 */ int64_t countdown;     // n > 0: the n-th counted call from now fails, and this becomes 0; 0: none fails
    /*  16 */ int32_t code;          // CUresult it fails with
    /*  20 */ FaultKind kind;
    /*  24 */ char function[64];     // only calls of this function are counted; empty: calls of all
    /*  88 */ char hit[64];          // the function that failed last, in letters and a final 0
    // What is alive on the device after the last call.
    /* 152 */ int64_t device_bytes;
    /* 160 */ int64_t device_allocations;
    /* 168 */ int64_t pinned_allocations;
    /* 176 */ int64_t streams;
    /* 184 */ int64_t events;
    /* 192 */ int64_t modules;
    /* 200 */ int64_t graphs;
    /* 208 */ int64_t executable_graphs;
    /* 216 */ int64_t contexts;      // made, and retentions of the primary one
};
static_assert(sizeof(FaultControl) == 224);

struct InjectedFault {
    CUresult code = CUDA_SUCCESS;  // CUDA_SUCCESS: none
    FaultKind kind = FaultKind::CALL;
    std::string text;
};

// Maps the control file, where one is named; returns what is wrong with it in one line, or an empty string.
std::string map_fault_control();

// Counts a call, named with or without the ABI's version suffix, and says how it is to fail.
InjectedFault injected_fault(const char* function);

// Writes down what is alive, where there is a control file.
void update_ledger();

}  // namespace emulated
