// The backward pass of a pointwise convolution in one kernel on tensor cores: the gradients of input and weights from one reading
// of what they share, G, Y and W. With M pixels, W [Cout, Cin] and the terms of fused.cuh,
//
//     dY = BN backward of (G, Y)                    [M, Cout]   made on load; G stored, or a mean's gradient dP (pixels > 0)
//     A  = act(BN(Yprev)), or a stored sum X        [M, Cin]    made on load
//     dW = dY^T A                                   [Cout, Cin] fp32
//     Gprev = mask(dY W + skip), and its sums       [M, Cin]
//
// A CTA takes a contiguous range of tiles of 128, 64 or 32 rows. Its share of dW stays in registers for its whole life and ends in
// dw[part], one of the parts that GradientFold adds. A tile lies in shared memory as dY and A; dX has a tile of its own or, where
// memory is short, takes A's place once dW has been added to. While a tile is multiplied the next one is on its way. Rows beyond M
// are zeros in dY and A: BN backward of a zero is none.
//
// dW of at most 32768 elements fits the registers of a CTA. Where it has more, Cin is cut into slices of `slice` channels: each
// has its own CTAs, which read all of G and Y. CTAs of the same rows are neighbours: blockIdx.x = part * slices + slice.
//
// Depths are added in ascending order, 16 at a time, as by the plain products: with the same rows a part, the same bits.
#pragma once
#include "fused.cuh"
#include "ptx.cuh"

namespace separable {

// Threads of a CTA: PointwiseOne.THREADS.
constexpr int ONE_THREADS = 256;

// How eight warps share dW: WARPS_M x WARPS_N of them, each with MI*16 x NI*8 elements. Smaller extents leave warps idle.
template <class T, int WARPS_M_, int WARPS_N_, int MI_, int NI_> struct OneTile {
    using Element = T;
    static constexpr int WARPS_M = WARPS_M_, WARPS_N = WARPS_N_, MI = MI_, NI = NI_;
    static constexpr int WARP_M = MI * 16, WARP_N = NI * 8;
    static_assert(WARPS_M * WARPS_N * 32 == ONE_THREADS && NI % 2 == 0, "eight warps, ldmatrix reads 16 columns of B");
};

template <class T> struct OneProblem {
    const T *g, *y;                          // G [M, Cout], or dP [images, Cout]; Y [M, Cout]
    NormTable norm;                          // of Y, for the mask of a mean's gradient
    NormGradientTable gradient;
    const T *x, *y_prev;                     // [M, Cin]: what A is made of, X or Yprev; Yprev
    NormTable norm_prev;
    const T *skip, *w;                       // skip [M, Cin] or null; W [Cout, Cin]
    T* g_prev;                               // may be skip
    float *dgamma, *dbeta, *sums, *dw;       // of the normalisation before; dw [parts][Cout][Cin]
    float* partials;
    int* tickets;                            // one a slice
    int rows, cin, cout, pixels;             // pixels: of an image, 0 where G is stored
    bool stored;                             // x is X
    int slice, tile_rows;
    bool apart;                              // dX has a tile of its own
    float epsilon_prev;
};

// The vectors of a tile's rows that a thread moves: eight channels from `channel` on of every lanes-th row from `row` on. What it
// copies it also transforms, so that it need not wait for others.
struct RowWalk {
    int channel, row, lanes;
    __device__ __forceinline__ RowWalk(int vectors, int channels, int tile_rows) {
        const int lane = (int)threadIdx.x / vectors;
        lanes = ONE_THREADS / vectors;
        channel = ((int)threadIdx.x - lane * vectors) * VEC;
        row = lane < lanes && channel < channels ? lane : tile_rows;
    }
};

template <class Tile> struct PointwiseOne {
    using T = typename Tile::Element;
    static constexpr int MI = Tile::MI, NI = Tile::NI;
    struct __align__(4) Pair { T at[2]; };

    const OneProblem<T>& p;
    const int column0, width;                // the channels of Cin that are this slice's
    const int padded_out, padded_in;         // Cout and width up to whole 16s
    const int pitch_g, pitch_x;              // 16 bytes more: eight rows of an 8x8 matrix begin in different banks
    const RowWalk out, in;
    // Shared memory: W [padded_out][pitch_x]; two tiles of G, then dY, and one of Y [tile_rows][pitch_g]; two of A, and one of dX.
    T *const w, *const g, *const y, *const x;

    __device__ __forceinline__ PointwiseOne(const OneProblem<T>& problem, int slice, T* shared)
        : p(problem), column0(slice * p.slice), width(min(p.slice, p.cin - column0)),
          padded_out((p.cout + 15) / 16 * 16), padded_in((width + 15) / 16 * 16), pitch_g(padded_out + VEC), pitch_x(padded_in + VEC),
          out(p.cout / VEC, p.cout, p.tile_rows), in(p.slice / VEC, width, p.tile_rows),
          w(shared), g(w + padded_out * pitch_x), y(g + 2 * p.tile_rows * pitch_g), x(y + p.tile_rows * pitch_g) {}

    __device__ __forceinline__ T* g_tile(int stage) const { return g + stage * p.tile_rows * pitch_g; }
    __device__ __forceinline__ T* x_tile(int stage) const { return x + stage * p.tile_rows * pitch_x; }
    __device__ __forceinline__ T* dx_tile(int stage) const { return x_tile(p.apart ? 2 : stage); }

    __device__ __forceinline__ void run(int part, int parts) const {
        float filter[MI][NI][4];
        UNROLL for (int i = 0; i < MI; ++i)
            UNROLL for (int j = 0; j < NI; ++j)
                UNROLL for (int q = 0; q < 4; ++q) filter[i][j][q] = 0.f;
        SumGradient<T> sums;
        const TileRange range((p.rows + p.tile_rows - 1) / p.tile_rows, part, parts);

        if (range.first < range.last) {
            fetch_weights();
            clear_padding();
            fetch(range.first * p.tile_rows, 0);
        }
        for (int tile = range.first, stage = 0; tile < range.last; ++tile, stage ^= 1) {
            const int row0 = tile * p.tile_rows;
            copy_async_wait<0>();
            if (p.pixels) make_gradient<true>(row0, g_tile(stage)); else make_gradient<false>(row0, g_tile(stage));
            if (!p.stored) make_input(row0, x_tile(stage));
            __syncthreads();
            if (tile + 1 < range.last) fetch(row0 + p.tile_rows, stage ^ 1);
            add_filter(filter, g_tile(stage), x_tile(stage));
            if (!p.apart) __syncthreads();
            make_data(g_tile(stage), dx_tile(stage));
            __syncthreads();
            store_data(sums, row0, dx_tile(stage));
        }
        store_filter(filter, p.dw + (size_t)part * p.cout * p.cin + column0);
        __syncthreads();
        const int columns = p.slice / VEC;
        const FoldPlace place{part, parts, column0 / VEC, columns, p.cin / VEC};
        FoldGradientSums<ONE_THREADS>{p.norm_prev.statistics, p.dgamma, p.dbeta, p.sums, p.partials, p.tickets + column0 / p.slice, place,
                                      p.rows, p.cin, p.epsilon_prev}.fold(sums, reinterpret_cast<Sum8*>(w));
    }

private:
    // Starts copying a tile of a matrix [M, channels], zeros beyond M.
    __device__ __forceinline__ void copy_rows(T* to, int pitch, const T* from, int channels, int first, int row0, const RowWalk& walk) const {
        for (int r = walk.row; r < p.tile_rows; r += walk.lanes) {
            const bool present = row0 + r < p.rows;
            copy_async16(to + r * pitch + walk.channel, from + (present ? (row0 + r) * channels + first + walk.channel : 0), present);
        }
    }

    __device__ __forceinline__ void fetch(int row0, int stage) const {
        if (!p.pixels) copy_rows(g_tile(stage), pitch_g, p.g, p.cout, 0, row0, out);
        copy_rows(y, pitch_g, p.y, p.cout, 0, row0, out);
        copy_rows(x_tile(stage), pitch_x, p.x, p.cin, column0, row0, in);
        copy_async_commit();
    }

    __device__ __forceinline__ void fetch_weights() const {
        const int vectors = padded_in / VEC;
        for (int i = (int)threadIdx.x; i < padded_out * vectors; i += ONE_THREADS) {
            const int row = i / vectors, channel = (i - row * vectors) * VEC;
            const bool present = row < p.cout && channel < width;
            copy_async16(w + row * pitch_x + channel, p.w + (present ? row * p.cin + column0 + channel : 0), present);
        }
    }

    // The channels that tiles have beyond Cout and the slice, which are multiples of eight: no copy reaches them.
    __device__ __forceinline__ void clear_padding() const {
        for (int r = (int)threadIdx.x; r < 2 * p.tile_rows; r += ONE_THREADS) {
            if (p.cout < padded_out) store(g + r * pitch_g + p.cout, broadcast(0.f));
            if (width < padded_in) store(x + r * pitch_x + width, broadcast(0.f));
        }
    }

    // dY in place of G.
    template <bool POOL> __device__ __forceinline__ void make_gradient(int row0, T* tile) const {
        if (out.row >= p.tile_rows) return;
        const NormGradient gradient = p.gradient.at(out.channel);
        NormAct norm;
        if (POOL) norm = p.norm.at(out.channel);
        const PoolGradient<T> pool{p.g, p.y, p.pixels, p.cout};
        for (int r = out.row; r < p.tile_rows; r += out.lanes) {
            T* const at = tile + r * pitch_g + out.channel;
            Float8 dy = broadcast(0.f);
            if (row0 + r < p.rows) {
                const Float8 value = load(y + r * pitch_g + out.channel);
                dy = gradient.template at<T>(
                    value, POOL ? norm.template masked<T>(value, pool.of_image((row0 + r) / p.pixels, out.channel)) : load(at));
            }
            store(at, dy);
        }
    }

    // A in place of Yprev.
    __device__ __forceinline__ void make_input(int row0, T* tile) const {
        if (in.row >= p.tile_rows) return;
        const NormAct norm = p.norm_prev.at(column0 + in.channel);
        for (int r = in.row; r < p.tile_rows && row0 + r < p.rows; r += in.lanes) {
            T* const at = tile + r * pitch_x + in.channel;
            store(at, norm(load(at)));
        }
    }

    // What this lane contributes to the address of a matrix product's operand: a block of 16 rows from `block` on, or the first one
    // where the tile ends before it; nobody stores what comes of that.
    static __device__ __forceinline__ int inside(int block, int end) { return block < end ? block : 0; }

    // dW += dY^T A over a tile.
    __device__ __forceinline__ void add_filter(float (&sum)[MI][NI][4], const T* dy, const T* a) const {
        const int warp = (int)threadIdx.x / 32, matrix = (int)threadIdx.x / 8 % 4, r = (int)threadIdx.x % 8;
        const int m0 = warp % Tile::WARPS_M * Tile::WARP_M, n0 = warp / Tile::WARPS_M * Tile::WARP_N;
        if (m0 >= padded_out || n0 >= padded_in) return;
        const T *left[MI], *right[NI / 2];
        UNROLL for (int i = 0; i < MI; ++i)
            left[i] = dy + (matrix / 2 * 8 + r) * pitch_g + inside(m0 + i * 16, padded_out) + matrix % 2 * 8;
        UNROLL for (int j = 0; j < NI / 2; ++j)
            right[j] = a + (matrix % 2 * 8 + r) * pitch_x + inside(n0 + j * 16, padded_in) + matrix / 2 * 8;
        for (int row = 0; row < p.tile_rows; row += 32) {
            warp_multiply<MI, NI, 2, true, true>(sum, left, 16 * pitch_g, right, 16 * pitch_x);
            UNROLL for (int i = 0; i < MI; ++i) left[i] += 32 * pitch_g;
            UNROLL for (int j = 0; j < NI / 2; ++j) right[j] += 32 * pitch_x;
        }
    }

    // dX = dY W, rounded to T. A warp takes 16 rows and 32 channels at a time, the last warps first: dW may have left them idle.
    __device__ __forceinline__ void make_data(const T* dy, T* dx) const {
        constexpr int COLUMNS = 32, WARPS = ONE_THREADS / 32;
        const int row_blocks = p.tile_rows / 16, blocks = row_blocks * ((padded_in + COLUMNS - 1) / COLUMNS);
        for (int block = WARPS - 1 - (int)threadIdx.x / 32; block < blocks; block += WARPS)
            make_data_block<COLUMNS>(dy, dx, block % row_blocks * 16, block / row_blocks * COLUMNS);
    }

    template <int COLUMNS> __device__ __forceinline__ void make_data_block(const T* dy, T* dx, int m0, int n0) const {
        const int lane = (int)threadIdx.x % 32, matrix = lane / 8, r = lane % 8;
        float sum[1][COLUMNS / 8][4] = {};
        const T* left[1] = {dy + (m0 + matrix % 2 * 8 + r) * pitch_g + matrix / 2 * 8};
        const T* right[COLUMNS / 16];
        UNROLL for (int j = 0; j < COLUMNS / 16; ++j)
            right[j] = w + (matrix % 2 * 8 + r) * pitch_x + matrix / 2 * 8 + inside(n0 + j * 16, padded_in);
        int depth = 0;
        for (; depth + 64 <= padded_out; depth += 64) multiply_depth<4>(sum, left, right);
        if (depth + 32 <= padded_out) multiply_depth<2>(sum, left, right), depth += 32;
        if (depth < padded_out) multiply_depth<1>(sum, left, right);
        UNROLL for (int j = 0; j < COLUMNS / 8; ++j)
            UNROLL for (int half = 0; half < 2; ++half)
                if (n0 + j * 8 < padded_in)
                    *reinterpret_cast<Pair*>(dx + (m0 + lane / 4 + half * 8) * pitch_x + n0 + j * 8 + lane % 4 * 2) =
                        Pair{{narrow<T>(sum[0][j][half * 2]), narrow<T>(sum[0][j][half * 2 + 1])}};
    }

    template <int STEPS, int N> __device__ __forceinline__ void multiply_depth(float (&sum)[1][N * 2][4], const T* (&left)[1], const T* (&right)[N]) const {
        warp_multiply<1, N * 2, STEPS, false, true>(sum, left, 16, right, 16 * pitch_x);
        left[0] += STEPS * 16;
        UNROLL for (int j = 0; j < N; ++j) right[j] += STEPS * 16 * pitch_x;
    }

    // Gprev from dX, and its sums. Yprev, which was on its way a moment ago, and skip come from the second-level cache or memory:
    // those of two rows are asked for before the first is needed (four would spill registers).
    __device__ __forceinline__ void store_data(SumGradient<T>& sums, int row0, const T* dx) const {
        constexpr int AHEAD = 2;
        if (in.row >= p.tile_rows) return;
        const int channel = column0 + in.channel;
        StoreGradient<T> to({p.g_prev, p.rows, p.cin}, p.y_prev, p.skip, p.norm_prev.at(channel));
        to.sum_g = sums.sum_g;
        to.sum_gx = sums.sum_gx;
        const int rows = min(p.tile_rows, p.rows - row0);
        for (int first = in.row; first < rows; first += AHEAD * in.lanes) {
            uint4 raw[AHEAD] = {}, added[AHEAD] = {};
            UNROLL_FLOAT8 for (int k = 0; k < AHEAD; ++k) {
                const int r = first + k * in.lanes, e = (row0 + r) * p.cin + channel;
                if (r < rows) raw[k] = __ldg(reinterpret_cast<const uint4*>(p.y_prev + e));
                if (r < rows && p.skip) added[k] = *reinterpret_cast<const uint4*>(p.skip + e);
            }
            UNROLL_FLOAT8 for (int k = 0; k < AHEAD; ++k) {
                const int r = first + k * in.lanes;
                if (r < rows)
                    to.take(row0 + r, channel, load(dx + r * pitch_x + in.channel), load(reinterpret_cast<const T*>(&raw[k])),
                            load(reinterpret_cast<const T*>(&added[k])));
            }
        }
        sums.sum_g = to.sum_g;
        sums.sum_gx = to.sum_gx;
    }

    // This CTA's share of dW: to [Cout, Cin] from the slice's first column on.
    __device__ __forceinline__ void store_filter(const float (&sum)[MI][NI][4], float* to) const {
        const int warp = (int)threadIdx.x / 32, lane = (int)threadIdx.x % 32;
        const int m0 = warp % Tile::WARPS_M * Tile::WARP_M + lane / 4, n0 = warp / Tile::WARPS_M * Tile::WARP_N + lane % 4 * 2;
        UNROLL for (int i = 0; i < MI; ++i)
            UNROLL for (int j = 0; j < NI; ++j)
                UNROLL for (int half = 0; half < 2; ++half) {
                    const int row = m0 + i * 16 + half * 8, column = n0 + j * 8;
                    if (row < p.cout && column < width)
                        *reinterpret_cast<float2*>(to + row * p.cin + column) = make_float2(sum[i][j][half * 2], sum[i][j][half * 2 + 1]);
                }
    }
};

}  // namespace separable
