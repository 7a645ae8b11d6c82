#include "cp_async.h"

#include <cstdint>
#include <cstring>

#include "block_scheduler.h"
#include "driver_types.h"

namespace emulated {
namespace {

BlockScheduler& scheduler_of(const EmuCtx* block) { return *static_cast<BlockScheduler*>(block->scheduler); }

CopyQueue& queue_of(const EmuCtx* block, unsigned thread) {
    Fiber& fiber = scheduler_of(block).running_fiber();
    if (fiber.copies_of != thread) {
        fiber.copies_of = thread;
        fiber.copies->copies = fiber.copies->groups = 0;
    }
    return *fiber.copies;
}

void perform(const CopyQueue::Copy& copy) {
    if (copy.source_bytes == 16) {  // nearly all: two instructions
        memcpy(copy.destination, copy.source, 16);
        return;
    }
    memcpy(copy.destination, copy.source, copy.source_bytes);
    memset(static_cast<char*>(copy.destination) + copy.source_bytes, 0, copy.bytes - copy.source_bytes);
}

void remove_first_groups(CopyQueue& queue, int groups) {
    const int done = queue.group_end[groups - 1];
    for (int i = done; i < queue.copies; ++i) queue.copy[i - done] = queue.copy[i];
    for (int g = groups; g < queue.groups; ++g) queue.group_end[g - groups] = queue.group_end[g] - done;
    queue.copies -= done;
    queue.groups -= groups;
}

}  // namespace
}  // namespace emulated

using namespace emulated;

void emu_cp_async(const EmuCtx* block, unsigned thread, void* destination, const void* source, unsigned bytes, unsigned source_bytes) {
    CopyQueue& queue = queue_of(block, thread);
    if ((reinterpret_cast<uintptr_t>(destination) | reinterpret_cast<uintptr_t>(source)) & (bytes - 1))
        scheduler_of(block).fail(CUDA_ERROR_MISALIGNED_ADDRESS, "thread %u: misaligned cp.async", thread);
    if (queue.copies == CopyQueue::MAX_COPIES)
        scheduler_of(block).fail(CUDA_ERROR_LAUNCH_FAILED, "thread %u: more than %d cp.async in flight", thread, CopyQueue::MAX_COPIES);
    queue.copy[queue.copies++] = {destination, source, bytes, source_bytes};
}

void emu_cp_commit(const EmuCtx* block, unsigned thread) {
    CopyQueue& queue = queue_of(block, thread);
    if (queue.groups == CopyQueue::MAX_GROUPS)
        scheduler_of(block).fail(CUDA_ERROR_LAUNCH_FAILED, "thread %u: more than %d cp.async groups in flight", thread, CopyQueue::MAX_GROUPS);
    queue.group_end[queue.groups++] = queue.copies;
}

void emu_cp_wait(const EmuCtx* block, unsigned thread, int groups_left) {
    CopyQueue& queue = queue_of(block, thread);
    const int due = queue.groups - groups_left;
    if (due <= 0) return;
    for (int i = 0; i < queue.group_end[due - 1]; ++i) perform(queue.copy[i]);
    remove_first_groups(queue, due);
}
