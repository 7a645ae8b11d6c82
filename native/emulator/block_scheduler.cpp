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

BlockScheduler::BlockScheduler() : fibers_(MAX_THREADS) {
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
    create_fibers();
    entry_of(this).thread.store(pthread_self(), std::memory_order_relaxed);
}

void BlockScheduler::finish() { entry_of(this).thread.store(0, std::memory_order_relaxed); }

void BlockScheduler::create_fibers() {
    for (; created_ < threads_; ++created_) create_fiber(fibers_[created_], int(created_));
}

bool BlockScheduler::run_block(uint64_t index) {
    reset_block(index);
    shared_.poison();
    Fiber* const first = fresh_fiber();
    in_kernel_ = true;
    switch_to(first, &own_stack_);
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
    starter_ = nullptr;
    for (unsigned w = 0; w < (threads_ + WARP - 1) / WARP; ++w) warp_[w].groups = 0;
    if (idle_count_ != created_)  // new fibers, or a fault left some in the middle of a kernel
        for (idle_count_ = 0; idle_count_ < created_; ++idle_count_) idle_[idle_count_] = &fibers_[created_ - 1 - idle_count_];
    if (order_ != Order::FORWARD) order_threads(index);
}

void BlockScheduler::order_threads(uint64_t index) {
    for (unsigned i = 0; i < threads_; ++i) thread_order_[i] = uint16_t(threads_ - 1 - i);
    if (order_ != Order::RANDOM) return;
    random_.seed(unsigned(launch_->seed * 977u + index));
    std::shuffle(thread_order_, thread_order_ + threads_, random_);
}

// ---- fibers

Fiber* BlockScheduler::fresh_fiber() {
    Fiber* const fiber = idle_[--idle_count_];
    prime_fiber(*fiber, &BlockScheduler::fiber_entry);
    return fiber;
}

Fiber* BlockScheduler::pop_ready() {
    if (order_ == Order::RANDOM && ready_count_ > 1)
        std::swap(ready_[ready_head_], ready_[(ready_head_ + random_() % ready_count_) % MAX_THREADS]);
    Fiber* const fiber = ready_[ready_head_];
    ready_head_ = (ready_head_ + 1) % MAX_THREADS;
    --ready_count_;
    return fiber;
}

// To null: the OS thread's own stack.
inline void BlockScheduler::switch_to(Fiber* fiber, void** save) {
    void* const fake = fiber == nullptr ? sanitizer::before_switch(own_bounds_.bottom, own_bounds_.size)
                                        : sanitizer::before_switch(fiber->stack_bottom, FIBER_STACK);
    running_ = fiber;
    emulated_switch_stack(save, fiber == nullptr ? own_stack_ : fiber->stack_pointer);
    sanitizer::after_switch(fake);
}

void BlockScheduler::fiber_entry() {
    sanitizer::after_switch(nullptr);
    current_scheduler()->run_threads();
    __builtin_unreachable();
}

// The body of every fiber: starts threads until there are none left to start or somebody else is ready to go on.
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
        starter_ = running_;
        starter_from_ = first;
        running_->copies_of = ~0u;
        launch_->kernel->loop(&context_, first, last);

        Fiber* const self = running_;
        if (starter_ == self) {
            note_exit(starter_from_, last);
            starter_ = nullptr;
        } else {
            note_exit(self->thread, self->thread + 1);
        }
        if (ready_count_ == 0 && next_thread_ < threads_) continue;
        Fiber* const next = next_fiber();
        idle_[idle_count_++] = self;
        void* abandoned;
        switch_to(next, &abandoned);
    }
}

Fiber* BlockScheduler::next_fiber() {
    if (ready_count_ != 0) return pop_ready();
    if (next_thread_ < threads_) return fresh_fiber();
    if (exited_ == threads_) return nullptr;
    fail_deadlock();
}

// The running fiber waits until somebody makes it ready.
void BlockScheduler::wait() {
    Fiber* const self = running_;
    if (starter_ == self) {
        starter_ = nullptr;
        if (order_ == Order::FORWARD) next_thread_ = self->thread + 1;
    }
    switch_to(next_fiber(), &self->stack_pointer);
}

// On every meeting point: the starter has finished all the threads that it began before this one.
void BlockScheduler::arrive(unsigned thread, const char* file, int line) {
    Fiber& self = *running_;
    self.thread = thread;
    self.file = file;
    self.line = line;
    if (starter_ == running_ && order_ == Order::FORWARD && starter_from_ < thread) {
        note_exit(starter_from_, thread);
        starter_from_ = thread;
    }
}

// ---- __syncthreads and its kin

bool BlockScheduler::barrier(unsigned thread, int op, int predicate, int* result, const char* file, int line) {
    enum { PLAIN, OR, AND, COUNT };
    arrive(thread, file, line);
    Barrier& b = barrier_;
    if (b.waiting == 0) {
        b.op = op;
        b.value = op == AND;
        b.file = file;
        b.line = line;
    } else if (b.line != line || b.op != op || (b.file != file && strcmp(b.file, file) != 0)) {
        fail(CUDA_ERROR_LAUNCH_FAILED, "divergent barrier: thread %u at %s:%d while others wait at %s:%d", thread, file, line, b.file, b.line);
    }
    if (op == OR) b.value |= predicate != 0;
    else if (op == AND) b.value &= predicate != 0;
    else if (op == COUNT) b.value += predicate != 0;

    // Strict: every thread of the block, so that one which has left makes it a deadlock.
    if (b.waiting + 1 == threads_) return release_barrier(result);
    running_->barrier_result = result;
    b.fiber[b.waiting++] = running_;
    wait();
    return true;
}

// The last thread has arrived: makes the others ready. True if the calling fiber was switched out.
bool BlockScheduler::release_barrier(int* result) {
    Barrier& b = barrier_;
    if (result != nullptr) *result = b.value;
    for (unsigned i = 0; i < b.waiting; ++i) {
        if (b.fiber[i]->barrier_result != nullptr) *b.fiber[i]->barrier_result = b.value;
        push_ready(b.fiber[i]);
    }
    b.waiting = 0;
    if (order_ != Order::RANDOM) return false;
    Fiber* const self = running_;
    push_ready(self);
    if (starter_ == self) starter_ = nullptr;
    Fiber* const next = pop_ready();
    if (next == self) return false;
    switch_to(next, &self->stack_pointer);
    return true;
}

// ---- faults

void BlockScheduler::fail(int code, const char* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(fault_.text, sizeof fault_.text, format, arguments);
    va_end(arguments);
    fault_.code = code;
    void* abandoned;
    switch_to(nullptr, &abandoned);
    __builtin_unreachable();
}

void* BlockScheduler::abandon_kernel() {
    in_kernel_ = false;
    idle_count_ = 0;
    sanitizer::before_switch(own_bounds_.bottom, own_bounds_.size);
    running_ = nullptr;
    return own_stack_;
}

void BlockScheduler::fail_deadlock() {
    char text[sizeof fault_.text];
    int at = 0;
    const auto append = [&](const char* format, auto... values) {
        if (at < int(sizeof text)) at += snprintf(text + at, sizeof text - size_t(at), format, values...);
    };
    if (barrier_.waiting != 0)
        append("%u thread(s) wait at %s:%d (first: thread %u), ", barrier_.waiting, barrier_.file, barrier_.line, barrier_.fiber[0]->thread);
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
