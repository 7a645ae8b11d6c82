#include "objects.h"

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <mutex>
#include <set>
#include <sstream>

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

// The orders: the switch itself, or with @FILE what the file holds at this moment.
std::string current_orders() {
    const char* const orders = getenv("STANDIN_CUDNN_FAULTS");
    if (orders == nullptr || orders[0] != '@') return orders == nullptr ? "" : orders;
    std::ifstream file(orders + 1);
    std::string text;
    std::getline(file, text);
    return text;
}

// Counts calls by name and in all, since the orders last changed, and answers what they say.
class Faults {
public:
    cudnnStatus_t at(const std::string& function) {
        const std::lock_guard lock(mutex_);
        if (std::string orders = current_orders(); orders != orders_) {
            orders_ = orders;
            calls_.clear();
        }
        const int named = ++calls_[function], all = ++calls_["*"];
        std::istringstream list(orders_);
        for (std::string order; std::getline(list, order, ',');) {
            char name[100];
            int number, status;
            if (sscanf(order.c_str(), "%99[^:]:%d:%d", name, &number, &status) != 3) continue;
            if ((function == name && number == named) || (name[0] == '*' && number == all)) return cudnnStatus_t(status);
        }
        return CUDNN_STATUS_SUCCESS;
    }

private:
    std::mutex mutex_;
    std::string orders_;
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
