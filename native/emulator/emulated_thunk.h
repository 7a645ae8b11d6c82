// The bridge from cuLaunchKernel's parameters to a kernel's own signature, and the loop over the threads of a block.
#pragma once
#include <cstring>
#include <type_traits>
#include <utility>

#include "emulated_threads.h"

// Where parameters of these types lie.
template <class... A> struct EmuLayout {
    // The surplus entry is the end, and keeps the arrays of a kernel without parameters legal.
    static constexpr unsigned size[] = {sizeof(A)..., 0}, align[] = {alignof(A)..., 1};

    static constexpr unsigned offset(size_t index) {
        unsigned at = 0;
        for (size_t i = 0; i < index; ++i) at = (at + align[i] - 1) / align[i] * align[i] + size[i];
        return (at + align[index] - 1) / align[index] * align[index];
    }

    static constexpr unsigned BYTES = offset(sizeof...(A));
};

template <int COUNT> struct EmuTable { EmuParam parameter[COUNT]; };

template <auto Kernel> struct EmuThunk;

template <class... A, void (*Kernel)(A...)> struct EmuThunk<Kernel> {
    using Layout = EmuLayout<A...>;

    static constexpr int COUNT = sizeof...(A);

    template <size_t... I> static constexpr EmuTable<COUNT + 1> table(std::index_sequence<I...>) {
        return {{{sizeof(A), Layout::offset(I), std::is_pointer_v<A>}..., {}}};
    }
    static constexpr EmuTable<COUNT + 1> TABLE = table(std::make_index_sequence<COUNT>());

    template <size_t... I>
    static inline __attribute__((always_inline)) void run(const EmuCtx* context, unsigned first, unsigned last, std::index_sequence<I...>) {
        // A copy, for then GCC knows that no pointer leads there; in one piece, for every thread with a barrier begins here.
        static_assert(((alignof(A) <= 16) && ...), "the copy is aligned for every parameter");
        alignas(16) char a[Layout::BYTES + 1];
        memcpy(a, context->params, Layout::BYTES);
        emu_enter_block(context);
        const unsigned width = context->block.x, height = context->block.y;
        unsigned t = first, x = t % width, y = t / width % height, z = t / width / height;
        while (t < last) {
            // One row of threads: a plain counted loop.
            const int n = int(last - t < width - x ? last - t : width - x);
            for (int i = 0; i < n; ++i) {
                emu_set_thread(x + unsigned(i), y, z, t + unsigned(i));
                Kernel(*reinterpret_cast<const std::remove_cv_t<A>*>(a + TABLE.parameter[I].offset)...);
                if (emu_lost) return;  // constant false, and removed, when the kernel contains no barrier
            }
            t += unsigned(n);
            x = 0;
            if (++y == height) {
                y = 0;
                ++z;
            }
        }
    }

    static void loop(const EmuCtx* context, unsigned first, unsigned last) {
        run(context, first, last, std::make_index_sequence<sizeof...(A)>());
    }
};

// Makes an entry point known to the emulated device under its name.
#define EXPORT_KERNEL(k)                                                                                                        \
    static const EmuKernel emu_kernel_##k{#k, __FILE__, &EmuThunk<&k>::loop, EmuThunk<&k>::COUNT, EmuThunk<&k>::Layout::BYTES, \
                                          EmuThunk<&k>::TABLE.parameter};                                                             \
    static const bool emu_registered_##k = (emu_register(&emu_kernel_##k), true)
