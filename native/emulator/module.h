// Modules: kernels by name, compiled in or loaded from a shared object.
#pragma once
#include <map>
#include <memory>
#include <set>
#include <string>
#include <unordered_set>

#include "driver_types.h"
#include "emulated_abi.h"

struct CUfunc_st {
    const EmuKernel* kernel;
    CUmodule module;
    int max_dynamic_shared;  // bytes; more than the default must be asked for
};

struct CUmod_st {
    CUcontext context = nullptr;  // it was loaded into
    void* library = nullptr;  // of dlopen; null: the kernels compiled in
    int file = -1;            // the image in memory, open as long as the library is
    std::map<std::string, CUfunc_st> functions;
};

namespace emulated {

constexpr int DEFAULT_DYNAMIC_SHARED = 48 * 1024;

class Modules {
public:
    static Modules& get();

    // A fatbin binds to the kernels compiled in; an ELF shared object, built like them, brings its own.
    CUresult load(const void* image, CUmodule* module);
    CUresult load_file(const char* path, CUmodule* module);
    CUresult unload(CUmodule module);
    void unload_all(CUcontext context);
    CUresult function(CUmodule module, const char* name, CUfunction* function);
    bool exists(CUmodule module) const { return modules_.count(module) != 0; }
    bool exists(CUfunction function) const { return functions_.count(function) != 0; }
    size_t live() const { return modules_.size(); }
    const std::set<CUmodule>& live_modules() const { return modules_; }

private:
    CUresult load_built_in(const void* image, CUmodule* module);
    CUresult load_shared_object(const unsigned char* image, CUmodule* module);
    void define(CUmodule module, const EmuKernel* kernel);
    std::set<CUmodule> modules_;
    std::unordered_set<CUfunction> functions_;
};

}  // namespace emulated
