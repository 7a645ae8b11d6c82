// Vector and 16-bit floating point types with the names and layouts of the CUDA headers.
#pragma once
#include <cstdint>
#include <cstring>

#ifdef __F16C__
#include <immintrin.h>
#endif

#include "emulated_abi.h"

#define EMU_VECTOR2(N, T, A)                       \
    struct alignas(A) N { T x, y; };               \
    static inline N make_##N(T x, T y) { return N{x, y}; }
#define EMU_VECTOR3(N, T)                          \
    struct N { T x, y, z; };                       \
    static inline N make_##N(T x, T y, T z) { return N{x, y, z}; }
#define EMU_VECTOR4(N, T, A)                       \
    struct alignas(A) N { T x, y, z, w; };         \
    static inline N make_##N(T x, T y, T z, T w) { return N{x, y, z, w}; }

EMU_VECTOR2(float2, float, 8)
EMU_VECTOR2(int2, int, 8)
EMU_VECTOR2(uint2, unsigned, 8)
EMU_VECTOR2(double2, double, 16)
EMU_VECTOR3(float3, float)
EMU_VECTOR3(int3, int)
EMU_VECTOR4(float4, float, 16)
EMU_VECTOR4(int4, int, 16)
EMU_VECTOR4(uint4, unsigned, 16)
EMU_VECTOR4(ushort4, unsigned short, 8)
EMU_VECTOR4(uchar4, unsigned char, 4)
static inline uint3 make_uint3(unsigned x, unsigned y, unsigned z) { return uint3{x, y, z}; }

template <class To, class From> static inline To emu_bits(From from) {
    static_assert(sizeof(To) == sizeof(From), "a bit cast keeps the size");
    To to;
    memcpy(&to, &from, sizeof to);
    return to;
}

// g++ 12 has no bf16 type: 16 bits, the upper half of a float.
struct __nv_bfloat16 {
    uint16_t u;
    __nv_bfloat16() = default;
};
struct alignas(4) __nv_bfloat162 { __nv_bfloat16 x, y; };

static inline float __bfloat162float(__nv_bfloat16 h) { return emu_bits<float>(uint32_t(h.u) << 16); }

// To nearest even; any NaN becomes CUDA's canonical one.
static inline __nv_bfloat16 __float2bfloat16(float f) {
    const uint32_t u = emu_bits<uint32_t>(f);
    const uint32_t nearest = (u + 0x7fffu + (u >> 16 & 1u)) >> 16;
    __nv_bfloat16 h;
    h.u = uint16_t((u & 0x7fffffffu) > 0x7f800000u ? 0x7fffu : nearest);
    return h;
}
static inline __nv_bfloat16 __float2bfloat16_rn(float f) { return __float2bfloat16(f); }
static inline float2 __bfloat1622float2(__nv_bfloat162 v) { return {__bfloat162float(v.x), __bfloat162float(v.y)}; }
static inline __nv_bfloat162 __floats2bfloat162_rn(float a, float b) {
    __nv_bfloat162 r;
    r.x = __float2bfloat16(a);
    r.y = __float2bfloat16(b);
    return r;
}

struct __half {
    _Float16 u;
    __half() = default;
};
struct alignas(4) __half2 { __half x, y; };
typedef __half half;
typedef __half2 half2;

static inline float __half2float(__half h) { return float(h.u); }

// To nearest even; any NaN becomes CUDA's canonical one.
static inline __half __float2half(float f) {
    __half h;
    h.u = f != f ? emu_bits<_Float16>(uint16_t(0x7fff)) : _Float16(f);
    return h;
}

// Eight at a time, from 16 to 32 bytes and back: GCC 12 converts vectors of _Float16 one by one. A NaN narrows to some NaN.
#ifdef __F16C__
static inline void emu_widen_half8(const void* halves, void* floats) {
    _mm256_storeu_ps(static_cast<float*>(floats), _mm256_cvtph_ps(_mm_loadu_si128(static_cast<const __m128i*>(halves))));
}
static inline void emu_narrow_half8(const void* floats, void* halves) {
    _mm_storeu_si128(static_cast<__m128i*>(halves),
                     _mm256_cvtps_ph(_mm256_loadu_ps(static_cast<const float*>(floats)), _MM_FROUND_TO_NEAREST_INT));
}
#else
static inline void emu_widen_half8(const void* halves, void* floats) {
    for (int k = 0; k < 8; ++k) static_cast<float*>(floats)[k] = float(static_cast<const _Float16*>(halves)[k]);
}
static inline void emu_narrow_half8(const void* floats, void* halves) {
    for (int k = 0; k < 8; ++k) static_cast<_Float16*>(halves)[k] = _Float16(static_cast<const float*>(floats)[k]);
}
#endif
