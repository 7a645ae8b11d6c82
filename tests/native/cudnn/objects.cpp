#include "objects.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <set>

namespace standin {

namespace {

class Registry {
public:
    ~Registry() {
        if (!objects_.empty()) fprintf(stderr, "stand-in cuDNN: %zu objects were never destroyed\n", objects_.size());
    }
    void add(Object* object) {
        const std::lock_guard lock(mutex_);
        objects_.insert(object);
    }
    bool has(const Object* object) {
        const std::lock_guard lock(mutex_);
        return objects_.count(const_cast<Object*>(object)) != 0;
    }
    void remove(Object* object) {
        const std::lock_guard lock(mutex_);
        objects_.erase(object);
    }

private:
    std::mutex mutex_;
    std::set<Object*> objects_;
};

Registry registry;

// Counts calls by name and in all, and answers what the switch orders.
class Faults {
public:
    cudnnStatus_t at(const std::string& function) {
        const std::lock_guard lock(mutex_);
        const int named = ++calls_[function], all = ++calls_["*"];
        const char* const orders = getenv("STANDIN_CUDNN_FAULTS");
        if (orders == nullptr) return CUDNN_STATUS_SUCCESS;
        int status = CUDNN_STATUS_SUCCESS;
        std::string rest = orders;
        for (char* order = strtok(rest.data(), ","); order != nullptr; order = strtok(nullptr, ",")) {
            char name[100];
            int number, code;
            if (sscanf(order, "%99[^:]:%d:%d", name, &number, &code) != 3) continue;
            if ((function == name && number == named) || (name[0] == '*' && number == all)) status = code;
        }
        return cudnnStatus_t(status);
    }

private:
    std::mutex mutex_;
    std::map<std::string, int> calls_;
};

Faults faults;

}  // namespace

Object* add(Object* object) {
    registry.add(object);
    return object;
}
bool is_live(const Object* object) { return object != nullptr && registry.has(object); }
void remove(Object* object) {
    registry.remove(object);
    delete object;
}
cudnnStatus_t injected_fault(const char* function) { return faults.at(function); }

}  // namespace standin
