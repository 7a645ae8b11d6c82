// The environment variables that set up the emulated device, read once at cuInit.
#pragma once
#include <cstdint>
#include <map>
#include <string>

namespace emulated {

enum class Order { FORWARD, REVERSED, RANDOM };

struct Switches {
    bool check = false;      // SEPARABLE_EMULATOR_CHECK=1: poison shared memory and allocations, tight guards, pointer arguments
    Order order = Order::FORWARD;  // SEPARABLE_EMULATOR_ORDER=forward|reversed|random[:seed]: blocks, threads, graph nodes
    unsigned seed = 1;
    bool deferred = false;   // SEPARABLE_EMULATOR_DEFERRED=1: asynchronous work waits for a synchronisation point
    bool idle = false;       // SEPARABLE_EMULATOR_IDLE=1: kernels are not carried out, for the time that launches take on the host
    bool leaks = false;      // SEPARABLE_EMULATOR_LEAKS=1: report on stderr at exit
    uint64_t memory = 0;     // SEPARABLE_EMULATOR_MEMORY=bytes[K|M|G]; default three quarters of the machine's
    int multiprocessors = 4; // SEPARABLE_EMULATOR_SMS=n
    int driver_version = 12060;  // SEPARABLE_EMULATOR_DRIVER=n: what cuDriverGetVersion answers; 11030 is CUDA 11.3
    int threads = 0;         // SEPARABLE_EMULATOR_THREADS=n: OS threads that run blocks; default all cores
    int timeout_ms = 60000;  // SEPARABLE_EMULATOR_TIMEOUT=milliseconds a launch may take
    std::string record;      // SEPARABLE_EMULATOR_RECORD=file: write down launches (launch_recorder.h)
    // SEPARABLE_EMULATOR_FAULTS=function:n:code[,...]: the n-th call (from 1) of the function returns the code.
    std::multimap<std::string, std::pair<long, int>> faults;
    std::string fault_control;  // SEPARABLE_EMULATOR_FAULT_CONTROL=file: faults that a test moves (fault_injection.h)
};

const Switches& switches();

// Reads the environment; returns what is wrong with it in one line, or an empty string.
std::string read_switches();

}  // namespace emulated
