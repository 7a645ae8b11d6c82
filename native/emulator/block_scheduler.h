// Runs the threads of one block at a time, on fibers of one OS thread.
//
// The first fiber runs all threads in a loop. A thread that must wait keeps its fiber, and another fiber goes on with
// the threads not yet started. Waiting fibers become ready when their barrier or warp primitive is complete.
//
// A block of 256 threads makes 256 switches at every barrier, and each has a cold stack to read: so what a thread does
// on its way in and out touches its own stack, one slot of a queue, and the scheduler's few hot fields, nothing else.
#pragma once
#include <cstdint>
#include <random>
#include <utility>

#include "cp_async.h"
#include "emulated_abi.h"
#include "faults.h"
#include "fibers.h"
#include "launch.h"
#include "shared_memory.h"

namespace emulated {

class BlockScheduler {
public:
    static constexpr unsigned MAX_THREADS = FiberStacks::MAX, WARP = 32;

    BlockScheduler();

    // Makes the calling OS thread run blocks of this launch until finish().
    void start(const Launch& launch);
    void finish();

    // Runs one block to its end; false when it faulted (see fault()).
    bool run_block(uint64_t index);

    Fault& fault() { return fault_; }
    const uint3& block_index() const { return context_.bid; }
    void* signal_stack() { return signal_stack_; }

    // ---- called by kernels, through the emu_ functions
    bool barrier(unsigned thread, int op, int predicate, int* result, const char* file, int line);
    bool warp_collective(unsigned thread, unsigned mask, EmuWarpFn action, void* argument, const char* file, int line);
    CopyQueue& copies(unsigned thread) { return copies_.of(thread); }
    [[noreturn]] void fail(int code, const char* format, ...) __attribute__((format(printf, 3, 4)));

    // ---- called by the fault handler
    bool in_kernel() const { return in_kernel_; }
    const FiberStacks& stacks() const { return stacks_; }
    void* abandon_kernel();  // the stack to continue on

private:
    enum { PLAIN, OR, AND, COUNT };  // op of a barrier

    // Lanes of a warp that wait for one another.
    struct Rendezvous {
        unsigned mask, expected, arrived;  // expected: the lanes of the mask that the block has
        EmuWarpFn action;
        const char* file;
        int line;
        void* argument[WARP];
        void* stack[WARP];
    };
    struct Warp {
        static constexpr int MAX_GROUPS = 4;
        Rendezvous group[MAX_GROUPS];
        int groups;
    };
    struct Barrier {
        unsigned waiting;
        int op, value;
        const char* file;
        int line;
        unsigned first;  // the thread that arrived first
    };

    static void fiber_entry();
    [[noreturn]] void run_threads();
    void reset_block(uint64_t index);
    void order_threads(uint64_t index);

    void* next_stack();  // what runs on when the running fiber cannot
    void* other_stack();
    void* pop_ready();
    void push_ready(void* stack) { ready_[(ready_head_ + ready_count_++) % MAX_THREADS] = stack; }
    bool others_ready() const { return ready_count_ != 0 && !starting_ && order_ != Order::RANDOM; }
    bool go_on_with_next(void** save);
    bool switch_to(void* stack, void** save);
    bool wait(unsigned thread, void** save);
    void arrive(unsigned thread);
    bool any_barrier(unsigned thread, int op, int predicate, int* result, const char* file, int line);
    bool release_barrier();
    Rendezvous& group_of(Warp& warp, unsigned thread, unsigned mask, EmuWarpFn action, const char* file, int line);
    bool any_collective(unsigned thread, unsigned mask, EmuWarpFn action, void* argument, const char* file, int line);
    void complete(Warp& warp, Rendezvous& group, unsigned lane);
    [[noreturn]] void fail_deadlock();

    const Launch* launch_ = nullptr;
    Order order_ = Order::FORWARD;
    unsigned threads_ = 0;

    // The running fiber may begin further threads, in the order 0, 1, 2... or as thread_order_ has them; it has begun those
    // from starter_from_ on, which are not yet counted as exited.
    bool starting_ = false;
    unsigned next_thread_ = 0, exited_ = 0, starter_from_ = 0;

    // Stack pointers of fibers: ready to go on, a ring; waiting at the barrier. Its last thread swaps the two.
    void** ready_ = queue_[0];
    unsigned ready_head_ = 0, ready_count_ = 0;
    void** waiting_ = queue_[1];
    Barrier barrier_{};
    int released_value_ = 0;  // of the last barrier that all have reached; all read it before the next one is complete

    void* own_stack_ = nullptr;
    EmuCtx context_{};
    void* queue_[2][MAX_THREADS] = {};
    Warp warp_[MAX_THREADS / WARP];

    FiberStacks stacks_;
    void* idle_[MAX_THREADS];  // fibers between two turns of run_threads
    unsigned idle_count_ = 0;
    uint16_t thread_order_[MAX_THREADS];
    std::mt19937 random_;
    SharedMemory shared_;
    CopyQueues copies_;

    sanitizer::Stack own_bounds_;
    volatile bool in_kernel_ = false;
    Fault fault_;
    void* signal_stack_;
};

// The scheduler at work on the calling OS thread, or null. Safe in a signal handler.
BlockScheduler* current_scheduler();

// ---- the way in and out of every meeting point

// On every meeting point: the starter has finished all the threads that it began before this one.
inline void BlockScheduler::arrive(unsigned thread) {
    if (starting_ && order_ == Order::FORWARD) {
        exited_ += thread - starter_from_;
        starter_from_ = thread;
    }
}

inline void* BlockScheduler::pop_ready() {
    if (__builtin_expect(order_ == Order::RANDOM, 0) && ready_count_ > 1)
        std::swap(ready_[ready_head_], ready_[(ready_head_ + random_() % ready_count_) % MAX_THREADS]);
    void* const stack = ready_[ready_head_];
    ready_head_ = (ready_head_ + 1) % MAX_THREADS;
    --ready_count_;
    return stack;
}

inline void* BlockScheduler::next_stack() { return ready_count_ != 0 ? pop_ready() : other_stack(); }

// To own_stack_: out of the kernel.
inline bool BlockScheduler::switch_to(void* stack, void** save) {
    const sanitizer::Stack to = stack == own_stack_ ? own_bounds_ : stacks_.bounds(stack);
    void* const fake = sanitizer::before_switch(to.bottom, to.size);
    const bool back = emulated_switch_stack(save, stack);
    sanitizer::after_switch(fake);
    return back;
}

// When others_ready(): the running fiber waits, and the first of them goes on. The stack of the one after it is on its
// way to the first-level cache meanwhile.
inline bool BlockScheduler::go_on_with_next(void** save) {
    void* const next = ready_[ready_head_];
    ready_head_ = (ready_head_ + 1) % MAX_THREADS;
    --ready_count_;
    const char* const after = static_cast<const char*>(ready_[ready_head_]);
    __builtin_prefetch(after);
    __builtin_prefetch(after + 64);
    return switch_to(next, save);
}

// The thread waits until somebody makes ready what is saved. Always true: its fiber was switched out.
inline bool BlockScheduler::wait(unsigned thread, void** save) {
    if (starting_) {
        starting_ = false;
        if (order_ == Order::FORWARD) next_thread_ = thread + 1;
    }
    return switch_to(next_stack(), save);
}

}  // namespace emulated
