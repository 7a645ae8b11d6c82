#include "context.h"

#include "driver.h"
#include "graph.h"
#include "leaks.h"
#include "memory.h"
#include "module.h"
#include "stream.h"

namespace emulated {

Contexts& Contexts::get() {
    static Contexts* const contexts = new Contexts;
    return *contexts;
}

CUcontext Contexts::retain_primary() {
    if (references_++ == 0) primary_.id = ++count_;
    return &primary_;
}

CUresult Contexts::release_primary() {
    if (references_ == 0) return error(CUDA_ERROR_INVALID_CONTEXT, "the primary context is not retained");
    if (--references_ == 0) take_down(&primary_);
    return CUDA_SUCCESS;
}

CUresult Contexts::reset_primary() {
    device_reset();
    primary_.id = ++count_;
    return CUDA_SUCCESS;
}

CUresult Contexts::set_primary_flags(unsigned flags) {
    primary_.flags = flags;
    return CUDA_SUCCESS;
}

CUcontext Contexts::create(unsigned flags) {
    auto* const context = new CUctx_st{flags, ++count_};
    created_.insert(context);
    return context;
}

CUresult Contexts::destroy(CUcontext context) {
    if (created_.erase(context) == 0) return error(CUDA_ERROR_INVALID_CONTEXT, "cuCtxDestroy of an unknown context");
    take_down(context);
    delete context;
    return CUDA_SUCCESS;
}

void Contexts::take_down(CUcontext context) {
    if (references_ == 0 && created_.empty()) {
        device_reset();
        return;
    }
    const Driver& driver = Driver::get();
    if (!driver.fault_unnoticed() && driver.context_error() == CUDA_SUCCESS) {
        Streams::get().synchronize_all();
        note_leaks(context);
    }
    Streams::get().destroy_all(context);
    Modules::get().unload_all(context);
    Memory::get().release_all(context);
}

void Contexts::device_reset() {
    Driver& driver = Driver::get();
    // After a lost context nobody could have released anything.
    if (!driver.fault_unnoticed() && driver.context_error() == CUDA_SUCCESS) {
        Streams::get().synchronize_all();
        note_leaks(ANY_CONTEXT);
    }
    driver.heal_context();
    Streams::get().destroy_all(ANY_CONTEXT);
    Graphs::get().destroy_all();
    Modules::get().unload_all(ANY_CONTEXT);
    Memory::get().release_all(ANY_CONTEXT);
}

}  // namespace emulated
