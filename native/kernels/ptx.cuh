// Inline PTX and its emulated twins. Nothing else in the project contains asm.
//
// Helpers work on whole warp tiles: on the emulated device every warp operation is a rendezvous of 32 threads, so one that
// does much is cheap and many that do little are not. Every lane of the warp calls them, none may have left.
#pragma once
#include "vec.cuh"

namespace separable {

// Warp reductions ------------------------------------------------------------------------------------------------------
//   warp_sum, warp_max    the same result in every lane
//   warp_fold<W>(v)       v[k] of lane l < W becomes the sum over the lanes l, l + W, l + 2W ...
//
// Asynchronous copies --------------------------------------------------------------------------------------------------
// For kernels that stage ahead: pointwise_one.cuh and depthwise_nchw.cuh. tests/native covers the emulated twins
// (copy_without_wait in faulty_kernels.cu).
//   copy_async16(shared, global, present)   16 bytes on their way to shared memory; zeros when not present
//   copy_async_commit()                     closes a group of copies
//   copy_async_wait<KEEP>()                 until at most KEEP of this thread's groups are on their way; a barrier shows them to others
//
// Products on tensor cores ---------------------------------------------------------------------------------------------
//   warp_multiply<MI, NI, STEPS, TRANSPOSE_A, TRANSPOSE_B>(sum, a, a_step, b, b_step)
//
// adds to the warp's tile C [MI * 16, NI * 8] the product A [MI * 16, STEPS * D] B [STEPS * D, NI * 8] of operands in shared
// memory, sums fp32. D = OperandTile<T>::STEP: 16 deep for bf16 and fp16, 8 for tf32. Lane l holds of C, for each of MI x NI
// blocks of 16x8: sum[i][j][0..1] = row l / 4, columns l % 4 * 2 + {0, 1}; sum[i][j][2..3] = the same columns of row l / 4 + 8.
//
// a[i] and b[j] are the addresses that this lane contributes for block i of A and the pair of blocks 2j, 2j + 1 of B in the
// first step, as OperandTile gives them; the operands of every next step lie a_step and b_step elements further. Memory rows
// run along depth, or with TRANSPOSE along the rows of A or the columns of B.
//
// Rows of 16 bytes (ldmatrix) are read four matrices of eight rows at a time, row l % 8 of matrix l / 8 at the address of lane l.
// With P = D / 2 elements a row, the four matrices lie (for 16 bits with TRANSPOSE or without)
//   A: (rows 0-7, depth 0..P-1), (rows 8-15, depth 0..P-1), (rows 0-7, depth P..D-1), (rows 8-15, depth P..D-1)
//   B: (columns 0-7, depth 0..P-1), (columns 0-7, depth P..D-1), (columns 8-15, depth 0..P-1), (columns 8-15, depth P..D-1)
// ldmatrix turns over elements of 16 bits only. Of tf32 with TRANSPOSE lane l reads single elements: its address is that of row
// (column) l / 4 at depth l % 4; eight elements on is the row (column) 8 further, half a step on the depth 4 further.

// An fp32 operand of a product on tensor cores: 8 bits of exponent and 10 of fraction in the upper 19 of a float, rounded to
// nearest, ties away from zero. Tensors hold float; this is what staging leaves of them in shared memory.
struct tf32 { unsigned bits; };

__device__ __forceinline__ float widen(tf32 v) { return __uint_as_float(v.bits); }

// How an operand's tile lies in shared memory, and which address of it a lane hands to warp_multiply.
template <class T> struct OperandTile {
    static constexpr int STEP = 32 / (int)sizeof(T);       // depth of one product of a block
    static constexpr int ROW = STEP / 2;                   // elements of a 16-byte row
    // Lanes read single elements where they lie across: see above.
    __host__ __device__ static constexpr bool single(bool transpose) { return transpose && sizeof(T) == 4; }

    // Elements from one memory row to the next, `extent` (a multiple of 16) and a gap, so that what a warp reads at once lies in
    // different banks: eight rows of 16 bytes, or four memory rows of eight single words.
    __host__ __device__ static constexpr int pitch(int extent, bool transpose) {
        return extent + (single(transpose) ? 8 : ROW);
    }

    // For the block of A of rows m.. at depth d.., both relative to the tile.
    template <bool TRANSPOSE> static __device__ __forceinline__ const T* left(const T* tile, int pitch, int m, int d, int lane) {
        if (single(TRANSPOSE)) return tile + (d + lane % 4) * pitch + m + lane / 4;
        const int r = lane % 8, row = m + lane / 8 % 2 * 8, depth = d + lane / 16 * ROW;
        return TRANSPOSE ? tile + (depth + r) * pitch + row : tile + (row + r) * pitch + depth;
    }

    // For the pair of blocks of B of columns n.. at depth d..
    template <bool TRANSPOSE> static __device__ __forceinline__ const T* right(const T* tile, int pitch, int n, int d, int lane) {
        if (single(TRANSPOSE)) return tile + (d + lane % 4) * pitch + n + lane / 4;
        const int r = lane % 8, column = n + lane / 16 * 8, depth = d + lane / 8 % 2 * ROW;
        return TRANSPOSE ? tile + (depth + r) * pitch + column : tile + (column + r) * pitch + depth;
    }
};

#ifdef __CUDACC__

__device__ __forceinline__ float warp_sum(float v) {
    UNROLL for (int o = 16; o; o >>= 1) v += __shfl_xor_sync(0xffffffffu, v, o);
    return v;
}

__device__ __forceinline__ float warp_max(float v) {
    UNROLL for (int o = 16; o; o >>= 1) v = fmaxf(v, __shfl_xor_sync(0xffffffffu, v, o));
    return v;
}

template <int W, int N> __device__ __forceinline__ void warp_fold(float (&v)[N]) {
    UNROLL for (int k = 0; k < N; ++k)
        UNROLL for (int o = 16; o >= W; o >>= 1) v[k] += __shfl_down_sync(0xffffffffu, v[k], o);
}

#if __CUDA_ARCH__ >= 800

__device__ __forceinline__ void copy_async16(void* shared, const void* global, bool present) {
    const unsigned address = (unsigned)__cvta_generic_to_shared(shared);
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;\n" ::"r"(address), "l"(global), "r"(present ? 16 : 0) : "memory");
}

__device__ __forceinline__ void copy_async_commit() { asm volatile("cp.async.commit_group;\n" ::: "memory"); }

template <int KEEP> __device__ __forceinline__ void copy_async_wait() {
    asm volatile("cp.async.wait_group %0;\n" ::"n"(KEEP) : "memory");
}

template <> __device__ __forceinline__ tf32 narrow<tf32>(float v) {
    unsigned bits;
    asm("cvt.rna.tf32.f32 %0, %1;\n" : "=r"(bits) : "f"(v));
    return {bits};
}

// A 16x8 block of C += A [16, D] B [D, 8], with the registers laid out as mma.m16n8k16 wants them, two elements each, or
// mma.m16n8k8 of tf32, one element each.
template <class T>
__device__ __forceinline__ void multiply_block(float (&c)[4], const unsigned (&a)[4], unsigned b0, unsigned b1);

#define MULTIPLY_BLOCK(T, depth, ptx_type)                                                                                    \
    template <>                                                                                                               \
    __device__ __forceinline__ void multiply_block<T>(float (&c)[4], const unsigned (&a)[4], unsigned b0, unsigned b1) {      \
        asm volatile("mma.sync.aligned.m16n8k" #depth ".row.col.f32." #ptx_type "." #ptx_type                                 \
                     ".f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};\n"                                           \
                     : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])                                                         \
                     : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));                                         \
    }

MULTIPLY_BLOCK(bf16, 16, bf16)
MULTIPLY_BLOCK(f16, 16, f16)
MULTIPLY_BLOCK(tf32, 8, tf32)

#else

// Compute capability 7.5 copies through registers; its tensor cores have no bf16, and take fp16 eight deep at a time. They have
// no tf32 either: nobody launches those kernels there (spec.Products), they only have to compile.

__device__ __forceinline__ void copy_async16(void* shared, const void* global, bool present) {
    *static_cast<uint4*>(shared) = present ? *static_cast<const uint4*>(global) : make_uint4(0, 0, 0, 0);
}

__device__ __forceinline__ void copy_async_commit() {}

template <int KEEP> __device__ __forceinline__ void copy_async_wait() {}

__device__ __forceinline__ float bf16_first(unsigned pair) { return __uint_as_float(pair << 16); }
__device__ __forceinline__ float bf16_second(unsigned pair) { return __uint_as_float(pair & 0xffff0000u); }

// A 16x8 block of C += A [16, 16] B [16, 8] with the registers laid out as mma.m16n8k16 wants them. Lane 4r + q holds of A rows
// r and r + 8, depths 2q, 2q + 1 (a[0], a[1]) and 2q + 8, 2q + 9 (a[2], a[3]), and of B column r at the same depths (b0, b1),
// two elements a register. Depths are added in ascending order.
template <class T>
__device__ __forceinline__ void multiply_block(float (&c)[4], const unsigned (&a)[4], unsigned b0, unsigned b1);

template <>
__device__ __forceinline__ void multiply_block<bf16>(float (&c)[4], const unsigned (&a)[4], unsigned b0, unsigned b1) {
    const int lane = threadIdx.x % 32;
    UNROLL for (int half = 0; half < 2; ++half) {
        const unsigned b = half ? b1 : b0;
#pragma unroll 1
        for (int q = 0; q < 4; ++q) {
            const unsigned upper = __shfl_sync(0xffffffffu, a[half * 2], lane / 4 * 4 + q);
            const unsigned lower = __shfl_sync(0xffffffffu, a[half * 2 + 1], lane / 4 * 4 + q);
            UNROLL for (int column = 0; column < 2; ++column) {
                const unsigned right = __shfl_sync(0xffffffffu, b, (lane % 4 * 2 + column) * 4 + q);
                c[column] = fmaf(bf16_first(upper), bf16_first(right), c[column]);
                c[column] = fmaf(bf16_second(upper), bf16_second(right), c[column]);
                c[column + 2] = fmaf(bf16_first(lower), bf16_first(right), c[column + 2]);
                c[column + 2] = fmaf(bf16_second(lower), bf16_second(right), c[column + 2]);
            }
        }
    }
}

__device__ __forceinline__ void multiply_half_block(float (&c)[4], unsigned a0, unsigned a1, unsigned b) {
    asm volatile("mma.sync.aligned.m16n8k8.row.col.f32.f16.f16.f32 {%0,%1,%2,%3}, {%4,%5}, {%6}, {%0,%1,%2,%3};\n"
                 : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
                 : "r"(a0), "r"(a1), "r"(b));
}

template <>
__device__ __forceinline__ void multiply_block<f16>(float (&c)[4], const unsigned (&a)[4], unsigned b0, unsigned b1) {
    multiply_half_block(c, a[0], a[1], b0);
    multiply_half_block(c, a[2], a[3], b1);
}

template <> __device__ __forceinline__ tf32 narrow<tf32>(float) { __trap(); return {0}; }

template <>
__device__ __forceinline__ void multiply_block<tf32>(float (&)[4], const unsigned (&)[4], unsigned, unsigned) { __trap(); }

#endif

// Four 8x8 matrices of elements of 16 bits.
template <bool TRANSPOSE> __device__ __forceinline__ void load_matrices(unsigned (&r)[4], const void* row) {
    const unsigned address = (unsigned)__cvta_generic_to_shared(row);
    if (TRANSPOSE)
        asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0,%1,%2,%3}, [%4];\n"
                     : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3]) : "r"(address) : "memory");
    else
        asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];\n"
                     : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3]) : "r"(address) : "memory");
}

// A block of A or a pair of blocks of B; by single elements row 8 (column 8) comes before depth 4 in A, after it in B.
template <bool TRANSPOSE, bool LEFT, class T> __device__ __forceinline__ void load_operand(unsigned (&r)[4], const T* at, int step) {
    if (OperandTile<T>::single(TRANSPOSE)) {
        const unsigned* words = reinterpret_cast<const unsigned*>(at);
        r[0] = words[0];
        r[LEFT ? 1 : 2] = words[8];
        r[LEFT ? 2 : 1] = words[step / 2];
        r[3] = words[step / 2 + 8];
    } else {
        load_matrices<TRANSPOSE>(r, at);
    }
}

template <int MI, int NI, int STEPS, bool TRANSPOSE_A, bool TRANSPOSE_B, class T>
__device__ __forceinline__ void warp_multiply(float (&sum)[MI][NI][4], const T* const (&a)[MI], int a_step,
                                              const T* const (&b)[NI / 2], int b_step) {
    UNROLL for (int step = 0; step < STEPS; ++step) {
        unsigned left[MI][4], right[NI / 2][4];
        UNROLL for (int i = 0; i < MI; ++i) load_operand<TRANSPOSE_A, true>(left[i], a[i] + step * a_step, a_step);
        UNROLL for (int j = 0; j < NI / 2; ++j) load_operand<TRANSPOSE_B, false>(right[j], b[j] + step * b_step, b_step);
        UNROLL for (int i = 0; i < MI; ++i)
            UNROLL for (int j = 0; j < NI; ++j)
                multiply_block<T>(sum[i][j], left[i], right[j / 2][j % 2 * 2], right[j / 2][j % 2 * 2 + 1]);
    }
}

#else

// The last lane to arrive works for all 32; `lanes` are the arguments they came with.

struct EmulatedReduction { float v; };

// Adds or compares in the order of the xor shuffle, so that the bits are those of a GPU.
template <bool MAXIMUM> void emulated_reduce(void* const* lanes, unsigned) {
    float v[32];
    for (int l = 0; l < 32; ++l) v[l] = static_cast<EmulatedReduction*>(lanes[l])->v;
    for (int o = 16; o; o >>= 1)
        for (int l = 0; l < o; ++l) v[l] = MAXIMUM ? fmaxf(v[l], v[l + o]) : v[l] + v[l + o];
    for (int l = 0; l < 32; ++l) static_cast<EmulatedReduction*>(lanes[l])->v = v[0];
}

__device__ __forceinline__ float warp_sum(float v, EMU_SITE) {
    EmulatedReduction lane{v};
    emu_collective(~0u, emulated_reduce<false>, &lane, file_, line_);
    return lane.v;
}

__device__ __forceinline__ float warp_max(float v, EMU_SITE) {
    EmulatedReduction lane{v};
    emu_collective(~0u, emulated_reduce<true>, &lane, file_, line_);
    return lane.v;
}

template <int W, int N> void emulated_fold(void* const* lanes, unsigned) {
    for (int o = 16; o >= W; o >>= 1)
        for (int l = 0; l < o; ++l)
            for (int k = 0; k < N; ++k) static_cast<float*>(lanes[l])[k] += static_cast<float*>(lanes[l + o])[k];
}

template <int W, int N> __device__ __forceinline__ void warp_fold(float (&v)[N], EMU_SITE) {
    emu_collective(~0u, emulated_fold<W, N>, v, file_, line_);
}

__device__ __forceinline__ void copy_async16(void* shared, const void* global, bool present) {
    emu_cp_async(emu_tid, shared, global, 16, present ? 16 : 0);
}

__device__ __forceinline__ void copy_async_commit() { emu_cp_commit(emu_tid); }

template <int KEEP> __device__ __forceinline__ void copy_async_wait() { emu_cp_wait(emu_tid, KEEP); }

// To nearest, ties away from zero; an infinity and a NaN stay what they are.
template <> __device__ __forceinline__ tf32 narrow<tf32>(float v) {
    const unsigned bits = __float_as_uint(v);
    return {(bits & 0x7f800000u) == 0x7f800000u ? bits : (bits + 0x1000u) & ~0x1fffu};
}

#endif

}  // namespace separable

#ifndef __CUDACC__
#include "emulated_products.cuh"
#endif
