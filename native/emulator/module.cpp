#include "module.h"

#include <dlfcn.h>
#include <elf.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <iterator>
#include <vector>

#include "driver.h"
#include "thread_state.h"

namespace emulated {
namespace {

struct FatbinHeader {
    uint32_t magic;
    uint16_t version, header_bytes;
    uint64_t bytes;  // after the header
};
constexpr uint32_t FATBIN_MAGIC = 0xBA55ED50;

// Kernels announce themselves while the library that holds them is loaded: this one, or one that load() opens.
std::vector<const EmuKernel*>& announced() {
    static auto* const kernels = new std::vector<const EmuKernel*>;
    return *kernels;
}

// How many kernels this library announced, before any other was opened.
size_t built_in() {
    static const size_t count = announced().size();
    return count;
}

size_t elf_bytes(const unsigned char* image) {
    Elf64_Ehdr header;
    memcpy(&header, image, sizeof header);
    size_t end = header.e_shoff + size_t(header.e_shnum) * header.e_shentsize;
    for (int i = 0; i < header.e_phnum; ++i) {
        Elf64_Phdr segment;
        memcpy(&segment, image + header.e_phoff + size_t(i) * header.e_phentsize, sizeof segment);
        end = std::max<size_t>(end, segment.p_offset + segment.p_filesz);
    }
    return end;
}

// A file without a name that holds these bytes, or -1.
int file_of(const unsigned char* image, size_t bytes) {
    const int file = memfd_create("separable-module", MFD_CLOEXEC);
    if (file < 0) return -1;
    for (size_t done = 0; done < bytes;) {
        const ssize_t n = write(file, image + done, bytes - done);
        if (n <= 0) {
            close(file);
            return -1;
        }
        done += size_t(n);
    }
    return file;
}

}  // namespace

Modules& Modules::get() {
    static Modules* const modules = new Modules;
    return *modules;
}

void Modules::define(CUmodule module, const EmuKernel* kernel) {
    CUfunc_st& function = module->functions[kernel->name];
    function = {kernel, module, DEFAULT_DYNAMIC_SHARED};
    functions_.insert(&function);
}

CUresult Modules::load(const void* image, CUmodule* module) {
    if (image == nullptr) return error(CUDA_ERROR_INVALID_VALUE, "no image");
    uint32_t magic;
    memcpy(&magic, image, sizeof magic);
    if (magic == FATBIN_MAGIC) return load_built_in(image, module);
    if (memcmp(image, ELFMAG, SELFMAG) == 0) return load_shared_object(static_cast<const unsigned char*>(image), module);
    return error(CUDA_ERROR_INVALID_IMAGE, "neither a fatbin nor a shared object with emulated kernels (first bytes %08x)", magic);
}

CUresult Modules::load_file(const char* path, CUmodule* module) {
    std::ifstream file(path, std::ios::binary);
    if (!file) return error(CUDA_ERROR_FILE_NOT_FOUND, "%s", path);
    std::string image((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    if (image.size() < sizeof(Elf64_Ehdr)) image.resize(sizeof(Elf64_Ehdr));
    return load(image.data(), module);
}

CUresult Modules::load_built_in(const void* image, CUmodule* module) {
    FatbinHeader header;
    memcpy(&header, image, sizeof header);
    if (header.version != 1 || header.header_bytes != sizeof header)
        return error(CUDA_ERROR_INVALID_IMAGE, "a fatbin of version %d with a header of %d bytes", header.version, header.header_bytes);
    auto* const loaded = new CUmod_st;
    loaded->context = current_context();
    for (size_t i = 0; i < built_in(); ++i) define(loaded, announced()[i]);
    modules_.insert(loaded);
    *module = loaded;
    return CUDA_SUCCESS;
}

CUresult Modules::load_shared_object(const unsigned char* image, CUmodule* module) {
    const int file = file_of(image, elf_bytes(image));
    if (file < 0) return error(CUDA_ERROR_OUT_OF_MEMORY, "no room for the module's image");
    built_in();
    announced().resize(built_in());
    void* const library = dlopen(("/proc/self/fd/" + std::to_string(file)).c_str(), RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) {
        const std::string reason = dlerror();
        close(file);
        return error(CUDA_ERROR_INVALID_IMAGE, "%s", reason.c_str());
    }
    auto* const loaded = new CUmod_st;
    loaded->context = current_context();
    loaded->library = library;
    loaded->file = file;
    for (size_t i = built_in(); i < announced().size(); ++i) define(loaded, announced()[i]);
    announced().resize(built_in());
    modules_.insert(loaded);
    *module = loaded;
    return CUDA_SUCCESS;
}

CUresult Modules::unload(CUmodule module) {
    if (modules_.erase(module) == 0) return error(CUDA_ERROR_INVALID_HANDLE, "cuModuleUnload of an unknown module");
    for (auto& entry : module->functions) functions_.erase(&entry.second);
    if (module->library != nullptr) dlclose(module->library);
    if (module->file >= 0) close(module->file);
    delete module;
    return CUDA_SUCCESS;
}

void Modules::unload_all(CUcontext context) {
    for (auto next = modules_.begin(); next != modules_.end();) {
        const CUmodule module = *next++;
        if (context == ANY_CONTEXT || module->context == context) unload(module);
    }
}

CUresult Modules::function(CUmodule module, const char* name, CUfunction* function) {
    if (!exists(module)) return error(CUDA_ERROR_INVALID_HANDLE, "an unknown module");
    const auto found = module->functions.find(name);
    if (found == module->functions.end()) return error(CUDA_ERROR_NOT_FOUND, "no kernel named %s in the module", name);
    *function = &found->second;
    return CUDA_SUCCESS;
}

}  // namespace emulated

void emu_register(const EmuKernel* kernel) { emulated::announced().push_back(kernel); }
