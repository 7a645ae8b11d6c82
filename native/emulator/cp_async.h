// cp.async: queued per thread and performed at wait_group, as late as is legal, so that a missing wait shows.
#pragma once
#include <cstdint>
#include <vector>

namespace emulated {

// The copies of one thread that are on their way, and how they fall into groups: two rings, counted from the block's start.
class CopyQueue {
public:
    static constexpr unsigned MAX_COPIES = 64, MAX_GROUPS = 32;
    struct Copy {
        void* destination;
        const void* source;
        unsigned bytes, source_bytes;
    };

    bool full() const { return added_ - done_ == MAX_COPIES; }
    bool full_of_groups() const { return groups_ - groups_done_ == MAX_GROUPS; }
    void add(const Copy& copy) { copy_[added_++ % MAX_COPIES] = copy; }
    void close_group() { group_end_[groups_++ % MAX_GROUPS] = added_; }

    // Performs all groups but the newest `left`.
    void wait(unsigned left);

private:
    friend class CopyQueues;
    uint64_t block_ = 0;
    unsigned added_, done_, groups_, groups_done_;
    Copy copy_[MAX_COPIES];
    unsigned group_end_[MAX_GROUPS];  // number of copies in this and all earlier groups
};

// The queues of a block's threads. What a block leaves behind is dropped.
class CopyQueues {
public:
    void grow(unsigned threads) {
        if (queue_.size() < threads) queue_.resize(threads);
    }
    void next_block() { ++block_; }

    CopyQueue& of(unsigned thread) {
        CopyQueue& queue = queue_[thread];
        if (queue.block_ != block_) {
            queue.block_ = block_;
            queue.added_ = queue.done_ = queue.groups_ = queue.groups_done_ = 0;
        }
        return queue;
    }

private:
    uint64_t block_ = 0;
    std::vector<CopyQueue> queue_;
};

}  // namespace emulated
