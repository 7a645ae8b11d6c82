// Warp primitives: each lane brings its argument, and the last one to arrive does the work for all. One rendezvous.
#include "block_scheduler.h"
#include "driver_types.h"

namespace emulated {

bool BlockScheduler::warp_collective(unsigned thread, unsigned mask, EmuWarpFn action, void* argument, const char* file, int line) {
    arrive(thread, file, line);
    Warp& warp = warp_[thread / WARP];
    const unsigned lane = thread % WARP, lanes_left = threads_ - thread / WARP * WARP;
    const unsigned present = lanes_left >= WARP ? ~0u : (1u << lanes_left) - 1;
    Rendezvous& group = group_of(warp, thread, mask, action, file, line);
    group.arrived |= 1u << lane;
    group.argument[lane] = argument;
    group.fiber[lane] = running_;
    if (group.arrived != (mask & present)) {
        wait();
        return true;
    }
    if (action != nullptr) action(group.argument, group.arrived);
    for (unsigned m = group.arrived & ~(1u << lane); m; m &= m - 1) push_ready(group.fiber[__builtin_ctz(m)]);
    group = warp.group[--warp.groups];
    return false;
}

// The waiting group with this mask, or a new one.
BlockScheduler::Rendezvous& BlockScheduler::group_of(Warp& warp, unsigned thread, unsigned mask, EmuWarpFn action, const char* file, int line) {
    const unsigned lane = thread % WARP;
    if (!(mask >> lane & 1))
        fail(CUDA_ERROR_LAUNCH_FAILED, "thread %u calls a warp primitive at %s:%d with mask %08x, which lacks it", thread, file, line, mask);
    for (int i = 0; i < warp.groups; ++i) {
        Rendezvous& group = warp.group[i];
        if (group.mask == mask) {
            if (group.action == action && group.line == line) return group;
            fail(CUDA_ERROR_LAUNCH_FAILED, "divergent warp primitive: thread %u at %s:%d while others wait at %s:%d", thread, file, line,
                 group.file, group.line);
        }
        if (group.mask & mask)
            fail(CUDA_ERROR_LAUNCH_FAILED, "divergent warp primitive: mask %08x at %s:%d overlaps mask %08x, which waits at %s:%d", mask, file,
                 line, group.mask, group.file, group.line);
    }
    if (warp.groups == Warp::MAX_GROUPS)
        fail(CUDA_ERROR_LAUNCH_FAILED, "more than %d groups of a warp wait apart, at %s:%d", Warp::MAX_GROUPS, file, line);
    Rendezvous& group = warp.group[warp.groups++];
    group.mask = mask;
    group.arrived = 0;
    group.action = action;
    group.file = file;
    group.line = line;
    return group;
}

}  // namespace emulated

bool emu_warp(const EmuCtx* block, unsigned thread, unsigned mask, EmuWarpFn action, void* argument, const char* file, int line) {
    return static_cast<emulated::BlockScheduler*>(block->scheduler)->warp_collective(thread, mask, action, argument, file, line);
}
