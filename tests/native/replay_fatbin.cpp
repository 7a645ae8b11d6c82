// Repeats recorded launches of every kernel on whatever device libcuda.so.1 has: `replay_fatbin LAUNCHES.txt KERNELS.fatbin`. Without
// a JVM, so that a GPU's own checkers (tests/sanitize.sh) see little but the kernels. That the launches fit the
// kernels is what replay_launches shows, of the same sources.
#include <fstream>
#include <set>

#include "recorded_launch.h"

int main(int count, char** arguments) {
    std::ifstream file(count == 3 ? arguments[1] : "");
    if (!file) {
        fprintf(stderr, "usage: %s LAUNCHES.txt KERNELS.fatbin\n", arguments[0]);
        return 2;
    }
    TestDevice device;
    device.load(arguments[2]);
    std::set<std::string> seen;
    size_t launches = 0;
    for (std::string line; std::getline(file, line); ++launches) {
        RecordedLaunch launch(line);
        launch.read_arguments();
        launch.run(device.function(launch.name().c_str()));
        seen.insert(launch.name());
    }
    char name[256] = {};
    OK(cuDeviceGetName(name, sizeof name, 0));
    printf("%zu kernels ran in %zu launches on %s\n", seen.size(), launches, name);
    return seen.empty();
}
