#include "leaks.h"

#include <dlfcn.h>

#include <algorithm>
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

void note(const char* kind, CUcontext context, const std::vector<Allocation>& allocations) {
    for (const Allocation& a : allocations) {
        if (context != ANY_CONTEXT && a.context != context) continue;
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

template <class All> size_t count_in(CUcontext context, const All& all) {
    return size_t(std::count_if(all.begin(), all.end(), [&](const auto& one) { return context == ANY_CONTEXT || one->context == context; }));
}

void report() {
    const std::lock_guard<std::recursive_mutex> guard(Driver::get().lock);
    note_leaks(ANY_CONTEXT);
    for (const auto& [key, group] : lost())
        fprintf(stderr, "separable emulator: leak: %zu x %zu bytes of %s (the first is allocation #%llu)\n", group.count, key.second,
                key.first.c_str(), static_cast<unsigned long long>(group.first));
    for (const auto& [what, count] : lost_handles()) fprintf(stderr, "separable emulator: leak: %zu %s never destroyed\n", count, what.c_str());
}

}  // namespace

void note_leaks(CUcontext context) {
    if (!switches().leaks) return;
    note("device", context, Memory::get().live_device());
    note("pinned", context, Memory::get().live_pinned());
    note_count(count_in(context, Streams::get().live_streams()), "stream(s)");
    note_count(count_in(context, Streams::get().live_events()), "event(s)");
    if (context == ANY_CONTEXT) {
        note_count(Graphs::get().live_graphs(), "graph(s)");
        note_count(Graphs::get().live_execs(), "executable graph(s)");
    }
    note_count(count_in(context, Modules::get().live_modules()), "module(s)");
}

void report_leaks_at_exit() {
    if (switches().leaks) atexit(report);
}

}  // namespace emulated
