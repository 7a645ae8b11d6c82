// A test is a named function that runs in a process of its own, with its own switches: a fault ends only itself.
#pragma once
#include <string>
#include <vector>

struct Case {
    const char* name;
    std::vector<std::string> environment;  // NAME=value
    void (*body)();
};

std::vector<Case>& cases();

// TEST(name, "SEPARABLE_EMULATOR_CHECK=1", ...) { ... }
#define TEST(name, ...) \
    static void test_##name(); \
    static const bool registered_##name = (cases().push_back({#name, {__VA_ARGS__}, test_##name}), true); \
    static void test_##name()

// The path of faulty_kernels.so.
extern std::string faulty_kernels;
