#include "switches.h"

#include <sched.h>
#include <unistd.h>

#include <cstdlib>
#include <sstream>
#include <stdexcept>

namespace emulated {
namespace {

Switches current;

[[noreturn]] void reject(const std::string& variable, const std::string& value, const std::string& expected) {
    throw std::invalid_argument(variable + "=" + value + ": expected " + expected);
}

std::string text_of(const std::string& variable) {
    const char* const value = getenv(variable.c_str());
    return value == nullptr ? "" : value;
}

bool flag(const std::string& variable) {
    const std::string value = text_of(variable);
    if (value.empty() || value == "0") return false;
    if (value != "1") reject(variable, value, "0 or 1");
    return true;
}

int positive(const std::string& variable, int standard) {
    const std::string value = text_of(variable);
    if (value.empty()) return standard;
    char* end = nullptr;
    const long number = strtol(value.c_str(), &end, 10);
    if (*end != 0 || number < 1 || number > 1000000000) reject(variable, value, "a positive number");
    return int(number);
}

uint64_t bytes(const std::string& variable, uint64_t standard) {
    const std::string value = text_of(variable);
    if (value.empty()) return standard;
    char* end = nullptr;
    uint64_t number = strtoull(value.c_str(), &end, 10);
    const std::string unit = end;
    if (unit == "K") number <<= 10;
    else if (unit == "M") number <<= 20;
    else if (unit == "G") number <<= 30;
    else if (!unit.empty()) reject(variable, value, "bytes, or a number with K, M or G");
    if (number == 0) reject(variable, value, "more than 0");
    return number;
}

void read_order(Switches& s) {
    const std::string variable = "SEPARABLE_EMULATOR_ORDER", value = text_of(variable);
    if (value.empty() || value == "forward") return;
    if (value == "reversed") {
        s.order = Order::REVERSED;
        return;
    }
    if (value.rfind("random", 0) != 0) reject(variable, value, "forward, reversed or random[:seed]");
    s.order = Order::RANDOM;
    if (value == "random") return;
    char* end = nullptr;
    s.seed = value[6] == ':' ? unsigned(strtoul(value.c_str() + 7, &end, 10)) : 0;
    if (end == nullptr || *end != 0 || value.size() == 7) reject(variable, value, "forward, reversed or random[:seed]");
}

void read_faults(Switches& s) {
    const std::string variable = "SEPARABLE_EMULATOR_FAULTS", value = text_of(variable);
    std::istringstream entries(value);
    for (std::string entry; std::getline(entries, entry, ',');) {
        const size_t first = entry.find(':'), second = entry.find(':', first + 1);
        if (first == std::string::npos || second == std::string::npos) reject(variable, value, "function:n:code[,...]");
        const long nth = atol(entry.c_str() + first + 1);
        const int code = atoi(entry.c_str() + second + 1);
        if (nth < 1 || code < 1) reject(variable, value, "function:n:code[,...] with n and code above 0");
        s.faults.insert({entry.substr(0, first), {nth, code}});
    }
}

int usable_cores() {
    cpu_set_t set;
    return sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
}

Switches read() {
    Switches s;
    s.check = flag("SEPARABLE_EMULATOR_CHECK");
    s.deferred = flag("SEPARABLE_EMULATOR_DEFERRED");
    s.idle = flag("SEPARABLE_EMULATOR_IDLE");
    s.leaks = flag("SEPARABLE_EMULATOR_LEAKS");
    s.memory = bytes("SEPARABLE_EMULATOR_MEMORY", uint64_t(sysconf(_SC_PHYS_PAGES)) * uint64_t(sysconf(_SC_PAGESIZE)) / 4 * 3);
    s.multiprocessors = positive("SEPARABLE_EMULATOR_SMS", s.multiprocessors);
    s.driver_version = positive("SEPARABLE_EMULATOR_DRIVER", s.driver_version);
    s.threads = positive("SEPARABLE_EMULATOR_THREADS", usable_cores());
    s.timeout_ms = positive("SEPARABLE_EMULATOR_TIMEOUT", s.timeout_ms);
    s.record = text_of("SEPARABLE_EMULATOR_RECORD");
    s.fault_control = text_of("SEPARABLE_EMULATOR_FAULT_CONTROL");
    read_order(s);
    read_faults(s);
    return s;
}

}  // namespace

const Switches& switches() { return current; }

std::string read_switches() {
    try {
        current = read();
        return "";
    } catch (const std::invalid_argument& wrong) {
        return wrong.what();
    }
}

}  // namespace emulated
