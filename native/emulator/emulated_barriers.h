// Where threads wait for each other: block barriers, and warp primitives as one rendezvous each.
#pragma once
#include <cstring>

#include "emulated_threads.h"

// Default arguments that name the caller's place, for error messages.
#define EMU_SITE const char *file_ = __builtin_FILE(), int line_ = __builtin_LINE()

// A call after which other threads may have run on this OS thread: puts this thread's identity back.
#define EMU_YIELDING(call)                                                                                    \
    do {                                                                                                      \
        const unsigned x_ = threadIdx.x, y_ = threadIdx.y, z_ = threadIdx.z, linear_ = emu_tid;               \
        if (call) {                                                                                           \
            emu_set_thread(x_, y_, z_, linear_);                                                              \
            emu_lost = true;                                                                                  \
        }                                                                                                     \
    } while (0)

static inline void __syncthreads(EMU_SITE) { EMU_YIELDING(emu_barrier(emu_ctx, emu_tid, 0, 0, nullptr, file_, line_)); }
static inline int __syncthreads_or(int p, EMU_SITE) {
    int result;
    EMU_YIELDING(emu_barrier(emu_ctx, emu_tid, 1, p, &result, file_, line_));
    return result;
}
static inline int __syncthreads_and(int p, EMU_SITE) {
    int result;
    EMU_YIELDING(emu_barrier(emu_ctx, emu_tid, 2, p, &result, file_, line_));
    return result;
}
static inline int __syncthreads_count(int p, EMU_SITE) {
    int result;
    EMU_YIELDING(emu_barrier(emu_ctx, emu_tid, 3, p, &result, file_, line_));
    return result;
}

// All lanes of `mask` meet; the last one to arrive does `action` for all of them.
static inline void emu_collective(unsigned mask, EmuWarpFn action, void* argument, const char* file, int line) {
    EMU_YIELDING(emu_warp(emu_ctx, emu_tid, mask, action, argument, file, line));
}
static inline void __syncwarp(unsigned mask = 0xffffffffu, EMU_SITE) { emu_collective(mask, nullptr, nullptr, file_, line_); }

template <class T> struct EmuShuffle {
    T value, result;
    int source;
};

template <class T> static void emu_shuffle_action(void* const* lanes, unsigned mask) {
    for (unsigned m = mask; m; m &= m - 1) {
        auto* s = static_cast<EmuShuffle<T>*>(lanes[__builtin_ctz(m)]);
        if (mask >> s->source & 1)
            s->result = static_cast<EmuShuffle<T>*>(lanes[s->source])->value;
        else
            memset(&s->result, 0xff, sizeof(T));  // undefined on the GPU: poison
    }
}
template <class T> static inline T emu_shuffle(unsigned mask, T v, int source, const char* file, int line) {
    EmuShuffle<T> s{v, v, source};
    emu_collective(mask, emu_shuffle_action<T>, &s, file, line);
    return s.result;
}
template <class T> static inline T __shfl_sync(unsigned mask, T v, int source, int width = 32, EMU_SITE) {
    return emu_shuffle(mask, v, (EMU_LANE & ~(width - 1)) | (source & (width - 1)), file_, line_);
}
template <class T> static inline T __shfl_down_sync(unsigned mask, T v, unsigned delta, int width = 32, EMU_SITE) {
    const int lane = EMU_LANE;
    return emu_shuffle(mask, v, (lane & (width - 1)) + int(delta) < width ? lane + int(delta) : lane, file_, line_);
}
template <class T> static inline T __shfl_up_sync(unsigned mask, T v, unsigned delta, int width = 32, EMU_SITE) {
    const int lane = EMU_LANE;
    return emu_shuffle(mask, v, (lane & (width - 1)) >= int(delta) ? lane - int(delta) : lane, file_, line_);
}
template <class T> static inline T __shfl_xor_sync(unsigned mask, T v, int with, int width = 32, EMU_SITE) {
    const int lane = EMU_LANE, other = lane ^ with;
    return emu_shuffle(mask, v, (other & ~(width - 1)) > (lane & ~(width - 1)) ? lane : other, file_, line_);
}

struct EmuVote {
    int predicate;
    unsigned ballot;
};

static void emu_ballot_action(void* const* lanes, unsigned mask) {
    unsigned ballot = 0;
    for (unsigned m = mask; m; m &= m - 1) {
        const int lane = __builtin_ctz(m);
        ballot |= unsigned(static_cast<EmuVote*>(lanes[lane])->predicate != 0) << lane;
    }
    for (unsigned m = mask; m; m &= m - 1) static_cast<EmuVote*>(lanes[__builtin_ctz(m)])->ballot = ballot;
}
static inline unsigned __ballot_sync(unsigned mask, int predicate, EMU_SITE) {
    EmuVote vote{predicate, 0};
    emu_collective(mask, emu_ballot_action, &vote, file_, line_);
    return vote.ballot;
}
static inline int __any_sync(unsigned mask, int predicate, EMU_SITE) { return __ballot_sync(mask, predicate, file_, line_) != 0; }
static inline int __all_sync(unsigned mask, int predicate, EMU_SITE) { return __ballot_sync(mask, !predicate, file_, line_) == 0; }

static inline unsigned __activemask(EMU_SITE) { emu_trap(719, "__activemask() is not emulated", file_, line_); }
static inline void __trap(EMU_SITE) { emu_trap(719, "__trap()", file_, line_); }

static inline void __threadfence() { __atomic_thread_fence(__ATOMIC_SEQ_CST); }
static inline void __threadfence_block() { __atomic_signal_fence(__ATOMIC_SEQ_CST); }
