// ReLU and ReLU6.
//   forward   y  = min(max(x, 0), ceiling)           a NaN stays a NaN
//   backward  dx = dy where 0 < y < ceiling, else 0  strict at both corners, from the stored y, as PyTorch's hardtanh
// ceiling is 6 for ReLU6 and infinity for ReLU. x, y, dy, dx: [vectors * 8] in T, written with `=`; in place is fine.
#include "map.cuh"

namespace separable {

struct Clamp {
    float ceiling;
    __device__ __forceinline__ float operator()(float v) const { return v < 0.f ? 0.f : v > ceiling ? ceiling : v; }
};

struct PassBelow {
    float ceiling;
    __device__ __forceinline__ float operator()(float y, float dy) const { return y > 0.f && y < ceiling ? dy : 0.f; }
};

}  // namespace separable

#define RELU_KERNELS(T, suffix)                                                                                          \
    extern "C" __global__ void __launch_bounds__(256)                                                                    \
    relu_forward_##suffix(const T* x, T* y, int vectors, float ceiling) {                                                \
        separable::map(x, y, vectors, separable::Clamp{ceiling});                                                        \
    }                                                                                                                    \
    extern "C" __global__ void __launch_bounds__(256)                                                                    \
    relu_backward_##suffix(const T* y, const T* dy, T* dx, int vectors, float ceiling) {                                 \
        separable::zip(y, dy, dx, vectors, separable::PassBelow{ceiling});                                               \
    }                                                                                                                    \
    EXPORT_KERNEL(relu_forward_##suffix);                                                                                \
    EXPORT_KERNEL(relu_backward_##suffix);

FOR_EACH_DTYPE(RELU_KERNELS)
