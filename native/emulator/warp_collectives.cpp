// Warp primitives: each lane brings its argument, and the last one to arrive does the work for all. One rendezvous.
#include "block_scheduler.h"
#include "driver_types.h"

namespace emulated {

// Between the first lane and the last of a group that has the warp to itself: as short as barrier().
bool BlockScheduler::warp_collective(unsigned thread, unsigned mask, EmuWarpFn action, void* argument, const char* file, int line) {
    Warp& warp = warp_[thread / WARP];
    Rendezvous& group = warp.group[0];
    const unsigned lane = thread % WARP, arrived = group.arrived | 1u << lane;
    const bool others_wait_here = warp.groups == 1 && group.mask == mask && group.action == action && group.line == line;
    if (__builtin_expect(!others_wait_here || !others_ready() || arrived == group.expected || !(mask >> lane & 1), 0))
        return any_collective(thread, mask, action, argument, file, line);
    group.arrived = arrived;
    group.argument[lane] = argument;
    return go_on_with_next(&group.stack[lane]);
}

bool BlockScheduler::any_collective(unsigned thread, unsigned mask, EmuWarpFn action, void* argument, const char* file, int line) {
    arrive(thread);
    Warp& warp = warp_[thread / WARP];
    const unsigned lane = thread % WARP;
    Rendezvous& group = group_of(warp, thread, mask, action, file, line);
    group.arrived |= 1u << lane;
    group.argument[lane] = argument;
    if (group.arrived != group.expected) return wait(thread, &group.stack[lane]);
    complete(warp, group, lane);
    return false;
}

// The last lane, the caller's, has arrived.
void BlockScheduler::complete(Warp& warp, Rendezvous& group, unsigned lane) {
    if (group.action != nullptr) group.action(group.argument, group.arrived);
    for (unsigned m = group.arrived & ~(1u << lane); m; m &= m - 1) push_ready(group.stack[__builtin_ctz(m)]);
    Rendezvous& last = warp.group[--warp.groups];
    if (&group != &last) group = last;
}

// The waiting group with this mask, or a new one.
BlockScheduler::Rendezvous& BlockScheduler::group_of(Warp& warp, unsigned thread, unsigned mask, EmuWarpFn action, const char* file, int line) {
    const unsigned lane = thread % WARP, lanes_left = threads_ - thread / WARP * WARP;
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
    group.expected = lanes_left >= WARP ? mask : mask & ((1u << lanes_left) - 1);
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
