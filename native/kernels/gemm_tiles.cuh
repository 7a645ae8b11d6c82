// The tiles every matrix product is instantiated with; separable.kernel.GemmTile holds the same list and chooses among them.
// Narrow ones keep work from being wasted on products with few channels.
#pragma once
#include "gemm_tensor.cuh"
#include "gemm_f32.cuh"

namespace separable {

#define ELEMENT(T, dtype) using Element_##dtype = T;
FOR_EACH_DTYPE(ELEMENT)
using Element_tf32 = float;   // of tensors; Tile_*_tf32::Element is the operand in shared memory

// <name>_<precision>: BM x BN elements of the output per CTA. Filter gradients: the output is small and the depth is every
// pixel of the batch, so groups share the depth of a slab.
using Tile_128x128_f32 = SimtTile<128, 128, 16>;
using Tile_128x64_f32 = SimtTile<128, 64, 16>;
using Tile_64x64_f32 = SimtTile<64, 64, 16>;
using Tile_32x128_f32 = SimtTile<32, 128, 16>;
using Tile_128x32_f32 = SimtTile<128, 32, 16>;
using Tile_256x16_f32 = SimtTile<256, 16, 8>;
using Tile_256x8_f32 = SimtTile<256, 8, 8>;
using FilterTile_128x128_f32 = Tile_128x128_f32;
using FilterTile_128x64_f32 = Tile_128x64_f32;
using FilterTile_64x64_f32 = SimtTile<64, 64, 16>;
using FilterTile_32x32_f32 = SimtTile<32, 32, 64, 4>;
using FilterTile_16x16_f32 = SimtTile<16, 16, 128, 16>;

#define TENSOR_TILES(T, dtype)                                         \
    using Tile_64x64_##dtype = TensorTile<T, 2, 2, 2, 4, 32>;          \
    using Tile_128x32_##dtype = TensorTile<T, 4, 1, 2, 4, 32>;         \
    using Tile_128x16_##dtype = TensorTile<T, 4, 1, 2, 2, 32>;         \
    using FilterTile_64x64_##dtype = TensorTile<T, 2, 2, 2, 4, 32>;    \
    using FilterTile_32x32_##dtype = TensorTile<T, 1, 1, 2, 4, 64, 4>; \
    using FilterTile_16x16_##dtype = TensorTile<T, 1, 1, 1, 2, 64, 4>;
FOR_EACH_16_BIT_DTYPE(TENSOR_TILES)
TENSOR_TILES(tf32, tf32)

// Of pointwise products, for wide layers. The large one: a multiplication takes half the bytes of operands that it takes in 64x64, and
// by the warps' 64x32 elements three quarters of those read from shared memory. (In tf32 the slabs would not fit.) The flat one is for
// few rows.
#define WIDE_TENSOR_TILES(T, dtype)                             \
    using Tile_32x128_##dtype = TensorTile<T, 1, 4, 2, 4, 32>;  \
    using Tile_128x128_##dtype = TensorTile<T, 2, 4, 4, 4, 32>; \
    using FilterTile_128x128_##dtype = Tile_128x128_##dtype;
FOR_EACH_16_BIT_DTYPE(WIDE_TENSOR_TILES)

}  // namespace separable

// How the entry points of a tile begin. One resident block is enough: the second argument keeps ptxas from spilling for more.
#define TILE_KERNEL(tile, dtype) extern "C" __global__ void __launch_bounds__(separable::Tile_##tile##_##dtype::THREADS, 1)
#define FILTER_TILE_KERNEL(tile, dtype) \
    extern "C" __global__ void __launch_bounds__(separable::FilterTile_##tile##_##dtype::THREADS, 1)

// The precisions that tensor cores take.
#define ON_TENSOR_CORES(KERNEL, tile) \
    KERNEL(tile, bf16)                \
    FP16(KERNEL(tile, f16))

// Expand KERNEL(tile, precision) for every tile, or for those up to 32 columns wide.
#define FOR_EACH_NARROW_TILE(KERNEL) \
    KERNEL(128x32, f32)              \
    KERNEL(256x16, f32)              \
    KERNEL(256x8, f32)               \
    ON_TENSOR_CORES(KERNEL, 128x32)  \
    ON_TENSOR_CORES(KERNEL, 128x16)

#define FOR_EACH_TILE(KERNEL)    \
    FOR_EACH_NARROW_TILE(KERNEL) \
    KERNEL(128x64, f32)          \
    KERNEL(64x64, f32)           \
    ON_TENSOR_CORES(KERNEL, 64x64)

#define FOR_EACH_NARROW_FILTER_TILE(KERNEL) \
    KERNEL(32x32, f32)                      \
    KERNEL(16x16, f32)                      \
    ON_TENSOR_CORES(KERNEL, 32x32)          \
    ON_TENSOR_CORES(KERNEL, 16x16)

#define FOR_EACH_FILTER_TILE(KERNEL)    \
    FOR_EACH_NARROW_FILTER_TILE(KERNEL) \
    KERNEL(64x64, f32)                  \
    ON_TENSOR_CORES(KERNEL, 64x64)

#define FOR_EACH_LARGE_TILE(KERNEL) ON_TENSOR_CORES(KERNEL, 128x128)

// fp32 tensors multiplied on tensor cores: kernels that have such a variant expand these too, as KERNEL(tile, tf32).
#define FOR_EACH_TF32_TILE(KERNEL) \
    KERNEL(64x64, tf32)            \
    KERNEL(128x32, tf32)           \
    KERNEL(128x16, tf32)

#define FOR_EACH_TF32_FILTER_TILE(KERNEL) \
    KERNEL(64x64, tf32)                   \
    KERNEL(32x32, tf32)                   \
    KERNEL(16x16, tf32)

// Of the fused schedule: one tile for every kind of width, and for wide layers of few rows. Values made on load are made again for
// every column tile, so fp32 has the large one too.
#define FOR_EACH_FUSED_TILE(KERNEL) \
    KERNEL(128x128, f32)            \
    KERNEL(32x128, f32)             \
    KERNEL(128x64, f32)             \
    KERNEL(64x64, f32)              \
    KERNEL(128x32, f32)             \
    KERNEL(256x16, f32)             \
    ON_TENSOR_CORES(KERNEL, 32x128) \
    ON_TENSOR_CORES(KERNEL, 64x64)  \
    ON_TENSOR_CORES(KERNEL, 128x32) \
    ON_TENSOR_CORES(KERNEL, 128x16)
