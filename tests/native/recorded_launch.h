// Recorded launches, a line each as launch_recorder.h says, made again with the same grid and arguments. Driver calls only: what
// repeats them may run on any device.
#pragma once
#include <algorithm>
#include <memory>
#include <sstream>

#include "driver.h"

class RecordedLaunch {
public:
    explicit RecordedLaunch(const std::string& line) : words_(line) { words_ >> name_; }

    const std::string& name() const { return name_; }

    // Allocates what the arguments point to. Contents that were not recorded are zeros.
    void read_arguments() {
        for (unsigned& number : numbers_) words_ >> number;
        for (std::string text; words_ >> text;) arguments_.push_back(std::make_unique<Argument>(text));
        // Its table holds addresses of the process that recorded it: an empty one folds nothing.
        if (name_ == "gradient_fold") arguments_.front()->clear();
    }

    size_t arguments() const { return arguments_.size(); }

    void run(CUfunction function) {
        std::vector<void*> values;
        for (const auto& argument : arguments_) values.push_back(argument->value());
        values.push_back(nullptr);
        const unsigned* n = numbers_;
        if (n[6] > DEFAULT_SHARED) check(cuFuncSetAttribute(function, MAX_DYNAMIC_SHARED, int(n[6])));
        check(cuLaunchKernel(function, n[0], n[1], n[2], n[3], n[4], n[5], n[6], nullptr, values.data(), nullptr));
        check(cuCtxSynchronize());
    }

private:
    static constexpr unsigned DEFAULT_SHARED = 48 * 1024;
    static constexpr int MAX_DYNAMIC_SHARED = 8;  // CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES

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
            clear();
            const auto contents = bytes_of(text.substr(second + 1));
            if (!contents.empty()) OK(cuMemcpyHtoD_v2(memory_->pointer(), contents.data(), contents.size()));
            const CUdeviceptr pointer = memory_->pointer();
            memcpy(value_, &pointer, sizeof pointer);
        }
        void* value() { return value_; }
        void clear() { if (memory_) OK(cuMemsetD8_v2(memory_->pointer(), 0, memory_->bytes())); }

    private:
        static std::vector<unsigned char> bytes_of(const std::string& hex) {
            std::vector<unsigned char> bytes;
            for (size_t i = 0; i + 1 < hex.size(); i += 2) bytes.push_back((unsigned char)strtoul(hex.substr(i, 2).c_str(), nullptr, 16));
            return bytes;
        }

        alignas(16) unsigned char value_[256] = {};
        std::unique_ptr<DeviceArray<unsigned char>> memory_;
    };

    void check(CUresult code) const {
        if (code != CUDA_SUCCESS) fail_test(name_.c_str(), 0, error_text(code));
    }

    std::istringstream words_;
    std::string name_;
    unsigned numbers_[7] = {};  // grid, block, bytes of dynamic shared memory
    std::vector<std::unique_ptr<Argument>> arguments_;
};
