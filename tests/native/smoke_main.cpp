// Runs the cases of all smoke_*.cpp and names the kernels that no case has launched.
#include "module.h"
#include "smoke.h"

std::vector<SmokeCase>& smoke_cases() {
    static std::vector<SmokeCase> all;
    return all;
}

std::set<std::string>& kernels_run() {
    static std::set<std::string> names;
    return names;
}

const TestDevice& smoke_device() {
    static const TestDevice* const device = [] {
        auto* const opened = new TestDevice;
        opened->load_built_in();
        return opened;
    }();
    return *device;
}

int main() {
    for (const SmokeCase& smoke : smoke_cases()) {
        printf("%s\n", smoke.name);
        fflush(stdout);
        smoke.body();
    }
    const auto& kernels = smoke_device().module()->functions;
    size_t missing = 0;
    for (const auto& entry : kernels) {
        if (kernels_run().count(entry.first) != 0) continue;
        printf("no case launches %s\n", entry.first.c_str());
        ++missing;
    }
    printf("%zu of %zu kernels ran\n", kernels.size() - missing, kernels.size());
    return missing != 0;
}
