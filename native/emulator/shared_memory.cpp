#include "shared_memory.h"

#include <link.h>
#include <sys/mman.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <new>

#include "thread_state.h"

namespace emulated {
namespace {

constexpr size_t PAGE = 4096, GRANULE = 64;
constexpr int POISON = 0xff;  // a NaN as float and as bf16

struct TlsBlock {
    uintptr_t code;  // an address inside the module
    void* data;
    size_t bytes;
};

int find_tls(dl_phdr_info* module, size_t, void* argument) {
    auto* const wanted = static_cast<TlsBlock*>(argument);
    bool found = false;
    size_t bytes = 0;
    for (int i = 0; i < module->dlpi_phnum; ++i) {
        const auto& header = module->dlpi_phdr[i];
        if (header.p_type == PT_LOAD && wanted->code - (module->dlpi_addr + header.p_vaddr) < header.p_memsz) found = true;
        if (header.p_type == PT_TLS) bytes = header.p_memsz;
    }
    if (!found) return 0;
    wanted->data = module->dlpi_tls_data;
    wanted->bytes = module->dlpi_tls_data == nullptr ? 0 : bytes;
    return 1;
}

// The runtime's own thread-local state shares the module with the kernels that are built in: step around it.
void poison_but_own_state(char* from, size_t bytes) {
    char* const own = reinterpret_cast<char*>(&thread_state());
    char* const end = from + bytes;
    if (own < from || own >= end) {
        memset(from, POISON, bytes);
        return;
    }
    char* const own_end = own + sizeof(ThreadState);
    memset(from, POISON, size_t(own - from));
    if (own_end < end) memset(own_end, POISON, size_t(end - own_end));
}

bool untouched(const char* from, size_t bytes) {
    static const auto pattern = [] {
        struct { char at[GRANULE]; } p;
        memset(p.at, POISON, GRANULE);
        return p;
    }();
    return memcmp(from, pattern.at, bytes) == 0;
}

}  // namespace

SharedMemory::SharedMemory() {
    const size_t bytes = (MAX_DYNAMIC + PAGE - 1) / PAGE * PAGE;
    void* const map = mmap(nullptr, bytes + PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (map == MAP_FAILED) throw std::bad_alloc();
    region_end_ = static_cast<char*>(map) + bytes;
    mprotect(region_end_, PAGE, PROT_NONE);
}

void* SharedMemory::start(const Launch& launch) {
    dynamic_bytes_ = (launch.shared_bytes + 15) / 16 * 16;
    dynamic_ = region_end_ - dynamic_bytes_;
    check_ = launch.check;
    learnt_ = false;
    tls_bytes_ = 0;
    footprint_.clear();
    if (check_) {
        // An empty loop makes the C library create the block for this OS thread.
        EmuCtx nothing{};
        nothing.grid = nothing.block = dim3(1);
        nothing.params = launch.parameters;
        launch.kernel->loop(&nothing, 0, 0);
        TlsBlock block{reinterpret_cast<uintptr_t>(launch.kernel->loop), nullptr, 0};
        dl_iterate_phdr(find_tls, &block);
        tls_ = static_cast<char*>(block.data);
        tls_bytes_ = block.bytes;
    }
    return dynamic_;
}

void SharedMemory::poison() {
    if (!check_) return;
    memset(dynamic_, POISON, dynamic_bytes_);
    if (tls_bytes_ == 0) return;
    if (!learnt_) {
        poison_but_own_state(tls_, tls_bytes_);
        return;
    }
    for (const Range& range : footprint_) poison_but_own_state(range.from, range.bytes);
}

void SharedMemory::learn_footprint() {
    if (!check_ || learnt_) return;
    learnt_ = true;
    for (size_t at = 0; at < tls_bytes_; at += GRANULE) {
        const size_t bytes = std::min(GRANULE, tls_bytes_ - at);
        if (untouched(tls_ + at, bytes)) continue;
        if (!footprint_.empty() && footprint_.back().from + footprint_.back().bytes == tls_ + at)
            footprint_.back().bytes += bytes;
        else
            footprint_.push_back({tls_ + at, bytes});
    }
}

}  // namespace emulated
