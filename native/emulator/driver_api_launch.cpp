// Modules, functions and launches.
#include <algorithm>
#include <cstring>
#include <memory>
#include <vector>

#include "driver.h"
#include "graph.h"
#include "launch_recorder.h"
#include "memory.h"
#include "module.h"
#include "shared_memory.h"
#include "stream.h"
#include "thread_state.h"
#include "worker_pool.h"

using namespace emulated;

namespace {

constexpr unsigned MAX_BLOCK_THREADS = 1024, MAX_BLOCK_Z = 64, MAX_GRID_YZ = 65535;

// The parameters' own copy, for work that runs after the call too.
class KeptParameters {
public:
    KeptParameters(const EmuKernel& kernel, void* const* values) : bytes_(kernel.parameter_bytes + 1) {
        for (int i = 0; i < kernel.parameters; ++i) memcpy(bytes_.data() + kernel.parameter[i].offset, values[i], kernel.parameter[i].size);
    }
    KeptParameters(const EmuKernel& kernel, const char* packed) : bytes_(kernel.parameter_bytes + 1) {
        if (kernel.parameter_bytes > 0) memcpy(bytes_.data(), packed, kernel.parameter_bytes);
    }
    const char* bytes() const { return bytes_.data(); }

private:
    std::vector<char> bytes_;
};

CUresult check_geometry(const CUfunc_st& function, const Launch& launch) {
    const dim3 &g = launch.grid, &b = launch.block;
    const char* const name = launch.kernel->name;
    if (g.x == 0 || g.y == 0 || g.z == 0 || g.x > 0x7fffffffu || g.y > MAX_GRID_YZ || g.z > MAX_GRID_YZ)
        return error(CUDA_ERROR_INVALID_VALUE, "kernel %s: a grid of %u x %u x %u", name, g.x, g.y, g.z);
    const uint64_t threads = uint64_t(b.x) * b.y * b.z;
    if (threads == 0 || threads > MAX_BLOCK_THREADS || b.z > MAX_BLOCK_Z)
        return error(CUDA_ERROR_INVALID_VALUE, "kernel %s: a block of %u x %u x %u", name, b.x, b.y, b.z);
    if (launch.shared_bytes > unsigned(function.max_dynamic_shared))
        return error(CUDA_ERROR_INVALID_VALUE, "kernel %s: %u bytes of dynamic shared memory, %d allowed (cuFuncSetAttribute raises it to %u)", name,
                     launch.shared_bytes, function.max_dynamic_shared, SharedMemory::MAX_DYNAMIC);
    return CUDA_SUCCESS;
}

// In check mode: every pointer argument is null or points to device or pinned memory.
CUresult check_pointers(const Launch& launch) {
    for (int i = 0; i < launch.kernel->parameters; ++i) {
        if (!launch.kernel->parameter[i].pointer) continue;
        uintptr_t address;
        memcpy(&address, launch.parameters + launch.kernel->parameter[i].offset, sizeof address);
        if (address == 0 || Memory::get().device_allocation(address) != nullptr || Memory::get().pinned_allocation(address) != nullptr) continue;
        char text[200];
        snprintf(text, sizeof text, "kernel %s: parameter %d (0x%zx) is no device pointer", launch.kernel->name, i, size_t(address));
        return Driver::get().poison_context(CUDA_ERROR_ILLEGAL_ADDRESS, text);
    }
    return CUDA_SUCCESS;
}

CUresult run(const Launch& launch) {
    if (switches().idle) return CUDA_SUCCESS;
    if (launch.check)
        if (const CUresult bad = check_pointers(launch); bad != CUDA_SUCCESS) return bad;
    if (!switches().record.empty()) record_launch(launch);
    const LaunchOutcome outcome = run_launch(launch);
    return outcome.code == 0 ? CUDA_SUCCESS : Driver::get().poison_context(CUresult(outcome.code), outcome.text);
}

// parameters: of the launch, which may be carried out later.
CUresult submit(const Launch& launch, const std::shared_ptr<KeptParameters>& parameters, CUstream stream) {
    if (stream->capture == nullptr && Driver::get().fault_unnoticed()) return CUDA_SUCCESS;
    if (stream->capture == nullptr && !switches().deferred) return run(launch);
    return Streams::get().submit(stream, CU_NODE_KERNEL, [launch, parameters] { return run(launch); });
}

// The `extra` form: all parameters in one buffer, each at its natural alignment.
CUresult find_buffer(const EmuKernel& kernel, void** extra, const char*& buffer) {
    size_t bytes = 0;
    for (void** e = extra; *e != CU_EXTRA_END; e += 2) {
        if (*e == CU_EXTRA_BUFFER_POINTER) buffer = static_cast<const char*>(e[1]);
        else if (*e == CU_EXTRA_BUFFER_SIZE) bytes = *static_cast<size_t*>(e[1]);
        else return error(CUDA_ERROR_INVALID_VALUE, "kernel %s: an unknown entry in `extra`", kernel.name);
    }
    if (kernel.parameter_bytes > 0 && (buffer == nullptr || bytes < kernel.parameter_bytes))
        return error(CUDA_ERROR_INVALID_VALUE, "kernel %s: its parameters take %u bytes, %zu given", kernel.name, kernel.parameter_bytes, bytes);
    return CUDA_SUCCESS;
}

CUresult load(const char* name, const void* image, CUmodule* module) {
    return driver_call(name, Needs::CONTEXT, [&] { return Modules::get().load(image, module); });
}

template <class Body> CUresult on_function(const char* name, CUfunction function, Body body) {
    return driver_call(name, Needs::CONTEXT, [&] {
        return Modules::get().exists(function) ? body() : error(CUDA_ERROR_INVALID_HANDLE, "%s: an unknown function", name);
    });
}

// Blocks that a multiprocessor runs at once: there is one, as CU_DEVICE_ATTRIBUTE_MAX_BLOCKS_PER_MULTIPROCESSOR says, if it fits.
int resident_blocks(size_t shared_bytes) { return shared_bytes <= SharedMemory::MAX_DYNAMIC ? 1 : 0; }

}  // namespace

CUDA_API cuModuleLoadData(CUmodule* module, const void* image) { return load("cuModuleLoadData", image, module); }
CUDA_API cuModuleLoadDataEx(CUmodule* module, const void* image, unsigned, int*, void**) { return load("cuModuleLoadDataEx", image, module); }
CUDA_API cuModuleLoadFatBinary(CUmodule* module, const void* image) { return load("cuModuleLoadFatBinary", image, module); }
CUDA_API cuModuleLoad(CUmodule* module, const char* path) {
    return driver_call("cuModuleLoad", Needs::CONTEXT, [&] { return Modules::get().load_file(path, module); });
}
CUDA_API cuModuleUnload(CUmodule module) {
    return driver_call("cuModuleUnload", Needs::CONTEXT, [&] {
        if (const CUresult failed = Streams::get().synchronize_all(); failed != CUDA_SUCCESS) return failed;
        return Modules::get().unload(module);
    });
}
CUDA_API cuModuleGetFunction(CUfunction* function, CUmodule module, const char* name) {
    return driver_call("cuModuleGetFunction", Needs::CONTEXT, [&] { return Modules::get().function(module, name, function); });
}
CUDA_API cuModuleGetLoadingMode(int* mode) {
    return driver_call("cuModuleGetLoadingMode", Needs::INITIALISED, [&] {
        *mode = 1;  // eager
        return CUDA_SUCCESS;
    });
}
CUDA_API cuFuncGetModule(CUmodule* module, CUfunction function) {
    return on_function("cuFuncGetModule", function, [&] {
        *module = function->module;
        return CUDA_SUCCESS;
    });
}

// What only a GPU's compiler knows (registers, static shared memory) is given as a plausible constant or 0.
CUDA_API cuFuncGetAttribute(int* value, int attribute, CUfunction function) {
    return on_function("cuFuncGetAttribute", function, [&] {
        switch (attribute) {
            case 0: *value = int(MAX_BLOCK_THREADS); break;
            case 4: *value = 32; break;            // registers
            case 5: case 6: *value = 80; break;    // PTX and binary version
            case 8: *value = function->max_dynamic_shared; break;
            default: *value = 0; break;
        }
        return CUDA_SUCCESS;
    });
}
CUDA_API cuFuncSetAttribute(CUfunction function, int attribute, int value) {
    return on_function("cuFuncSetAttribute", function, [&] {
        if (attribute == 9) return CUDA_SUCCESS;  // preferred carve-out: a hint
        if (attribute != 8) return error(CUDA_ERROR_INVALID_VALUE, "function attribute %d cannot be set", attribute);
        if (value < 0 || unsigned(value) > SharedMemory::MAX_DYNAMIC)
            return error(CUDA_ERROR_INVALID_VALUE, "%d bytes of dynamic shared memory: at most %u", value, SharedMemory::MAX_DYNAMIC);
        function->max_dynamic_shared = value;
        return CUDA_SUCCESS;
    });
}
CUDA_API cuFuncSetCacheConfig(CUfunction function, int) {
    return on_function("cuFuncSetCacheConfig", function, [] { return CUDA_SUCCESS; });
}

CUDA_API cuLaunchKernel(CUfunction function, unsigned grid_x, unsigned grid_y, unsigned grid_z, unsigned block_x, unsigned block_y, unsigned block_z,
                        unsigned shared_bytes, CUstream handle, void** parameters, void** extra) {
    return on_function("cuLaunchKernel", function, [&] {
        const CUstream stream = Streams::get().find(handle);
        if (stream == nullptr) return error(CUDA_ERROR_INVALID_HANDLE, "cuLaunchKernel: an unknown stream");
        if (function->module->context != current_context()) return error(CUDA_ERROR_INVALID_HANDLE, "cuLaunchKernel: a function of another context");
        if (stream->context != nullptr && stream->context != current_context())
            return error(CUDA_ERROR_INVALID_HANDLE, "cuLaunchKernel: a stream of another context");
        const EmuKernel& kernel = *function->kernel;
        const char* buffer = nullptr;
        if (extra != nullptr)
            if (const CUresult bad = find_buffer(kernel, extra, buffer); bad != CUDA_SUCCESS) return bad;
        if (extra == nullptr && parameters == nullptr && kernel.parameters > 0)
            return error(CUDA_ERROR_INVALID_VALUE, "kernel %s: no parameters given", kernel.name);
        const auto kept = extra != nullptr ? std::make_shared<KeptParameters>(kernel, buffer) : std::make_shared<KeptParameters>(kernel, parameters);
        const Launch launch{&kernel, dim3(grid_x, grid_y, grid_z), dim3(block_x, block_y, block_z), shared_bytes, kept->bytes(),
                            switches().order, switches().seed, switches().check};
        if (const CUresult bad = check_geometry(*function, launch); bad != CUDA_SUCCESS) return bad;
        return submit(launch, kept, stream);
    });
}

CUDA_API cuOccupancyMaxActiveBlocksPerMultiprocessor(int* blocks, CUfunction function, int threads, size_t shared_bytes) {
    return on_function("cuOccupancyMaxActiveBlocksPerMultiprocessor", function, [&] {
        if (threads < 1 || unsigned(threads) > MAX_BLOCK_THREADS) return error(CUDA_ERROR_INVALID_VALUE, "a block of %d threads", threads);
        *blocks = resident_blocks(shared_bytes);
        return CUDA_SUCCESS;
    });
}
CUDA_API cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(int* blocks, CUfunction function, int threads, size_t shared_bytes, unsigned) {
    return cuOccupancyMaxActiveBlocksPerMultiprocessor(blocks, function, threads, shared_bytes);
}
CUDA_API cuOccupancyMaxPotentialBlockSize(int* grid, int* block, CUfunction function, size_t (*)(int), size_t shared_bytes, int limit) {
    return on_function("cuOccupancyMaxPotentialBlockSize", function, [&] {
        *block = limit > 0 ? std::min(limit, int(MAX_BLOCK_THREADS)) : int(MAX_BLOCK_THREADS);
        *grid = switches().multiprocessors * resident_blocks(shared_bytes);
        return CUDA_SUCCESS;
    });
}
