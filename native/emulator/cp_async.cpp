#include "cp_async.h"

#include <cstdint>
#include <cstring>

#include "block_scheduler.h"
#include "driver_types.h"

namespace emulated {
namespace {

BlockScheduler& scheduler_of(const EmuCtx* block) { return *static_cast<BlockScheduler*>(block->scheduler); }

void perform(const CopyQueue::Copy& copy) {
    if (copy.source_bytes == 16) {  // nearly always, and then no call
        memcpy(copy.destination, copy.source, 16);
        return;
    }
    memcpy(copy.destination, copy.source, copy.source_bytes);
    memset(static_cast<char*>(copy.destination) + copy.source_bytes, 0, copy.bytes - copy.source_bytes);
}

}  // namespace

void CopyQueue::wait(unsigned left) {
    if (groups_ - groups_done_ <= left) return;
    groups_done_ = groups_ - left;
    const unsigned due = group_end_[(groups_done_ - 1) % MAX_GROUPS];
    for (; done_ != due; ++done_) perform(copy_[done_ % MAX_COPIES]);
}

}  // namespace emulated

using namespace emulated;

void emu_cp_async(const EmuCtx* block, unsigned thread, void* destination, const void* source, unsigned bytes, unsigned source_bytes) {
    BlockScheduler& scheduler = scheduler_of(block);
    CopyQueue& queue = scheduler.copies(thread);
    if ((reinterpret_cast<uintptr_t>(destination) | reinterpret_cast<uintptr_t>(source)) & (bytes - 1))
        scheduler.fail(CUDA_ERROR_MISALIGNED_ADDRESS, "thread %u: misaligned cp.async", thread);
    if (queue.full()) scheduler.fail(CUDA_ERROR_LAUNCH_FAILED, "thread %u: more than %u cp.async in flight", thread, CopyQueue::MAX_COPIES);
    queue.add({destination, source, bytes, source_bytes});
}

void emu_cp_commit(const EmuCtx* block, unsigned thread) {
    BlockScheduler& scheduler = scheduler_of(block);
    CopyQueue& queue = scheduler.copies(thread);
    if (queue.full_of_groups())
        scheduler.fail(CUDA_ERROR_LAUNCH_FAILED, "thread %u: more than %u cp.async groups in flight", thread, CopyQueue::MAX_GROUPS);
    queue.close_group();
}

void emu_cp_wait(const EmuCtx* block, unsigned thread, int groups_left) { scheduler_of(block).copies(thread).wait(unsigned(groups_left)); }
