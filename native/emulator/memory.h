// Device memory and pinned host memory, each allocation between two guard pages.
#pragma once
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "driver_types.h"

namespace emulated {

struct Allocation {
    uintptr_t start;
    size_t bytes;
    char* map;  // the guard pages and what lies between
    size_t map_bytes;
    uint64_t number;  // 1 for the first one of the process
    const void* caller;
    CUcontext context;  // it was allocated in
};

class Memory {
public:
    static Memory& get();

    CUresult allocate(size_t bytes, const void* caller, CUdeviceptr* result);
    CUresult release(CUdeviceptr pointer);
    CUresult allocate_pinned(size_t bytes, const void* caller, void** result);
    CUresult release_pinned(void* pointer);

    // The allocation that holds this address, or null. One past the end belongs to it too.
    const Allocation* device_allocation(uintptr_t address) const { return find(device_, address); }
    const Allocation* pinned_allocation(uintptr_t address) const { return find(pinned_, address); }

    // Whether [address, address + bytes) lies in one device allocation; explains when not.
    CUresult check_range(CUdeviceptr address, size_t bytes, const char* what) const;

    size_t total() const;
    size_t used() const { return used_; }
    size_t device_count() const { return device_.size(); }
    size_t pinned_count() const { return pinned_.size(); }
    std::vector<Allocation> live_device() const { return values(device_); }
    std::vector<Allocation> live_pinned() const { return values(pinned_); }

    // With a context go its allocations.
    void release_all(CUcontext context);

private:
    using Table = std::map<uintptr_t, Allocation>;
    static const Allocation* find(const Table& table, uintptr_t address);
    static std::vector<Allocation> values(const Table& table);
    CUresult map(size_t bytes, const void* caller, Table& table, uintptr_t* start);
    void unmap(Table& table, Table::iterator entry);
    std::string broken_canary(const Allocation& allocation) const;

    Table device_, pinned_;
    // Freed ranges stay inaccessible for a while, so that use after free faults.
    std::vector<Allocation> graveyard_;
    size_t next_grave_ = 0;
    size_t used_ = 0;
    uint64_t count_ = 0;
};

}  // namespace emulated
