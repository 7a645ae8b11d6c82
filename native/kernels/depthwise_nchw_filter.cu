// Depthwise convolution with channels first, the gradient of its filter (layouts: depthwise_nchw.cuh); dw: fp32 [C,K,K], `=`.
// Entry points dw_nchw_backward_filter_*: k3s1, k3s2, k5s1, k5s2.
//
// Blocks (c, part) of 128 threads share the pieces of channel c, a piece being planes of neighbouring images or a band of one plane:
// the rows of dy and those of x they meet lie in shared memory, and a thread keeps all K*K sums. Partial sums: fp32
// [C][gridDim.y][K*K]; one ticket a channel. Dynamic shared memory: per_piece * (x_elements + dy_elements) of T.
#include "depthwise_nchw.cuh"

namespace separable {

// Shared memory of one plane of a piece, in elements, whole vectors: the rows of x, then those of dy.
struct NchwRoom {
    int x, dy;
};

// The rows of piece `piece` of channel `channel`, of plane `index` of the piece, in shared memory.
template <class T> struct NchwPair {
    int x_begin, x_end, dy_begin, dy_end;
    NchwTile<T> x, dy;

    __device__ __forceinline__ NchwPair(T* memory, const NchwRoom& room, const DwGeometry& g, const NchwPiece& piece,
                                        const NchwRows& rows, int channel, int index)
        : x_begin((((piece.plane + index) * g.channels + channel) * g.h + rows.first) * g.w),
          x_end(x_begin + (rows.last - rows.first) * g.w),
          dy_begin((((piece.plane + index) * g.channels + channel) * g.oh + piece.first) * g.ow),
          dy_end(dy_begin + (piece.last - piece.first) * g.ow),
          x(memory + index * (room.x + room.dy), x_begin),
          dy(memory + index * (room.x + room.dy) + room.x, dy_begin) {}
};

// Adds the products of one column and NCHW_ROWS rows of dy from at.unit on.
template <int K, int S, class T>
__device__ __forceinline__ void nchw_filter_column(float (&sums)[K * K], const NchwPair<T>& in, const DwGeometry& g,
                                                   const NchwPiece& piece, const NchwRows& rows, const NchwItem& at) {
    float dy[NCHW_ROWS];
    UNROLL for (int i = 0; i < NCHW_ROWS; ++i)
        dy[i] = at.unit + i < piece.last ? in.dy(in.dy_begin + (at.unit + i - piece.first) * g.ow + at.column) : 0.f;
    UNROLL for (int r = 0; r < (NCHW_ROWS - 1) * S + K; ++r) {
        const int iy = at.unit * S - g.top + r;
        if (!rows.has(iy)) continue;
        float v[K];
        nchw_window(v, in.x, in.x_begin + (iy - rows.first) * g.w, at.column * S - g.left, g.w);
        UNROLL for (int i = 0; i < NCHW_ROWS; ++i) {
            const int ky = r - i * S;
            if (ky < 0 || ky >= K) continue;
            UNROLL for (int kx = 0; kx < K; ++kx) sums[ky * K + kx] = fmaf(v[kx], dy[i], sums[ky * K + kx]);
        }
    }
}

// Adds what this thread finds in one piece. Ends with a barrier: the memory is free for the next.
template <int K, int S, class T>
__device__ __forceinline__ void nchw_filter_piece(float (&sums)[K * K], T* memory, const NchwRoom& room, const T* x, const T* dy,
                                                  const DwGeometry& g, const NchwPiece& piece, int channel) {
    const NchwRows rows(piece.first * S - g.top, (piece.last - 1) * S - g.top + K, g.h);
    for (int index = 0; index < piece.count; ++index) {
        const NchwPair<T> pair(memory, room, g, piece, rows, channel, index);
        pair.x.fetch(x, pair.x_begin, pair.x_end);
        pair.dy.fetch(dy, pair.dy_begin, pair.dy_end);
    }
    nchw_arrived();
    const int items = piece.count * piece.groups(NCHW_ROWS) * g.ow;
    for (int item = (int)threadIdx.x; item < items; item += NCHW_THREADS) {
        const NchwItem at(item, piece, g.ow, NCHW_ROWS);
        nchw_filter_column<K, S>(sums, NchwPair<T>(memory, room, g, piece, rows, channel, at.index), g, piece, rows, at);
    }
    __syncthreads();
}

// Sums over the threads of the block, warp by warp, then over the blocks of a channel in the order of their parts.
template <int TAPS>
__device__ __forceinline__ void nchw_fold_filter(float (&sums)[TAPS], float* dw, float* partials, int* tickets) {
    __shared__ float warps[NCHW_THREADS / 32][TAPS];
    const int thread = (int)threadIdx.x, channel = (int)blockIdx.x, parts = (int)gridDim.y;
    float* const channel_partials = partials + (size_t)channel * parts * TAPS;
    warp_fold<1>(sums);
    if (thread % 32 == 0)
        UNROLL for (int k = 0; k < TAPS; ++k) warps[thread / 32][k] = sums[k];
    __syncthreads();
    if (thread < TAPS) {
        float total = warps[0][thread];
        for (int warp = 1; warp < NCHW_THREADS / 32; ++warp) total += warps[warp][thread];
        channel_partials[(int)blockIdx.y * TAPS + thread] = total;
    }
    if (!last_to_arrive(tickets + channel, parts) || thread >= TAPS) return;
    float total = 0.f;
    for (int part = 0; part < parts; ++part) total += __ldcg(channel_partials + part * TAPS + thread);
    dw[(size_t)channel * TAPS + thread] = total;
}

// share.planes: images.
template <int K, int S, class T>
__device__ __forceinline__ void nchw_backward_filter(T* memory, const T* x, const T* dy, float* dw, float* partials, int* tickets,
                                                     const DwGeometry& g, const NchwShare& share, const NchwRoom& room) {
    const int pieces = (share.planes + share.per_piece - 1) / share.per_piece * share.bands;
    const int run = (pieces + (int)gridDim.y - 1) / (int)gridDim.y, first = (int)blockIdx.y * run, last = min(first + run, pieces);
    float sums[K * K] = {};
    for (int number = first; number < last; ++number)
        nchw_filter_piece<K, S>(sums, memory, room, x, dy, g, NchwPiece(share, g.oh, number), (int)blockIdx.x);
    nchw_fold_filter(sums, dw, partials, tickets);
}

}  // namespace separable

#define DEPTHWISE_NCHW_FILTER(K, S, T, suffix)                                                                            \
    extern "C" __global__ void __launch_bounds__(128)                                                                     \
    dw_nchw_backward_filter_k##K##s##S##_##suffix(const T* x, const T* dy, float* dw, float* partials, int* tickets,      \
                                                  int h, int w, int oh, int ow, int channels, int top, int left,          \
                                                  int images, int per_piece, int bands, int rows, int x_elements,         \
                                                  int dy_elements) {                                                      \
        DYN_SHARED(T, memory);                                                                                            \
        separable::nchw_backward_filter<K, S>(memory, x, dy, dw, partials, tickets,                                       \
                                              separable::DwGeometry{h, w, oh, ow, channels, top, left},                   \
                                              separable::NchwShare{images, per_piece, bands, rows},                       \
                                              separable::NchwRoom{x_elements, dy_elements});                              \
    }                                                                                                                     \
    EXPORT_KERNEL(dw_nchw_backward_filter_k##K##s##S##_##suffix)

#define DEPTHWISE_NCHW_FILTER_KERNELS(T, suffix)    \
    DEPTHWISE_NCHW_FILTER(3, 1, T, suffix);         \
    DEPTHWISE_NCHW_FILTER(3, 2, T, suffix);         \
    DEPTHWISE_NCHW_FILTER(5, 1, T, suffix);         \
    DEPTHWISE_NCHW_FILTER(5, 2, T, suffix);

FOR_EACH_DTYPE(DEPTHWISE_NCHW_FILTER_KERNELS)
