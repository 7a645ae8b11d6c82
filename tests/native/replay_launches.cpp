// Repeats recorded launches of every kernel: `replay_launches LAUNCHES.txt [WORD]`. Numbers are checked from Java; in a build with
// sanitizers this shows that no access leaves its buffer and that nothing undefined happens. Lines of kernels that have WORD
// between the underscores of their names are passed over: a build may leave a precision out.
//
// LAUNCHES.txt comes from the Java tests, run with SEPARABLE_EMULATOR_RECORD naming it (see launch_recorder.h); a kernel
// without a line in it fails this test.
#include <fstream>
#include <set>

#include "module.h"
#include "recorded_launch.h"

namespace {

void replay(const TestDevice& device, RecordedLaunch& launch) {
    const char* name = launch.name().c_str();
    if (device.module()->functions.count(name) == 0) fail_test(name, 0, "no such kernel: record the launches again");
    const CUfunction function = device.function(name);
    launch.read_arguments();
    if (size_t(function->kernel->parameters) != launch.arguments()) fail_test(name, 0, "its parameters have changed: record the launches again");
    launch.run(function);
}

bool has_word(const std::string& name, const std::string& word) {
    return !word.empty() && ("_" + name + "_").find("_" + word + "_") != std::string::npos;
}

}  // namespace

int main(int count, char** arguments) {
    std::ifstream file(count == 2 || count == 3 ? arguments[1] : "");
    if (!file) {
        fprintf(stderr, "usage: %s LAUNCHES.txt [WORD]\n", arguments[0]);
        return 2;
    }
    const std::string left_out = count == 3 ? arguments[2] : "";
    TestDevice device;
    device.load_built_in();
    std::set<std::string> seen;
    for (std::string line; std::getline(file, line);) {
        RecordedLaunch launch(line);
        if (has_word(launch.name(), left_out)) continue;
        replay(device, launch);
        seen.insert(launch.name());
    }
    size_t missing = 0;
    for (const auto& entry : device.module()->functions) {
        if (seen.count(entry.first) != 0) continue;
        printf("no recorded launch of %s\n", entry.first.c_str());
        ++missing;
    }
    printf("%zu of %zu kernels ran\n", seen.size(), seen.size() + missing);
    return missing != 0;
}
