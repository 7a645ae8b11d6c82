// Runs every case in a child process: `emulator_tests FAULTY_KERNELS.so [NAME]`.
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "cases.h"

std::string faulty_kernels;

std::vector<Case>& cases() {
    static std::vector<Case> all;
    return all;
}

static bool run(const Case& test) {
    fflush(nullptr);
    const pid_t child = fork();
    if (child == 0) {
        for (const std::string& setting : test.environment) putenv(strdup(setting.c_str()));
        test.body();
        exit(0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    const bool passed = WIFEXITED(status) && WEXITSTATUS(status) == 0;
    if (!passed) printf("FAILED %s%s\n", test.name, WIFSIGNALED(status) ? " (killed by a signal)" : "");
    return passed;
}

int main(int count, char** arguments) {
    if (count < 2) {
        fprintf(stderr, "usage: %s FAULTY_KERNELS.so [NAME]\n", arguments[0]);
        return 2;
    }
    faulty_kernels = arguments[1];
    if (access(faulty_kernels.c_str(), R_OK) != 0) {
        fprintf(stderr, "%s cannot be read\n", arguments[1]);
        return 2;
    }
    int failed = 0, ran = 0;
    for (const Case& test : cases()) {
        if (count > 2 && strcmp(arguments[2], test.name) != 0) continue;
        ++ran;
        failed += !run(test);
    }
    printf("%d of %d cases passed\n", ran - failed, ran);
    return failed != 0 || ran == 0;
}
