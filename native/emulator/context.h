// Contexts: the primary one, reference counted, and those made by cuCtxCreate.
#pragma once
#include <set>

#include "driver_types.h"

struct CUctx_st {
    unsigned flags = 0;
    uint64_t id = 0;
};

namespace emulated {

class Contexts {
public:
    static Contexts& get();

    CUcontext retain_primary();
    CUresult release_primary();
    CUresult reset_primary();
    CUresult set_primary_flags(unsigned flags);
    bool primary_active() const { return references_ > 0; }
    unsigned primary_flags() const { return primary_.flags; }

    CUcontext create(unsigned flags);
    CUresult destroy(CUcontext context);
    int count() const { return references_ + int(created_.size()); }
    bool exists(CUcontext context) const { return context == &primary_ ? references_ > 0 : created_.count(context) != 0; }

private:
    // A context takes with it what was made in it; the last one all that was made on the device, and its errors.
    void take_down(CUcontext context);
    void device_reset();

    CUctx_st primary_;
    int references_ = 0;
    std::set<CUcontext> created_;
    uint64_t count_ = 0;
};

}  // namespace emulated
