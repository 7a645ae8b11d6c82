// First values of a parameter: a logical [rows, cols] matrix inside a stored [padded_rows, padded_cols] one, whose surplus
// is zero. Element (r, c) draws philox(index r * cols + c, salt; seed), so its bits do not depend on the padding.
//   w: [padded_rows, padded_cols] fp32, `=`
//   normal    a = mean, b = standard deviation (Box and Muller's cosine branch)
//   uniform   from a to b
//   constant  a
#include "map.cuh"
#include "philox.cuh"

namespace separable {

struct NormalDraw {
    __device__ __forceinline__ float operator()(uint4 words, float mean, float deviation) const {
        const float radius = sqrtf(-2.f * logf(unit_interval(words.x)));
        return mean + deviation * radius * cosf(6.283185307f * unit_interval(words.y));
    }
};

struct UniformDraw {
    __device__ __forceinline__ float operator()(uint4 words, float low, float high) const {
        return low + (high - low) * unit_interval(words.x);
    }
};

struct ConstantDraw {
    __device__ __forceinline__ float operator()(uint4, float value, float) const { return value; }
};

template <class F>
__device__ __forceinline__ void initialise(float* w, int rows, int cols, int padded_rows, int padded_cols, float a, float b,
                                           long long seed, int salt, F draw) {
    const int i = thread_index();
    if (i >= padded_rows * padded_cols) return;
    const int row = i / padded_cols, col = i % padded_cols;
    const bool real = row < rows && col < cols;
    const uint4 words = random_words(Draw::INITIALISER, (unsigned)(row * cols + col), (unsigned)salt, 0,
                                     (unsigned long long)seed);
    w[i] = real ? draw(words, a, b) : 0.f;
}

}  // namespace separable

#define INITIALISE_KERNEL(name, F)                                                                                       \
    extern "C" __global__ void __launch_bounds__(256)                                                                    \
    name(float* w, int rows, int cols, int padded_rows, int padded_cols, float a, float b, long long seed, int salt) {   \
        separable::initialise(w, rows, cols, padded_rows, padded_cols, a, b, seed, salt, separable::F{});                \
    }                                                                                                                    \
    EXPORT_KERNEL(name)

INITIALISE_KERNEL(initialise_normal_f32, NormalDraw);
INITIALISE_KERNEL(initialise_uniform_f32, UniformDraw);
INITIALISE_KERNEL(initialise_constant_f32, ConstantDraw);
