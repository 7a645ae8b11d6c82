#include "block_scheduler.h"

#include <pthread.h>
#include <sys/mman.h>

#include <algorithm>
#include <atomic>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <new>

#include "driver_types.h"

namespace emulated {
namespace {

// Which scheduler works on which OS thread. A scan of a few entries, legal in a signal handler: a thread-local would be
// created there on first use, in any thread of a JVM that meets a null pointer.
struct Active {
    std::atomic<pthread_t> thread{0};
    BlockScheduler* scheduler = nullptr;
};
constexpr int MAX_SCHEDULERS = 512;
Active active[MAX_SCHEDULERS];
std::atomic<int> active_count{0};

Active& entry_of(BlockScheduler* scheduler) {
    for (int i = 0;; ++i)
        if (active[i].scheduler == scheduler) return active[i];
}

}  // namespace

BlockScheduler* current_scheduler() {
    const pthread_t self = pthread_self();
    const int count = active_count.load(std::memory_order_acquire);
    for (int i = 0; i < count; ++i)
        if (active[i].thread.load(std::memory_order_relaxed) == self) return active[i].scheduler;
    return nullptr;
}

BlockScheduler::BlockScheduler() {
    void* const map = mmap(nullptr, SignalStack::SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    const int slot = active_count.load();
    if (map == MAP_FAILED || slot == MAX_SCHEDULERS) throw std::bad_alloc();
    signal_stack_ = map;
    active[slot].scheduler = this;
    active_count.store(slot + 1, std::memory_order_release);
}

void BlockScheduler::start(const Launch& launch) {
    launch_ = &launch;
    order_ = launch.order;
    threads_ = launch.threads();
    fault_.code = 0;
    fault_.program_counter = nullptr;
    context_.grid = launch.grid;
    context_.block = launch.block;
    context_.params = launch.parameters;
    context_.scheduler = this;
    context_.dyn_shared = shared_.start(launch);
    own_bounds_ = sanitizer::own_stack();
    stacks_.grow(threads_);
    copies_.grow(threads_);
    entry_of(this).thread.store(pthread_self(), std::memory_order_relaxed);
}

void BlockScheduler::finish() { entry_of(this).thread.store(0, std::memory_order_relaxed); }

bool BlockScheduler::run_block(uint64_t index) {
    reset_block(index);
    shared_.poison();
    in_kernel_ = true;
    switch_to(idle_[--idle_count_], &own_stack_);
    in_kernel_ = false;
    if (fault_.code != 0) return false;
    shared_.learn_footprint();
    return true;
}

void BlockScheduler::reset_block(uint64_t index) {
    const dim3& grid = launch_->grid;
    context_.bid = {unsigned(index % grid.x), unsigned(index / grid.x % grid.y), unsigned(index / grid.x / grid.y)};
    ready_head_ = ready_count_ = 0;
    barrier_.waiting = 0;
    next_thread_ = exited_ = 0;
    copies_.next_block();
    for (unsigned w = 0; w < (threads_ + WARP - 1) / WARP; ++w) warp_[w].groups = 0;
    if (idle_count_ != stacks_.count())  // new fibers, or a fault left some in the middle of a kernel
        for (idle_count_ = 0; idle_count_ < stacks_.count(); ++idle_count_)
            idle_[idle_count_] = stacks_.prime(stacks_.count() - 1 - idle_count_, &BlockScheduler::fiber_entry);
    if (order_ != Order::FORWARD) order_threads(index);
}

void BlockScheduler::order_threads(uint64_t index) {
    for (unsigned i = 0; i < threads_; ++i) thread_order_[i] = uint16_t(threads_ - 1 - i);
    if (order_ != Order::RANDOM) return;
    random_.seed(unsigned(launch_->seed * 977u + index));
    std::shuffle(thread_order_, thread_order_ + threads_, random_);
}

// ---- fibers

void BlockScheduler::fiber_entry() {
    sanitizer::after_switch(nullptr);
    current_scheduler()->run_threads();
}

// The body of every fiber: starts threads until there are none left to start or somebody else is ready to go on, and
// then rests among the idle ones until it is needed again, in this block or a later one.
void BlockScheduler::run_threads() {
    for (;;) {
        unsigned first, last;
        if (order_ == Order::FORWARD) {
            first = next_thread_;
            last = next_thread_ = threads_;
        } else {
            first = thread_order_[next_thread_++];
            last = first + 1;
        }
        starting_ = true;
        starter_from_ = first;
        launch_->kernel->loop(&context_, first, last);

        exited_ += starting_ ? last - starter_from_ : 1;
        starting_ = false;
        if (ready_count_ == 0 && next_thread_ < threads_) continue;
        void* const next = next_stack();
        switch_to(next, &idle_[idle_count_++]);
    }
}

// Nobody is ready: a fiber for the threads to start, or the end of the block.
void* BlockScheduler::other_stack() {
    if (next_thread_ < threads_) return idle_[--idle_count_];
    if (exited_ == threads_) return own_stack_;
    fail_deadlock();
}

// ---- __syncthreads and its kin

// In the middle of a plain barrier, some before and some to come: a few instructions that need no registers saved but those
// of the switch. All else has a function of its own.
bool BlockScheduler::barrier(unsigned thread, int op, int predicate, int* result, const char* file, int line) {
    Barrier& b = barrier_;
    const bool others_wait_here = b.waiting != 0 && b.line == line && b.file == file && (b.op | op) == PLAIN;
    if (__builtin_expect(!others_wait_here || !others_ready() || b.waiting + 1 == threads_, 0))
        return any_barrier(thread, op, predicate, result, file, line);
    return go_on_with_next(&waiting_[b.waiting++]);
}

bool BlockScheduler::any_barrier(unsigned thread, int op, int predicate, int* result, const char* file, int line) {
    arrive(thread);
    Barrier& b = barrier_;
    if (b.waiting == 0) {
        b.op = op;
        b.value = op == AND;
        b.file = file;
        b.line = line;
        b.first = thread;
    } else if (b.line != line || b.op != op || (b.file != file && strcmp(b.file, file) != 0)) {
        fail(CUDA_ERROR_LAUNCH_FAILED, "divergent barrier: thread %u at %s:%d while others wait at %s:%d", thread, file, line, b.file, b.line);
    }
    if (op == OR) b.value |= predicate != 0;
    else if (op == AND) b.value &= predicate != 0;
    else if (op == COUNT) b.value += predicate != 0;

    // Strict: every thread of the block, so that one which has left makes it a deadlock.
    const bool away = b.waiting + 1 == threads_ ? release_barrier() : wait(thread, &waiting_[b.waiting++]);
    if (result != nullptr) *result = released_value_;
    return away;
}

// The last thread has arrived: all others wait here, so that nobody was ready. True if the calling fiber was switched out.
bool BlockScheduler::release_barrier() {
    released_value_ = barrier_.value;
    std::swap(ready_, waiting_);
    ready_head_ = 0;
    ready_count_ = barrier_.waiting;
    barrier_.waiting = 0;
    if (order_ != Order::RANDOM) return false;
    // Any of them goes on first; the caller takes the place of that one in the queue.
    const unsigned drawn = unsigned(random_() % (ready_count_ + 1));
    if (drawn == ready_count_) return false;
    starting_ = false;
    return switch_to(ready_[drawn], &ready_[drawn]);
}

// ---- faults

void BlockScheduler::fail(int code, const char* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(fault_.text, sizeof fault_.text, format, arguments);
    va_end(arguments);
    fault_.code = code;
    void* abandoned;
    switch_to(own_stack_, &abandoned);
    __builtin_unreachable();
}

void* BlockScheduler::abandon_kernel() {
    in_kernel_ = false;
    idle_count_ = 0;
    sanitizer::before_switch(own_bounds_.bottom, own_bounds_.size);
    return own_stack_;
}

void BlockScheduler::fail_deadlock() {
    char text[sizeof fault_.text];
    int at = 0;
    const auto append = [&](const char* format, auto... values) {
        if (at < int(sizeof text)) at += snprintf(text + at, sizeof text - size_t(at), format, values...);
    };
    if (barrier_.waiting != 0)
        append("%u thread(s) wait at %s:%d (first: thread %u), ", barrier_.waiting, barrier_.file, barrier_.line, barrier_.first);
    for (unsigned w = 0; w < (threads_ + WARP - 1) / WARP; ++w)
        for (int g = 0; g < warp_[w].groups && at < 400; ++g) {
            const Rendezvous& r = warp_[w].group[g];
            append("lanes %08x of mask %08x of warp %u wait at %s:%d, ", r.arrived, r.mask, w, r.file, r.line);
        }
    append("%u of %u threads have exited", exited_, threads_);
    fail(CUDA_ERROR_LAUNCH_FAILED, "divergent barrier: %s", text);
}

}  // namespace emulated

// ---- what kernels call

using emulated::BlockScheduler;

bool emu_barrier(const EmuCtx* block, unsigned thread, int op, int predicate, int* result, const char* file, int line) {
    return static_cast<BlockScheduler*>(block->scheduler)->barrier(thread, op, predicate, result, file, line);
}

void emu_trap(int code, const char* what, const char* file, int line) {
    emulated::current_scheduler()->fail(code, "%s at %s:%d", what, file, line);
}
