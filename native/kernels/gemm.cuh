// What both matrix products share: how an operand travels from global memory to a tile in shared memory, and how a
// finished tile is stored.
//
//     C[m, n] = sum over d of A(m, d) * B(n, d)          m, n: outer indices; d: depth, the summed index
//
// gemm_f32.cuh computes it on fp32 lanes, gemm_tensor.cuh on tensor cores. Operands are read through a Source: a matrix
// [rows, columns] whose columns lie side by side in memory in multiples of eight, whatever stands behind it (a plain matrix,
// the patches of a picture). Depth says which way the source lies:
//
//     Depth::COLUMNS   source[outer, depth], as x and W in y = x W^T
//     Depth::ROWS      source[depth, outer], as dy and x in dW = dy^T x
//
// A Source provides Row row(int), Column column(int) (the index arithmetic, done once per row or column) and
// fetch(Row, Column, Pack<T>&) (eight elements; zeros outside the matrix). It reads through a Load, and the product ends in a
// Store and a Tail (functors.cuh). A thread stores eight columns of a row at a time and keeps its columns.
#pragma once
#include "functors.cuh"

namespace separable {

enum class Depth { COLUMNS, ROWS };

template <class T> __device__ __forceinline__ void copy_pack(void* to, const void* from) {
    UNROLL for (int i = 0; i < (int)(sizeof(Pack<T>) / sizeof(float4)); ++i)
        reinterpret_cast<float4*>(to)[i] = reinterpret_cast<const float4*>(from)[i];
}

template <class T> __device__ __forceinline__ void zero_pack(Pack<T>& pack) {
    UNROLL for (int i = 0; i < (int)(sizeof(Pack<T>) / sizeof(float4)); ++i)
        reinterpret_cast<float4*>(&pack)[i] = make_float4(0.f, 0.f, 0.f, 0.f);
}

// Eight elements of a source into a tile, which may hold them in another type.
template <class T> __device__ __forceinline__ void put_pack(T* to, const Pack<T>& from) { copy_pack<T>(to, &from); }

template <class T, class S> __device__ __forceinline__ void put_pack(T* to, const Pack<S>& from) {
    Pack<T> pack;
    UNROLL for (int k = 0; k < VEC; ++k) pack.at[k] = narrow<T>(widen(from.at[k]));
    copy_pack<T>(to, &pack);
}

// Eight elements through the reader of a Load, as they go into a tile: what was made on load is narrowed, what lies in memory
// travels as it is.
template <class T, class Reader> __device__ __forceinline__ void load_pack(const Reader& reader, int element, Pack<T>& pack) {
    store_exact(pack.at, reader(element));
}

template <class T> __device__ __forceinline__ void load_pack(const RawLoad<T>& raw, int element, Pack<T>& pack) {
    UNROLL for (int i = 0; i < (int)(sizeof(Pack<T>) / sizeof(float4)); ++i)
        reinterpret_cast<float4*>(&pack)[i] = __ldg(reinterpret_cast<const float4*>(raw.x + element) + i);
}

// A row-major matrix [rows, columns], columns a multiple of eight. A column keeps the reader of its channels: a Load's coefficients
// are fetched once for all the rows that a thread reads of it.
template <class Load> struct Matrix {
    using Element = typename Load::Element;
    using Reader = decltype(Load().at(0));
    struct Row { int offset; };
    struct Column {
        int offset;
        Reader reader;
    };

    Load load;
    int rows, columns;

    __device__ __forceinline__ Row row(int r) const { return {r < rows ? r * columns : -1}; }
    __device__ __forceinline__ Column column(int c) const {
        return {c < columns ? c : -1, load.at(c < columns ? c : 0)};
    }

    __device__ __forceinline__ void fetch(Row r, const Column& c, Pack<Element>& pack) const {
        if ((r.offset | c.offset) >= 0) load_pack(c.reader, r.offset + c.offset, pack); else zero_pack(pack);
    }
};

template <class T> __device__ __forceinline__ Matrix<RawLoad<T>> matrix(const T* at, int rows, int columns) {
    return {{at}, rows, columns};
}

// Prefetches what lies so many rows and columns from there in a matrix.
template <class Load, class Row, class Column>
__device__ __forceinline__ void prefetch_beyond(const Matrix<Load>& source, const Row& r, const Column& c, int rows, int columns) {
    source.load.prefetch((long long)r.offset + c.offset + (long long)rows * source.columns + columns);
}

// Of other sources the next slab lies elsewhere.
template <class Source, class Row, class Column>
__device__ __forceinline__ void prefetch_beyond(const Source&, const Row&, const Column&, int /*rows*/, int /*columns*/) {}

// One thread's share in moving an operand's tile, OUTER x DEPTH elements a slab, from its source to shared memory. Eight
// elements at a time; neighbouring threads take neighbouring columns. A slab is fetched into registers while the one
// before it is multiplied; on the emulated device the one behind it is prefetched then, if the source is a matrix.
template <class Source, Depth DEPTH_IN, int OUTER, int DEPTH, int THREADS> struct Stager {
    using Element = typename Source::Element;

    static constexpr bool ACROSS = DEPTH_IN == Depth::COLUMNS;      // rows stay for the whole product, columns move
    static constexpr int ROWS = ACROSS ? OUTER : DEPTH;
    static constexpr int PACKS_IN_ROW = (ACROSS ? DEPTH : OUTER) / VEC;
    static constexpr int ROW_STEP = THREADS / PACKS_IN_ROW;
    static constexpr int SHARE = (ROWS + ROW_STEP - 1) / ROW_STEP;  // packs a thread moves
    static_assert(THREADS % PACKS_IN_ROW == 0, "a thread must keep its column");

    const Source& source;
    const int thread_row, thread_column;                            // within the tile
    typename Source::Row row[SHARE];
    typename Source::Column column;
    Pack<Element> pack[SHARE];

    __device__ __forceinline__ Stager(const Source& from, int outer0)
        : source(from), thread_row((int)threadIdx.x / PACKS_IN_ROW), thread_column((int)threadIdx.x % PACKS_IN_ROW * VEC) {
        if (ACROSS) aim_rows(outer0); else column = source.column(outer0 + thread_column);
    }

    __device__ __forceinline__ void fetch(int depth0) {
        if (ACROSS) column = source.column(depth0 + thread_column); else aim_rows(depth0);
        UNROLL for (int i = 0; i < SHARE; ++i)
            if (mine(i)) {
                source.fetch(row[i], column, pack[i]);
                prefetch_beyond(source, row[i], column, ACROSS ? 0 : DEPTH, ACROSS ? DEPTH : 0);
            }
    }

    // Writes the slab as it lies in the source: tile[row][column].
    template <class T> __device__ __forceinline__ void stash(T* tile, int pitch) const {
        UNROLL for (int i = 0; i < SHARE; ++i)
            if (mine(i)) put_pack(tile + (thread_row + i * ROW_STEP) * pitch + thread_column, pack[i]);
    }

    // Writes the slab turned over: tile[column][row].
    __device__ __forceinline__ void stash_transposed(Element* tile, int pitch) const {
        UNROLL for (int i = 0; i < SHARE; ++i)
            if (mine(i))
                UNROLL for (int k = 0; k < VEC; ++k)
                    tile[(thread_column + k) * pitch + thread_row + i * ROW_STEP] = pack[i].at[k];
    }

private:
    __device__ __forceinline__ bool mine(int i) const { return ROWS % ROW_STEP == 0 || thread_row + i * ROW_STEP < ROWS; }

    __device__ __forceinline__ void aim_rows(int first) {
        UNROLL for (int i = 0; i < SHARE; ++i) row[i] = source.row(first + thread_row + i * ROW_STEP);
    }
};

// Shared memory for products, and for folds after them: the same for every call of one size. (One variable a size, not one a
// kernel: the emulated device keeps them all for as long as it lives.)
template <int BYTES> __device__ __forceinline__ unsigned char* product_memory() {
    __shared__ __align__(alignof(Float8)) unsigned char memory[BYTES];
    return memory;
}

// What both products can do alike: one tile and the Tail.
template <class Gemm> struct CtaProduct {
    template <class SourceA, class SourceB, class Store, class Tail = NoTail>
    static __device__ __forceinline__ void run(const SourceA& a, const SourceB& b, int m0, int n0, int depth0, int depth1,
                                               Store out, const Tail& tail = {}) {
        Gemm::tile(product_memory<Gemm::SHARED_BYTES>(), a, b, m0, n0, depth0, depth1, out);
        tail(out);
    }
};

// The end of a product whose depth was shared by GROUPS groups of threads: `partial` holds GROUPS tiles [BM][PITCH]; they are
// added in order of the groups and stored. Every thread of the CTA calls it after a barrier.
template <int BM, int BN, int PITCH, int GROUPS, int THREADS, class Store>
__device__ __forceinline__ void store_tile(const float* partial, int m0, int n0, Store& store) {
    static_assert(THREADS % (BN / VEC) == 0, "a thread must keep its columns");
    for (int i = (int)threadIdx.x; i < BM * BN / VEC; i += THREADS) {
        const int row = i / (BN / VEC), column = i % (BN / VEC) * VEC;
        Float8 sum = broadcast(0.f);
        for (int g = 0; g < GROUPS; ++g) sum += load_tile(partial + (g * BM + row) * PITCH + column);
        store(m0 + row, n0 + column, sum);
    }
}

}  // namespace separable
