#include "worker_pool.h"

#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <memory>
#include <random>
#include <thread>

#include "block_scheduler.h"
#include "source_line.h"

namespace emulated {
namespace {

constexpr int SPINS = 6000;  // about 200 us: a training step launches kernels back to back

// The blocks of one launch, handed out in chunks.
struct Job {
    const Launch& launch;
    uint64_t blocks, chunk;
    std::vector<uint32_t> order;  // empty: as they come
    std::atomic<uint64_t> next{0};
    std::atomic<BlockScheduler*> faulted{nullptr};

    Job(const Launch& l, int workers) : launch(l), blocks(l.blocks()) {
        chunk = std::clamp<uint64_t>(blocks / (uint64_t(workers) * 16), 1, 64);
        if (l.order == Order::FORWARD || blocks > (1u << 24)) return;
        order.resize(blocks);
        for (uint64_t i = 0; i < blocks; ++i) order[i] = uint32_t(blocks - 1 - i);
        if (l.order == Order::RANDOM) std::shuffle(order.begin(), order.end(), std::mt19937(l.seed));
    }

    bool stopped() const { return faulted.load(std::memory_order_relaxed) != nullptr; }

    // Works until no block is left or one has faulted.
    void run_on(BlockScheduler& scheduler) {
        const SignalStack signals(scheduler.signal_stack());
        scheduler.start(launch);
        while (!stopped()) {
            const uint64_t first = next.fetch_add(chunk), last = std::min(first + chunk, blocks);
            for (uint64_t b = first; b < last && !stopped(); ++b) {
                if (scheduler.run_block(order.empty() ? b : order[b])) continue;
                BlockScheduler* none = nullptr;
                faulted.compare_exchange_strong(none, &scheduler);
            }
            if (last >= blocks) break;
        }
        scheduler.finish();
    }
};

class Pool {
public:
    explicit Pool(int workers) : workers_(workers) {
        install_fault_handlers();
        for (int i = 0; i < workers; ++i) seats_.push_back(std::make_unique<Seat>());
        for (int i = 1; i < workers; ++i) std::thread([this, i] { serve(*seats_[size_t(i)]); }).detach();
        std::thread([this] { watch(); }).detach();
    }

    LaunchOutcome run(const Launch& launch) {
        Job job(launch, workers_);
        deadline_.store(ticks_.load(std::memory_order_relaxed) + TICKS_ALLOWED, std::memory_order_relaxed);
        const bool alone = workers_ == 1 || job.blocks == 1;
        if (!alone) open(job);
        work(*seats_[0], job);
        if (!alone) close();
        deadline_.store(INT64_MAX, std::memory_order_relaxed);
        return outcome(job);
    }

private:
    struct Seat {
        BlockScheduler scheduler;
        std::atomic<pthread_t> thread{0};  // while it works
    };

    static void work(Seat& seat, Job& job) {
        seat.thread = pthread_self();
        job.run_on(seat.scheduler);
        seat.thread = 0;
    }

    // The gate counts the workers inside the job; CLOSED keeps late ones out, so that nobody waits for a sleeper.
    void open(Job& job) {
        job_ = &job;
        gate_.store(0, std::memory_order_release);
        epoch_.fetch_add(1, std::memory_order_release);
        epoch_.notify_all();
    }

    void close() {
        int inside = gate_.fetch_or(CLOSED) & ~CLOSED;
        for (int spin = 0; inside != 0; ++spin) {
            if (spin < SPINS) __builtin_ia32_pause();
            else gate_.wait(inside | CLOSED);
            inside = gate_.load(std::memory_order_acquire) & ~CLOSED;
        }
    }

    bool enter() {
        int gate = gate_.load(std::memory_order_acquire);
        while (!(gate & CLOSED))
            if (gate_.compare_exchange_weak(gate, gate + 1)) return true;
        return false;
    }

    void serve(Seat& seat) {
        sigset_t all_but_ours;
        sigfillset(&all_but_ours);
        for (int signal : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, timeout_signal()}) sigdelset(&all_but_ours, signal);
        pthread_sigmask(SIG_SETMASK, &all_but_ours, nullptr);
        for (unsigned seen = 0;;) {
            for (int spin = 0; spin < SPINS && epoch_.load(std::memory_order_acquire) == seen; ++spin) __builtin_ia32_pause();
            epoch_.wait(seen);
            seen = epoch_.load(std::memory_order_acquire);
            if (!enter()) continue;
            work(seat, *job_);
            if (gate_.fetch_sub(1) == (CLOSED | 1)) gate_.notify_all();
        }
    }

    // Interrupts the kernels of a launch that is past its deadline. It counts its own rounds: that a process was
    // suspended meanwhile, or a machine asleep, is not the kernel's fault.
    [[noreturn]] void watch() {
        sigset_t all;
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, nullptr);
        const auto pause = std::chrono::microseconds(std::max<int64_t>(switches().timeout_ms * int64_t{1000} / TICKS_ALLOWED, 1));
        for (;;) {
            std::this_thread::sleep_for(pause);
            if (ticks_.fetch_add(1, std::memory_order_relaxed) < deadline_.load(std::memory_order_relaxed)) continue;
            for (const auto& seat : seats_) {
                const pthread_t thread = seat->thread.load();
                if (thread != 0) pthread_kill(thread, timeout_signal());
            }
        }
    }

    static LaunchOutcome outcome(const Job& job) {
        BlockScheduler* const scheduler = job.faulted.load();
        if (scheduler == nullptr) return {};
        const Fault& fault = scheduler->fault();
        const uint3 block = scheduler->block_index();
        std::string text = std::string("kernel ") + job.launch.kernel->name + ", block (" + std::to_string(block.x) + "," +
                           std::to_string(block.y) + "," + std::to_string(block.z) + ")";
        if (fault.program_counter != nullptr) text += ", " + source_line(fault.program_counter);
        return {fault.code, text + ": " + fault.text};
    }

    static constexpr int CLOSED = 1 << 30;
    static constexpr int64_t TICKS_ALLOWED = 40;  // of the watch, for one launch
    const int workers_;  // the calling thread is one
    std::vector<std::unique_ptr<Seat>> seats_;
    Job* job_ = nullptr;
    std::atomic<int> gate_{CLOSED};
    std::atomic<unsigned> epoch_{0};
    std::atomic<int64_t> ticks_{0}, deadline_{INT64_MAX};
};

}  // namespace

LaunchOutcome run_launch(const Launch& launch) {
    static Pool* const pool = new Pool(switches().threads);  // for the life of the process
    return pool->run(launch);
}

}  // namespace emulated
