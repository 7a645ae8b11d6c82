#include "launch_recorder.h"

#include <cstdio>
#include <cstring>
#include <map>

#include "memory.h"

namespace emulated {
namespace {

constexpr int LAUNCHES_A_KERNEL = 2;
constexpr uint64_t SMALL_LAUNCH = 1 << 17;  // threads
constexpr size_t FEW_BYTES = 64;

std::string hex(const void* data, size_t bytes) {
    std::string text;
    char digits[3];
    for (size_t i = 0; i < bytes; ++i) {
        snprintf(digits, sizeof digits, "%02x", static_cast<const unsigned char*>(data)[i]);
        text += digits;
    }
    return text;
}

std::string pointer_text(const void* slot) {
    uintptr_t address;
    memcpy(&address, slot, sizeof address);
    const Allocation* const holder = Memory::get().device_allocation(address);
    if (holder == nullptr) return " null";
    const size_t bytes = holder->start + holder->bytes - address;
    const std::string contents = bytes <= FEW_BYTES ? hex(reinterpret_cast<const void*>(address), bytes) : "";
    return " memory:" + std::to_string(bytes) + ":" + contents;
}

}  // namespace

void record_launch(const Launch& launch) {
    static std::map<std::string, int> recorded;
    if (launch.blocks() * launch.threads() > SMALL_LAUNCH || recorded[launch.kernel->name]++ >= LAUNCHES_A_KERNEL) return;
    std::string line = launch.kernel->name;
    for (unsigned n : {launch.grid.x, launch.grid.y, launch.grid.z, launch.block.x, launch.block.y, launch.block.z, launch.shared_bytes})
        line += " " + std::to_string(n);
    for (int i = 0; i < launch.kernel->parameters; ++i) {
        const EmuParam& parameter = launch.kernel->parameter[i];
        const char* const value = launch.parameters + parameter.offset;
        line += parameter.pointer ? pointer_text(value) : " value:" + hex(value, parameter.size);
    }
    FILE* const file = fopen(switches().record.c_str(), "a");
    if (file == nullptr) return;
    fprintf(file, "%s\n", line.c_str());
    fclose(file);
}

}  // namespace emulated
