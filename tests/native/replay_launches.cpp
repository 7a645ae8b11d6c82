// Repeats recorded launches of every kernel: `replay_launches LAUNCHES.txt`. Numbers are checked from Java; in a build with
// sanitizers this shows that no access leaves its buffer and that nothing undefined happens.
//
// LAUNCHES.txt comes from the Java tests, run with SEPARABLE_EMULATOR_RECORD naming it (see launch_recorder.h); a kernel
// without a line in it fails this test.
#include <algorithm>
#include <fstream>
#include <memory>
#include <set>
#include <sstream>

#include "driver.h"
#include "module.h"

namespace {

std::vector<unsigned char> bytes_of(const std::string& hex) {
    std::vector<unsigned char> bytes;
    for (size_t i = 0; i + 1 < hex.size(); i += 2) bytes.push_back((unsigned char)strtoul(hex.substr(i, 2).c_str(), nullptr, 16));
    return bytes;
}

// One argument: its value, in memory aligned for any type, and the device memory it points to.
class Argument {
public:
    explicit Argument(const std::string& text) {
        const size_t colon = text.find(':'), second = text.find(':', colon + 1);
        const std::string kind = text.substr(0, colon);
        if (kind == "null") return;
        if (kind == "value") {
            const auto bytes = bytes_of(text.substr(colon + 1));
            memcpy(value_, bytes.data(), std::min(bytes.size(), sizeof value_));
            return;
        }
        memory_ = std::make_unique<DeviceArray<unsigned char>>(std::stoul(text.substr(colon + 1)));
        OK(cuMemsetD8_v2(memory_->pointer(), 0, memory_->bytes()));
        const auto contents = bytes_of(text.substr(second + 1));
        OK(cuMemcpyHtoD_v2(memory_->pointer(), contents.empty() ? value_ : contents.data(), contents.size()));
        const CUdeviceptr pointer = memory_->pointer();
        memcpy(value_, &pointer, sizeof pointer);
    }
    void* value() { return value_; }
    void clear() { if (memory_) OK(cuMemsetD8_v2(memory_->pointer(), 0, memory_->bytes())); }

private:
    alignas(16) unsigned char value_[256] = {};
    std::unique_ptr<DeviceArray<unsigned char>> memory_;
};

void replay(const TestDevice& device, const std::string& name, std::istringstream& line) {
    unsigned n[7];
    for (unsigned& number : n) line >> number;
    std::vector<std::unique_ptr<Argument>> arguments;
    std::vector<void*> values;
    for (std::string text; line >> text;) {
        arguments.push_back(std::make_unique<Argument>(text));
        values.push_back(arguments.back()->value());
    }
    // Its table holds addresses of the process that recorded it: an empty one folds nothing.
    if (name == "gradient_fold") arguments.front()->clear();
    values.push_back(nullptr);
    const CUfunction function = device.function(name.c_str());
    if (size_t(function->kernel->parameters) + 1 != values.size()) fail_test(name.c_str(), 0, "its parameters have changed: record the launches again");
    if (n[6] > 48 * 1024) OK(cuFuncSetAttribute(function, 8, int(n[6])));
    const CUresult code = cuLaunchKernel(function, n[0], n[1], n[2], n[3], n[4], n[5], n[6], nullptr, values.data(), nullptr);
    if (code != CUDA_SUCCESS) fail_test(name.c_str(), 0, error_text(code));
}

}  // namespace

int main(int count, char** arguments) {
    std::ifstream file(count == 2 ? arguments[1] : "");
    if (!file) {
        fprintf(stderr, "usage: %s LAUNCHES.txt\n", arguments[0]);
        return 2;
    }
    TestDevice device;
    device.load_built_in();
    std::set<std::string> seen;
    for (std::string text; std::getline(file, text);) {
        std::istringstream line(text);
        std::string name;
        line >> name;
        if (device.module()->functions.count(name) == 0) fail_test(name.c_str(), 0, "no such kernel: record the launches again");
        replay(device, name, line);
        seen.insert(name);
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
