// Atomics, cached loads, fast mathematics and bit tricks under their CUDA names.
#pragma once
#include <cmath>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "emulated_types.h"

// ---- atomics: blocks run on several OS threads

template <class T, class F> static inline T emu_read_modify_write(T* p, F change) {
    using Word = std::conditional_t<sizeof(T) == 8, uint64_t, uint32_t>;
    Word expected = __atomic_load_n(reinterpret_cast<Word*>(p), __ATOMIC_RELAXED), desired;
    T old;
    do {
        old = emu_bits<T>(expected);
        desired = emu_bits<Word>(T(change(old)));
    } while (!__atomic_compare_exchange_n(reinterpret_cast<Word*>(p), &expected, desired, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED));
    return old;
}
static inline float atomicAdd(float* p, float v) { return emu_read_modify_write(p, [=](float a) { return a + v; }); }
static inline double atomicAdd(double* p, double v) { return emu_read_modify_write(p, [=](double a) { return a + v; }); }
static inline int atomicAdd(int* p, int v) { return __atomic_fetch_add(p, v, __ATOMIC_RELAXED); }
static inline unsigned atomicAdd(unsigned* p, unsigned v) { return __atomic_fetch_add(p, v, __ATOMIC_RELAXED); }
static inline unsigned long long atomicAdd(unsigned long long* p, unsigned long long v) { return __atomic_fetch_add(p, v, __ATOMIC_RELAXED); }
template <class T> static inline T atomicMax(T* p, T v) { return emu_read_modify_write(p, [=](T a) { return a > v ? a : v; }); }
template <class T> static inline T atomicMin(T* p, T v) { return emu_read_modify_write(p, [=](T a) { return a < v ? a : v; }); }
template <class T> static inline T atomicExch(T* p, T v) { return emu_read_modify_write(p, [=](T) { return v; }); }
template <class T> static inline T atomicCAS(T* p, T compare, T v) { return emu_read_modify_write(p, [=](T a) { return a == compare ? v : a; }); }
static inline unsigned atomicInc(unsigned* p, unsigned limit) { return emu_read_modify_write(p, [=](unsigned a) { return a >= limit ? 0u : a + 1; }); }

// ---- loads and stores with cache hints

template <class T> static inline T __ldg(const T* p) { return *p; }
template <class T> static inline T __ldcs(const T* p) { return *p; }
template <class T> static inline T __ldcg(const T* p) { return *p; }
template <class T> static inline void __stcs(T* p, T v) { *p = v; }
template <class T> static inline void __stcg(T* p, T v) { *p = v; }

// ---- mathematics

template <class A, class B> static inline constexpr std::common_type_t<A, B> min(A a, B b) {
    using T = std::common_type_t<A, B>;
    return T(b) < T(a) ? T(b) : T(a);
}
template <class A, class B> static inline constexpr std::common_type_t<A, B> max(A a, B b) {
    using T = std::common_type_t<A, B>;
    return T(a) < T(b) ? T(b) : T(a);
}
static inline float rsqrtf(float x) { return 1.0f / std::sqrt(x); }
// Functions of these names would clash with glibc's own.
#define __expf(x) std::exp(float(x))
#define __logf(x) std::log(float(x))
#define __sinf(x) std::sin(float(x))
#define __cosf(x) std::cos(float(x))
static inline float __fdividef(float a, float b) { return a / b; }
static inline float __frcp_rn(float a) { return 1.0f / a; }
static inline float __fmaf_rn(float a, float b, float c) { return std::fma(a, b, c); }
static inline float __saturatef(float x) { return x < 0 ? 0 : x > 1 ? 1 : x; }

// ---- integers and bits

static inline unsigned __umulhi(unsigned a, unsigned b) { return unsigned(uint64_t(a) * b >> 32); }
static inline int __popc(unsigned x) { return __builtin_popcount(x); }
static inline int __ffs(int x) { return __builtin_ffs(x); }
static inline int __clz(int x) { return x ? __builtin_clz(unsigned(x)) : 32; }
static inline int __float_as_int(float f) { return emu_bits<int>(f); }
static inline unsigned __float_as_uint(float f) { return emu_bits<unsigned>(f); }
static inline float __int_as_float(int i) { return emu_bits<float>(i); }
static inline float __uint_as_float(unsigned i) { return emu_bits<float>(i); }
