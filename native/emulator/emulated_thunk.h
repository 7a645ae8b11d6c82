// The bridge from cuLaunchKernel's `void**` to a kernel's own signature, and the loop over the threads of a block.
#pragma once
#include <tuple>
#include <type_traits>
#include <utility>

#include "emulated_threads.h"

template <auto Kernel> struct EmuThunk;

template <class... A, void (*Kernel)(A...)> struct EmuThunk<Kernel> {
    // The surplus entry keeps the array of a kernel without parameters legal.
    static constexpr EmuParam parameter[sizeof...(A) + 1] = {{sizeof(A), alignof(A), std::is_pointer_v<A>}..., {0, 0, false}};

    template <size_t... I>
    static inline __attribute__((always_inline)) void run(const EmuCtx* context, unsigned first, unsigned last, std::index_sequence<I...>) {
        std::tuple<std::remove_cv_t<A>...> a{*static_cast<std::remove_cv_t<A>*>(context->params[I])...};
        emu_enter_block(context);
        const unsigned width = context->block.x, height = context->block.y;
        unsigned t = first, x = t % width, y = t / width % height, z = t / width / height;
        while (t < last) {
            // One row of threads: a plain counted loop.
            const int n = int(last - t < width - x ? last - t : width - x);
            for (int i = 0; i < n; ++i) {
                emu_set_thread(x + unsigned(i), y, z, t + unsigned(i));
                Kernel(std::get<I>(a)...);
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
#define EXPORT_KERNEL(k)                                                                                          \
    static const EmuKernel emu_kernel_##k{#k, __FILE__, &EmuThunk<&k>::loop,                                      \
                                          int(sizeof(EmuThunk<&k>::parameter) / sizeof(EmuParam)) - 1,            \
                                          EmuThunk<&k>::parameter};                                               \
    static const bool emu_registered_##k = (emu_register(&emu_kernel_##k), true)
