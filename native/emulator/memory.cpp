#include "memory.h"

#include <sys/mman.h>

#include <cstring>

#include "driver.h"
#include "sanitizer.h"
#include "switches.h"
#include "thread_state.h"

namespace emulated {
namespace {

constexpr size_t PAGE = 4096, HUGE_PAGES_FROM = 4u << 20, GRAVES = 2048;
constexpr char CANARY = char(0xA5);
constexpr int POISON = 0xff;  // NaN as float and as bf16

size_t round_up(size_t n, size_t unit) { return (n + unit - 1) / unit * unit; }

// CUDA promises 256 bytes. With checks on an allocation ends as close to its guard page as vector accesses permit, so
// that reading one element too many faults.
size_t alignment() { return switches().check ? 16 : 256; }

}  // namespace

Memory& Memory::get() {
    static Memory* const memory = new Memory;
    return *memory;
}

size_t Memory::total() const { return size_t(switches().memory); }

CUresult Memory::map(size_t bytes, const void* caller, Table& table, uintptr_t* start) {
    const size_t payload = round_up(bytes, alignment()), inner = round_up(payload, PAGE), whole = inner + 2 * PAGE;
    void* const mapped = mmap(nullptr, whole, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (mapped == MAP_FAILED) return error(CUDA_ERROR_OUT_OF_MEMORY, "the host has no room for %zu bytes", bytes);
    char* const low = static_cast<char*>(mapped);
    mprotect(low, PAGE, PROT_NONE);
    mprotect(low + PAGE + inner, PAGE, PROT_NONE);
    if (inner >= HUGE_PAGES_FROM) madvise(low + PAGE, inner, MADV_HUGEPAGE);
    char* const user = low + PAGE + inner - payload;
    if (switches().check) memset(user, POISON, bytes);
    memset(user + bytes, CANARY, payload - bytes);
    sanitizer::forbid(user + bytes, payload - bytes);
    *start = reinterpret_cast<uintptr_t>(user);
    table[*start] = {*start, bytes, low, whole, ++count_, caller, current_context()};
    return CUDA_SUCCESS;
}

void Memory::unmap(Table& table, Table::iterator entry) {
    const Allocation dead = entry->second;
    table.erase(entry);
    sanitizer::allow(dead.map + PAGE, dead.map_bytes - 2 * PAGE);
    mprotect(dead.map, dead.map_bytes, PROT_NONE);
    madvise(dead.map, dead.map_bytes, MADV_DONTNEED);
    if (graveyard_.size() < GRAVES) {
        graveyard_.push_back(dead);
        return;
    }
    munmap(graveyard_[next_grave_].map, graveyard_[next_grave_].map_bytes);
    graveyard_[next_grave_] = dead;
    next_grave_ = (next_grave_ + 1) % GRAVES;
}

std::string Memory::broken_canary(const Allocation& allocation) const {
    const char* const end = reinterpret_cast<const char*>(allocation.start + allocation.bytes);
    const size_t slack = size_t(allocation.map + allocation.map_bytes - PAGE - end);
    sanitizer::allow(const_cast<char*>(end), slack);
    for (size_t i = 0; i < slack; ++i)
        if (end[i] != CANARY)
            return "something wrote " + std::to_string(i) + " bytes past the end of allocation #" + std::to_string(allocation.number) + " of " +
                   std::to_string(allocation.bytes) + " bytes";
    return "";
}

CUresult Memory::allocate(size_t bytes, const void* caller, CUdeviceptr* result) {
    if (bytes == 0) return error(CUDA_ERROR_INVALID_VALUE, "an allocation of 0 bytes");
    if (bytes > total() - used_)
        return error(CUDA_ERROR_OUT_OF_MEMORY, "%zu bytes asked for, %zu of %zu free", bytes, total() - used_, total());
    uintptr_t start = 0;
    if (const CUresult failed = map(bytes, caller, device_, &start); failed != CUDA_SUCCESS) return failed;
    used_ += bytes;
    *result = start;
    return CUDA_SUCCESS;
}

CUresult Memory::release(CUdeviceptr pointer) {
    if (pointer == 0) return CUDA_SUCCESS;
    const auto entry = device_.find(pointer);
    if (entry == device_.end()) return error(CUDA_ERROR_INVALID_VALUE, "cuMemFree of 0x%llx, which is no allocation's start", pointer);
    const std::string overrun = broken_canary(entry->second);
    used_ -= entry->second.bytes;
    unmap(device_, entry);
    return overrun.empty() ? CUDA_SUCCESS : Driver::get().poison_context(CUDA_ERROR_ILLEGAL_ADDRESS, overrun);
}

CUresult Memory::allocate_pinned(size_t bytes, const void* caller, void** result) {
    if (bytes == 0) return error(CUDA_ERROR_INVALID_VALUE, "an allocation of 0 bytes");
    uintptr_t start = 0;
    if (const CUresult failed = map(bytes, caller, pinned_, &start); failed != CUDA_SUCCESS) return failed;
    *result = reinterpret_cast<void*>(start);
    return CUDA_SUCCESS;
}

CUresult Memory::release_pinned(void* pointer) {
    const auto entry = pinned_.find(reinterpret_cast<uintptr_t>(pointer));
    if (entry == pinned_.end()) return error(CUDA_ERROR_INVALID_VALUE, "cuMemFreeHost of %p, which is no pinned allocation's start", pointer);
    const std::string overrun = broken_canary(entry->second);
    unmap(pinned_, entry);
    return overrun.empty() ? CUDA_SUCCESS : Driver::get().poison_context(CUDA_ERROR_ILLEGAL_ADDRESS, overrun);
}

const Allocation* Memory::find(const Table& table, uintptr_t address) {
    auto next = table.upper_bound(address);
    if (next == table.begin()) return nullptr;
    const Allocation& candidate = std::prev(next)->second;
    return address <= candidate.start + candidate.bytes ? &candidate : nullptr;
}

std::vector<Allocation> Memory::values(const Table& table) {
    std::vector<Allocation> all;
    for (const auto& entry : table) all.push_back(entry.second);
    return all;
}

CUresult Memory::check_range(CUdeviceptr address, size_t bytes, const char* what) const {
    const Allocation* const holder = device_allocation(address);
    if (holder == nullptr) return error(CUDA_ERROR_INVALID_VALUE, "%s: 0x%llx is no device memory", what, address);
    const size_t offset = address - holder->start;
    if (bytes > holder->bytes - offset)
        return error(CUDA_ERROR_INVALID_VALUE, "%s: %zu bytes at offset %zu leave the allocation of %zu bytes", what, bytes, offset, holder->bytes);
    return CUDA_SUCCESS;
}

void Memory::release_all(CUcontext context) {
    for (Table* table : {&device_, &pinned_})
        for (auto next = table->begin(); next != table->end();) {
            const auto entry = next++;
            if (context != ANY_CONTEXT && entry->second.context != context) continue;
            if (table == &device_) used_ -= entry->second.bytes;
            unmap(*table, entry);
        }
}

}  // namespace emulated
