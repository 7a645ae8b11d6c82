#include "leaks.h"

#include <dlfcn.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "driver.h"
#include "graph.h"
#include "memory.h"
#include "module.h"
#include "stream.h"
#include "switches.h"

namespace emulated {
namespace {

// Allocations of one kind, size and calling function.
struct Group {
    size_t count = 0;
    uint64_t first = 0;  // number of the first one among all allocations of the process
};
using Key = std::pair<std::string, size_t>;  // kind and caller, bytes
std::map<Key, Group>& lost() {
    static auto* const groups = new std::map<Key, Group>;
    return *groups;
}

std::string caller_name(const void* address) {
    Dl_info info{};
    if (dladdr(address, &info) == 0) return "an unknown caller";
    if (info.dli_sname != nullptr) return info.dli_sname;
    return info.dli_fname == nullptr ? "an unknown caller" : info.dli_fname;
}

void note(const char* kind, const std::vector<Allocation>& allocations) {
    for (const Allocation& a : allocations) {
        Group& group = lost()[{std::string(kind) + " memory from " + caller_name(a.caller), a.bytes}];
        if (group.count++ == 0 || a.number < group.first) group.first = a.number;
    }
}

std::map<std::string, size_t>& lost_handles() {
    static auto* const counts = new std::map<std::string, size_t>;
    return *counts;
}

void note_count(size_t count, const char* what) {
    if (count != 0) lost_handles()[what] += count;
}

void report() {
    const std::lock_guard<std::recursive_mutex> guard(Driver::get().lock);
    note_leaks();
    for (const auto& [key, group] : lost())
        fprintf(stderr, "separable emulator: leak: %zu x %zu bytes of %s (the first is allocation #%llu)\n", group.count, key.second,
                key.first.c_str(), static_cast<unsigned long long>(group.first));
    for (const auto& [what, count] : lost_handles()) fprintf(stderr, "separable emulator: leak: %zu %s never destroyed\n", count, what.c_str());
}

}  // namespace

void note_leaks() {
    if (!switches().leaks) return;
    note("device", Memory::get().live_device());
    note("pinned", Memory::get().live_pinned());
    note_count(Streams::get().live_streams().size(), "stream(s)");
    note_count(Streams::get().live_events().size(), "event(s)");
    note_count(Graphs::get().live_graphs(), "graph(s)");
    note_count(Graphs::get().live_execs(), "executable graph(s)");
    note_count(Modules::get().live(), "module(s)");
}

void report_leaks_at_exit() {
    if (switches().leaks) atexit(report);
}

}  // namespace emulated
