#include "source_line.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <link.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <sstream>
#include <vector>

extern char** environ;

namespace emulated {
namespace {

struct Module {
    std::string path;
    uintptr_t base = 0;
    std::string symbol;  // "name+0x1f"
};

// Other processes cannot follow /proc/self into this one (modules are loaded from memory under such a name).
std::string path_for_others(const std::string& path) {
    const std::string self = "/proc/self/";
    if (path.rfind(self, 0) == 0) return "/proc/" + std::to_string(getpid()) + "/" + path.substr(self.size());
    return path.find('/') == std::string::npos ? "/proc/" + std::to_string(getpid()) + "/exe" : path;
}

Module module_of(void* address) {
    Dl_info info{};
    link_map* map = nullptr;
    Module module;
    if (dladdr1(address, &info, reinterpret_cast<void**>(&map), RTLD_DL_LINKMAP) == 0) return module;
    module.path = path_for_others(info.dli_fname);
    module.base = map->l_addr;
    const char* const name = info.dli_sname == nullptr ? strrchr(info.dli_fname, '/') : info.dli_sname;
    const void* const start = info.dli_sname == nullptr ? info.dli_fbase : info.dli_saddr;
    char offset[32];
    snprintf(offset, sizeof offset, "+0x%zx", size_t(static_cast<char*>(address) - static_cast<const char*>(start)));
    module.symbol = std::string(name == nullptr ? info.dli_fname : name) + offset;
    return module;
}

// Standard output of a program, or nothing when it cannot run.
std::string output_of(const std::vector<std::string>& command) {
    int pipe_ends[2];
    if (pipe2(pipe_ends, O_CLOEXEC) != 0) return "";
    std::vector<char*> arguments;
    for (const auto& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    // The emulated libcuda stands first on LD_LIBRARY_PATH, which is none of this program's business; so is LD_PRELOAD.
    std::vector<char*> environment;
    for (char** e = environ; *e != nullptr; ++e)
        if (strncmp(*e, "LD_", 3) != 0) environment.push_back(*e);
    environment.push_back(nullptr);

    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, pipe_ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    pid_t child = 0;
    const int failed = posix_spawnp(&child, arguments[0], &actions, nullptr, arguments.data(), environment.data());
    posix_spawn_file_actions_destroy(&actions);
    close(pipe_ends[1]);
    std::string output;
    char buffer[512];
    for (ssize_t n; !failed && (n = read(pipe_ends[0], buffer, sizeof buffer)) > 0;) output.append(buffer, size_t(n));
    close(pipe_ends[0]);
    if (!failed) waitpid(child, nullptr, 0);
    return output;
}

// "dir/file.cu:12 (discriminator 3)" as "file.cu:12"; empty when unknown.
std::string place(std::string line) {
    line = line.substr(0, line.find(" ("));
    if (line.empty() || line[0] == '?' || line.back() == '?') return "";
    const size_t slash = line.rfind('/');
    return slash == std::string::npos ? line : line.substr(slash + 1);
}

}  // namespace

std::string source_line(void* program_counter) {
    const Module module = module_of(program_counter);
    if (module.path.empty()) return "unknown place";
    char offset[32];
    snprintf(offset, sizeof offset, "0x%zx", reinterpret_cast<uintptr_t>(program_counter) - module.base);
    // One line for the instruction and one for each function it was inlined into, the kernel's file among them.
    std::istringstream lines(output_of({"addr2line", "-i", "-e", module.path, offset}));
    std::string innermost;
    for (std::string line; std::getline(lines, line);) {
        const std::string at = place(line);
        if (innermost.empty()) innermost = at;
        if (at.find(".cu:") != std::string::npos) return at == innermost ? at : at + " (through " + innermost + ")";
    }
    return innermost.empty() ? module.symbol : innermost;
}

}  // namespace emulated
