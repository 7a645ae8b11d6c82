// What the application holds handles of. Every object is registered while it lives: a call that is given anything else says
// BAD_PARAM, and what is left at the end of the process is counted on standard error.
#pragma once
#include <string>

#include "../../../native/emulator/driver_types.h"
#include "cudnn_types.h"

namespace standin {

struct Object {
    virtual ~Object() = default;
};

struct Handle : Object {
    CUcontext context = nullptr;
    CUstream stream = nullptr;
};

// Four extents and four strides, in elements: n, c, h, w.
struct Tensor : Object {
    bool set = false;
    int type = 0, format = 0;
    int extent[4] = {};
    int stride[4] = {};
};

// k, c, h, w: c is the number of input channels of one group.
struct Filter : Object {
    bool set = false;
    int type = 0, format = 0;
    int extent[4] = {};
    int stride[4] = {};
};

struct Convolution : Object {
    bool set = false;
    int pad[2] = {}, stride[2] = {}, dilation[2] = {};
    int mode = 0, compute_type = 0, groups = 1, math_type = MATH_DEFAULT;
};

Object* add(Object* object);
bool is_live(const Object* object);
void remove(Object* object);

// The object behind a handle, or null when there is none of this type.
template <class T> T* live(void* handle) {
    Object* const object = static_cast<Object*>(handle);
    return is_live(object) ? dynamic_cast<T*>(object) : nullptr;
}

// The status that STANDIN_CUDNN_FAULTS orders for this call, or SUCCESS: "cudnnCreate:1:1001,*:7:4000" fails the first
// cudnnCreate and the seventh call of all; "@FILE" reads the orders from a file at every call, and counts anew when they change.
cudnnStatus_t injected_fault(const char* function);

inline int element_bytes(int type) { return type == DATA_FLOAT ? 4 : 2; }

}  // namespace standin

#define FAULT_POINT() \
    if (const cudnnStatus_t fault_ = standin::injected_fault(__func__); fault_ != CUDNN_STATUS_SUCCESS) return fault_
