#include "fault_injection.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <map>

#include "context.h"
#include "graph.h"
#include "memory.h"
#include "module.h"
#include "stream.h"
#include "switches.h"

namespace emulated {
namespace {

FaultControl* control = nullptr;

std::string without_version(const std::string& function) {
    const size_t suffix = function.rfind("_v");
    return suffix == std::string::npos ? function : function.substr(0, suffix);
}

// SEPARABLE_EMULATOR_FAULTS. A code that a GPU gives for a failed kernel loses the context.
InjectedFault listed_fault(const std::string& function) {
    static std::map<std::string, long> calls;
    const long nth = ++calls[function];
    const auto [first, last] = switches().faults.equal_range(function);
    for (auto fault = first; fault != last; ++fault) {
        if (fault->second.first != nth) continue;
        const auto code = CUresult(fault->second.second);
        const bool fatal = code >= CUDA_ERROR_ILLEGAL_ADDRESS && code <= CUDA_ERROR_LAUNCH_FAILED && code != CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES;
        return {code, fatal ? FaultKind::CONTEXT : FaultKind::CALL, "injected into call " + std::to_string(nth) + " of " + function};
    }
    return {};
}

InjectedFault controlled_fault(const std::string& function) {
    if (control == nullptr) return {};
    if (control->function[0] != 0 && strncmp(control->function, function.c_str(), sizeof control->function) != 0) return {};
    ++control->calls;
    if (control->countdown <= 0 || --control->countdown > 0) return {};
    snprintf(control->hit, sizeof control->hit, "%s", function.c_str());
    return {CUresult(control->code), control->kind, "injected into " + function};
}

}  // namespace

std::string map_fault_control() {
    const std::string& path = switches().fault_control;
    if (path.empty()) return "";
    const int file = open(path.c_str(), O_RDWR | O_CLOEXEC);
    struct stat found {};
    if (file < 0 || fstat(file, &found) != 0 || size_t(found.st_size) < sizeof(FaultControl)) {
        if (file >= 0) close(file);
        return "SEPARABLE_EMULATOR_FAULT_CONTROL=" + path + ": expected a file of at least " + std::to_string(sizeof(FaultControl)) + " bytes";
    }
    void* const mapped = mmap(nullptr, sizeof(FaultControl), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    close(file);
    if (mapped == MAP_FAILED) return "SEPARABLE_EMULATOR_FAULT_CONTROL=" + path + ": cannot be mapped";
    control = static_cast<FaultControl*>(mapped);
    return "";
}

InjectedFault injected_fault(const char* function) {
    if (control == nullptr && switches().faults.empty()) return {};
    const std::string plain = without_version(function);
    InjectedFault fault = controlled_fault(plain);
    return fault.code == CUDA_SUCCESS ? listed_fault(plain) : fault;
}

void update_ledger() {
    if (control == nullptr) return;
    control->device_bytes = int64_t(Memory::get().used());
    control->device_allocations = int64_t(Memory::get().device_count());
    control->pinned_allocations = int64_t(Memory::get().pinned_count());
    control->streams = int64_t(Streams::get().live_streams().size());
    control->events = int64_t(Streams::get().live_events().size());
    control->modules = int64_t(Modules::get().live());
    control->graphs = int64_t(Graphs::get().live_graphs());
    control->executable_graphs = int64_t(Graphs::get().live_execs());
    control->contexts = Contexts::get().count();
}

}  // namespace emulated
