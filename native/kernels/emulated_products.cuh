// The emulated twin of warp_multiply (ptx.cuh has its terms): the last lane of a warp to arrive multiplies for all 32, on whole
// vectors whatever the shape of the tile. Only ptx.cuh includes this.
#pragma once
#include "float8.cuh"

namespace separable {

typedef float Float16 __attribute__((vector_size(64)));

// What a lane brings.
template <class T> struct EmulatedProduct {
    float* sum;                                 // [MI][NI][4]
    const T* const* a;                          // [MI] row addresses of this lane
    const T* const* b;                          // [NI / 2]
    int a_step, b_step;
};

typedef int EmulatedI32x8 __attribute__((vector_size(32)));

// Matrices of four by four pairs of floats, turned over.
inline void emulated_turn_pairs(Float8 (&v)[4]) {
    constexpr EmulatedI32x8 EVEN = {0, 1, 8, 9, 4, 5, 12, 13}, ODD = {2, 3, 10, 11, 6, 7, 14, 15};
    constexpr EmulatedI32x8 LOWER = {0, 1, 2, 3, 8, 9, 10, 11}, UPPER = {4, 5, 6, 7, 12, 13, 14, 15};
    const Float8 even01 = __builtin_shuffle(v[0], v[1], EVEN), odd01 = __builtin_shuffle(v[0], v[1], ODD);
    const Float8 even23 = __builtin_shuffle(v[2], v[3], EVEN), odd23 = __builtin_shuffle(v[2], v[3], ODD);
    v[0] = __builtin_shuffle(even01, even23, LOWER);
    v[1] = __builtin_shuffle(odd01, odd23, LOWER);
    v[2] = __builtin_shuffle(even01, even23, UPPER);
    v[3] = __builtin_shuffle(odd01, odd23, UPPER);
}

// Eight by eight floats, turned over.
inline void emulated_turn(Float8 (&v)[8]) {
    constexpr EmulatedI32x8 EVEN = {0, 8, 2, 10, 4, 12, 6, 14}, ODD = {1, 9, 3, 11, 5, 13, 7, 15};
    Float8 even[4], odd[4];                     // columns 2k and 2k + 1 of rows 2q and 2q + 1 as pair k of vector q
    UNROLL_FLOAT8 for (int q = 0; q < 4; ++q) {
        even[q] = __builtin_shuffle(v[2 * q], v[2 * q + 1], EVEN);
        odd[q] = __builtin_shuffle(v[2 * q], v[2 * q + 1], ODD);
    }
    emulated_turn_pairs(even);
    emulated_turn_pairs(odd);
    UNROLL_FLOAT8 for (int k = 0; k < 4; ++k) {
        v[2 * k] = even[k];
        v[2 * k + 1] = odd[k];
    }
}

// A 16-byte row of an operand in shared memory, widened: OperandTile<T>::ROW values, then zeros.
template <class T> inline Float8 emulated_row(const T* row) {
    EmulatedU16x8 packed;
    memcpy(&packed, row, sizeof packed);
    return (Float8)emulated_widen<T>(packed);
}

inline Float8 emulated_row(const tf32* row) {
    Float8 wide = {};
    memcpy(&wide, row, 16);
    return wide;
}

// One operand's matrix of eight rows at the addresses of eight lanes, widened: as it lies, or turned over.
template <bool TURNED, class T> inline void emulated_matrix(const T* const (&rows)[8], float* tile, int pitch) {
    constexpr int ROW = OperandTile<T>::ROW;
    uintptr_t addresses = 0;
    Float8 v[8];
    UNROLL_FLOAT8 for (int r = 0; r < 8; ++r) {
        addresses |= (uintptr_t)rows[r];
        v[r] = emulated_row(rows[r]);
    }
    if (addresses & 15) emu_trap(716, "ldmatrix row not on a 16-byte boundary", __FILE__, __LINE__);
    if (TURNED) emulated_turn(v);
    UNROLL_FLOAT8 for (int r = 0; r < (TURNED ? ROW : 8); ++r) memcpy(tile + r * pitch, &v[r], (TURNED ? 8 : ROW) * sizeof(float));
}

// Sixteen outer indices and a step of depth of one operand, whose lanes contribute `at(lane)`, to tile[outer * outer_pitch + depth *
// depth_pitch]. The left operand stays as its memory rows lie: outer_pitch is 1 if TRANSPOSE, else depth_pitch is. The right one's
// outer_pitch is 1: products take sixteen columns of it at once.
template <bool TRANSPOSE, bool LEFT, class T, class At>
inline void emulated_operand(At at, int step, float* tile, int outer_pitch, int depth_pitch) {
    constexpr int ROW = OperandTile<T>::ROW;
    if (OperandTile<T>::single(TRANSPOSE)) {
        for (int l = 0; l < 32; ++l)
            for (int q = 0; q < 4; ++q)
                tile[(l / 4 + q % 2 * 8) * outer_pitch + (l % 4 + q / 2 * ROW) * depth_pitch] = widen(at(l)[q % 2 * 8 + q / 2 * (step / 2)]);
        return;
    }
    const T* rows[8];
    for (int q = 0; q < 4; ++q) {
        for (int r = 0; r < 8; ++r) rows[r] = at(q * 8 + r);
        float* const matrix = tile + (LEFT ? q % 2 : q / 2) * 8 * outer_pitch + (LEFT ? q / 2 : q % 2) * ROW * depth_pitch;
        emulated_matrix<!LEFT && !TRANSPOSE>(rows, matrix, LEFT && !TRANSPOSE ? outer_pitch : depth_pitch);
    }
}

// Eight rows of sixteen columns of C += A [8, DEPTHS] B [DEPTHS, 16], depth by depth.
template <int DEPTHS> inline void emulated_rows(float* c, const float* a, int a_row, int a_depth, const float* b, int b_depth) {
    Float16 sum[8], right;
    memcpy(sum, c, sizeof sum);
    for (int k = 0; k < DEPTHS; ++k) {
        memcpy(&right, b + k * b_depth, sizeof right);
        UNROLL_FLOAT8 for (int r = 0; r < 8; ++r) sum[r] += a[r * a_row + k * a_depth] * right;
    }
    memcpy(c, sum, sizeof sum);
}

// From the lanes' sums to c [NI / 2][M][16], or back. Of blocks 2j and 2j + 1 lane 4r + q holds four pairs: of rows r and r + 8 of the
// one, then of the other.
template <int MI, int NI, bool LOAD, class T> inline void emulated_sums(void* const* lanes, float* c) {
    for (int i = 0; i < MI; ++i)
        for (int r = 0; r < 8; ++r)
            for (int j = 0; j < NI / 2; ++j) {
                Float8 v[4];
                float* const row = c + (j * MI * 16 + i * 16 + r) * 16;
                const auto held = [&](int q) { return static_cast<const EmulatedProduct<T>*>(lanes[r * 4 + q])->sum + (i * NI + j * 2) * 4; };
                const auto lying = [&](int q) { return row + q % 2 * 8 * 16 + q / 2 * 8; };
                UNROLL_FLOAT8 for (int q = 0; q < 4; ++q) memcpy(&v[q], LOAD ? held(q) : lying(q), sizeof v[q]);
                emulated_turn_pairs(v);
                UNROLL_FLOAT8 for (int q = 0; q < 4; ++q) memcpy(LOAD ? lying(q) : held(q), &v[q], sizeof v[q]);
            }
}

template <int MI, int NI, int STEPS, bool TRANSPOSE_A, bool TRANSPOSE_B, class T>
void emulated_multiply(void* const* lanes, unsigned mask) {
    if (mask != 0xffffffffu) emu_trap(719, "a product on tensor cores needs all 32 lanes of the warp", __FILE__, __LINE__);
    constexpr int M = MI * 16, N = NI * 8, STEP = OperandTile<T>::STEP, DEPTHS = STEPS * STEP;
    constexpr int A_ROW = TRANSPOSE_A ? 1 : DEPTHS, A_DEPTH = TRANSPOSE_A ? M : 1;
    const auto lane = [&](int l) { return static_cast<const EmulatedProduct<T>*>(lanes[l]); };
    alignas(64) float c[NI / 2 * M * 16], a[M * DEPTHS], b[DEPTHS * N];

    for (int step = 0; step < STEPS; ++step) {
        for (int i = 0; i < MI; ++i)
            emulated_operand<TRANSPOSE_A, true, T>([&](int l) { return lane(l)->a[i] + step * lane(l)->a_step; }, lane(0)->a_step,
                                                   a + i * 16 * A_ROW + step * STEP * A_DEPTH, A_ROW, A_DEPTH);
        for (int j = 0; j < NI / 2; ++j)
            emulated_operand<TRANSPOSE_B, false, T>([&](int l) { return lane(l)->b[j] + step * lane(l)->b_step; }, lane(0)->b_step,
                                                    b + j * 16 + step * STEP * N, 1, N);
    }
    emulated_sums<MI, NI, true, T>(lanes, c);
    for (int j = 0; j < NI / 2; ++j)
        for (int m = 0; m < M; m += 8) emulated_rows<DEPTHS>(c + (j * M + m) * 16, a + m * A_ROW, A_ROW, A_DEPTH, b + j * 16, N);
    emulated_sums<MI, NI, false, T>(lanes, c);
}

template <int MI, int NI, int STEPS, bool TRANSPOSE_A, bool TRANSPOSE_B, class T>
__device__ __forceinline__ void warp_multiply(float (&sum)[MI][NI][4], const T* const (&a)[MI], int a_step,
                                              const T* const (&b)[NI / 2], int b_step, EMU_SITE) {
    EmulatedProduct<T> lane{&sum[0][0][0], a, b, a_step, b_step};
    emu_collective(~0u, emulated_multiply<MI, NI, STEPS, TRANSPOSE_A, TRANSPOSE_B, T>, &lane, file_, line_);
}

}  // namespace separable
