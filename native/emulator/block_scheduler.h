// Runs the threads of one block at a time, on fibers of one OS thread.
//
// The first fiber runs all threads in a loop. A thread that must wait keeps its fiber, and another fiber goes on with
// the threads not yet started. Waiting fibers become ready when their barrier or warp primitive is complete.
#pragma once
#include <cstdint>
#include <random>
#include <vector>

#include "emulated_abi.h"
#include "faults.h"
#include "fibers.h"
#include "launch.h"
#include "sanitizer.h"
#include "shared_memory.h"

namespace emulated {

class BlockScheduler {
public:
    static constexpr unsigned MAX_THREADS = 1024, WARP = 32;

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
    Fiber& running_fiber() { return *running_; }
    [[noreturn]] void fail(int code, const char* format, ...) __attribute__((format(printf, 3, 4)));

    // ---- called by the fault handler
    bool in_kernel() const { return in_kernel_; }
    void* abandon_kernel();  // the stack to continue on

private:
    // Lanes of a warp that wait for one another.
    struct Rendezvous {
        unsigned mask, arrived;
        EmuWarpFn action;
        const char* file;
        int line;
        void* argument[WARP];
        Fiber* fiber[WARP];
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
        Fiber* fiber[MAX_THREADS];
    };

    static void fiber_entry();
    void run_threads();
    void reset_block(uint64_t index);
    void order_threads(uint64_t index);
    void create_fibers();

    Fiber* next_fiber();  // null: the block is done
    Fiber* fresh_fiber();
    Fiber* pop_ready();
    void push_ready(Fiber* fiber) { ready_[(ready_head_ + ready_count_++) % MAX_THREADS] = fiber; }
    void switch_to(Fiber* fiber, void** save);
    void wait();
    void arrive(unsigned thread, const char* file, int line);
    void note_exit(unsigned first, unsigned last) { exited_ += last - first; }
    bool release_barrier(int* result);
    Rendezvous& group_of(Warp& warp, unsigned thread, unsigned mask, EmuWarpFn action, const char* file, int line);
    [[noreturn]] void fail_deadlock();

    const Launch* launch_ = nullptr;
    Order order_ = Order::FORWARD;
    unsigned threads_ = 0;
    EmuCtx context_{};
    SharedMemory shared_;

    std::vector<Fiber> fibers_;
    unsigned created_ = 0;
    Fiber* idle_[MAX_THREADS];
    unsigned idle_count_ = 0;
    Fiber* ready_[MAX_THREADS];
    unsigned ready_head_ = 0, ready_count_ = 0;
    Fiber* running_ = nullptr;

    // Threads start in the order 0, 1, 2... or as thread_order_ has them. The starter is the fiber that may begin
    // further ones; starter_from_ is the first thread it began and that has not been counted as exited.
    unsigned next_thread_ = 0, exited_ = 0, starter_from_ = 0;
    Fiber* starter_ = nullptr;
    uint16_t thread_order_[MAX_THREADS];
    std::mt19937 random_;

    Barrier barrier_{};
    Warp warp_[MAX_THREADS / WARP];

    void* own_stack_ = nullptr;
    sanitizer::Stack own_bounds_;
    volatile bool in_kernel_ = false;
    Fault fault_;
    void* signal_stack_;
};

// The scheduler at work on the calling OS thread, or null. Safe in a signal handler.
BlockScheduler* current_scheduler();

}  // namespace emulated
