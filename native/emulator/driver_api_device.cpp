// Initialisation, the device and its attributes.
#include <cstdio>
#include <cstring>
#include <map>

#include "driver.h"
#include "leaks.h"
#include "memory.h"
#include "module.h"
#include "shared_memory.h"
#include "switches.h"

using namespace emulated;

namespace {

constexpr char NAME[] = "Emulated CUDA device";
constexpr int CAPABILITY_MAJOR = 8, CAPABILITY_MINOR = 0;
constexpr int SHARED_PER_MULTIPROCESSOR = 164 * 1024, SHARED_RESERVED = 1024;

CUresult check_device(CUdevice device) {
    return device == 0 ? CUDA_SUCCESS : error(CUDA_ERROR_INVALID_DEVICE, "device %d: there is only device 0", device);
}

// By NVIDIA's attribute numbers; what is not listed is absent, 0.
const std::map<int, int>& attributes() {
    static const std::map<int, int> table = {
        {1, 1024},                                        // threads per block
        {2, 1024}, {3, 1024}, {4, 64},                    // block dimensions
        {5, 2147483647}, {6, 65535}, {7, 65535},          // grid dimensions
        {8, DEFAULT_DYNAMIC_SHARED},                      // shared memory per block
        {9, 65536},                                       // constant memory
        {10, 32},                                         // warp size
        {11, 2147483647},                                 // pitch
        {12, 65536},                                      // registers per block
        {13, 1410000},                                    // clock, kHz
        {14, 512}, {15, 1},                               // texture alignment, overlap of copies and kernels
        {16, switches().multiprocessors},
        {19, 1},                                          // can map host memory
        {31, 1},                                          // concurrent kernels
        {36, 1215000}, {37, 5120},                        // memory clock in kHz, bus width
        {38, 4 << 20},                                    // second-level cache
        {39, 1024},                                       // threads per multiprocessor: one block's
        {40, 2},                                          // copy engines
        {41, 1},                                          // unified addressing
        {75, CAPABILITY_MAJOR}, {76, CAPABILITY_MINOR},
        {78, 1},                                          // stream priorities
        {79, 1}, {80, 1},                                 // first-level cache for globals and locals
        {81, SHARED_PER_MULTIPROCESSOR},
        {82, 65536},                                      // registers per multiprocessor
        {87, 2},                                          // fp32 to fp64 rate
        {90, 1},                                          // compute preemption
        {97, int(SharedMemory::MAX_DYNAMIC)},             // shared memory per block, opted in
        {106, 1},                                         // blocks per multiprocessor: a worker runs one after the other
        {111, SHARED_RESERVED},                           // shared memory reserved per block
    };
    return table;
}

CUresult initialise() {
    Driver& driver = Driver::get();
    if (driver.initialised) return CUDA_SUCCESS;
    std::string wrong = read_switches();
    if (wrong.empty()) wrong = map_fault_control();
    if (!wrong.empty()) {
        fprintf(stderr, "separable emulator: %s\n", wrong.c_str());
        return error(CUDA_ERROR_INVALID_VALUE, "%s", wrong.c_str());
    }
    driver.initialised = true;
    report_leaks_at_exit();
    return CUDA_SUCCESS;
}

}  // namespace

CUDA_API cuInit(unsigned flags) {
    const std::lock_guard<std::recursive_mutex> guard(Driver::get().lock);
    if (flags != 0) return CUDA_ERROR_INVALID_VALUE;
    if (const CUresult failed = initialise(); failed != CUDA_SUCCESS) return failed;
    return Driver::get().before("cuInit", Needs::NOTHING);
}

CUDA_API cuDriverGetVersion(int* version) {
    return driver_call("cuDriverGetVersion", Needs::NOTHING, [&] {
        *version = switches().driver_version;
        return CUDA_SUCCESS;
    });
}

CUDA_API cuDeviceGetCount(int* count) {
    return driver_call("cuDeviceGetCount", Needs::INITIALISED, [&] {
        *count = 1;
        return CUDA_SUCCESS;
    });
}

CUDA_API cuDeviceGet(CUdevice* device, int ordinal) {
    return driver_call("cuDeviceGet", Needs::INITIALISED, [&] {
        *device = 0;
        return check_device(ordinal);
    });
}

CUDA_API cuDeviceGetName(char* name, int length, CUdevice device) {
    return driver_call("cuDeviceGetName", Needs::INITIALISED, [&] {
        if (length < 1) return CUDA_ERROR_INVALID_VALUE;
        snprintf(name, size_t(length), "%s", NAME);
        return check_device(device);
    });
}

CUDA_API cuDeviceGetUuid(CUuuid* uuid, CUdevice device) {
    return driver_call("cuDeviceGetUuid", Needs::INITIALISED, [&] {
        memcpy(uuid->bytes, NAME, sizeof uuid->bytes);
        return check_device(device);
    });
}

CUDA_API cuDeviceGetPCIBusId(char* id, int length, CUdevice device) {
    return driver_call("cuDeviceGetPCIBusId", Needs::INITIALISED, [&] {
        snprintf(id, size_t(length), "0000:00:00.0");
        return check_device(device);
    });
}

CUDA_API cuDeviceComputeCapability(int* major, int* minor, CUdevice device) {
    return driver_call("cuDeviceComputeCapability", Needs::INITIALISED, [&] {
        *major = CAPABILITY_MAJOR;
        *minor = CAPABILITY_MINOR;
        return check_device(device);
    });
}

CUDA_API cuDeviceTotalMem_v2(size_t* bytes, CUdevice device) {
    return driver_call("cuDeviceTotalMem_v2", Needs::INITIALISED, [&] {
        *bytes = Memory::get().total();
        return check_device(device);
    });
}

CUDA_API cuDeviceGetAttribute(int* value, int attribute, CUdevice device) {
    return driver_call("cuDeviceGetAttribute", Needs::INITIALISED, [&] {
        if (attribute < 1 || attribute > 200) return error(CUDA_ERROR_INVALID_VALUE, "device attribute %d", attribute);
        const auto found = attributes().find(attribute);
        *value = found == attributes().end() ? 0 : found->second;
        return check_device(device);
    });
}

CUDA_API cuDeviceCanAccessPeer(int* can, CUdevice, CUdevice) {
    return driver_call("cuDeviceCanAccessPeer", Needs::INITIALISED, [&] {
        *can = 0;
        return CUDA_SUCCESS;
    });
}

CUDA_API cuMemGetInfo_v2(size_t* free, size_t* total) {
    return driver_call("cuMemGetInfo_v2", Needs::CONTEXT, [&] {
        *total = Memory::get().total();
        *free = *total - Memory::get().used();
        return CUDA_SUCCESS;
    });
}
