// One batch with everything that can be drawn for a picture, in three launches; the second only where contrast is varied.
//   augment_draw        what is drawn for every row, into views: one thread a row
//   augment_grey        the mean grey of every row's picture after brightness, which contrast is about: one CTA a row
//   augment_gather_T    the batch and its targets; grid: y over the rows, x over the output pixels, several a thread
// In this order: crop, flips and rotation (one affine map, sampled once), brightness, contrast, saturation, hue, normalisation,
// erasing (with 0, the mean colour), then mixup or cutmix with the next row of the batch as that row is by itself.
//   images   see picture.cuh          labels  i32 [samples], by sample
//   order    i32, the epoch's sample indices; row i of the batch is sample order[state.position + i]
//   views    [batch] SampleView, `=`
//   x        [batch, oh, ow, 8] in T, `=`; rows >= state.count 0
//   targets  `=`; i32 [batch] labels, and where rows are mixed, i32 [batch] partners' labels and fp32 [batch] shares of the first
//            label; of rows >= state.count 0
#include "augment.cuh"
#include "ptx.cuh"

namespace separable {

constexpr int GREY_THREADS = 128;

__device__ __forceinline__ void augment_draw(const int* order, const StepState* state, SampleView* views, int rows,
                                             const AugmentSettings& a, const BatchGeometry& g) {
    const int row = thread_index();
    if (row >= rows) return;
    SampleView view = {};
    view.sample = -1;
    if (row < state->count) {
        const int place = state->position + row;
        const SampleDraws draws = {order[place], state->step, state->seed};
        const uint4 words = draws.words(Salt::TURN);
        view.sample = draws.sample;
        view.stored = stored_row(g, draws.sample, place);
        draw_map(view, g, a, words.x, draws);
        draw_colour(view, a, draws);
        view.erased = draw_erased(g, a.erase, words.y, draws);
        draw_mixture(view, g, a, row + 1 < state->count ? row + 1 : 0, words.z, draws);
    }
    views[row] = view;
}

__device__ __forceinline__ void augment_grey(const unsigned char* images, SampleView* views, const BatchGeometry& g) {
    __shared__ float sums[GREY_THREADS / 32];
    SampleView& view = views[blockIdx.x];
    const bool valid = view.sample >= 0;
    const unsigned char* picture = stored_picture(images, g, valid ? view.stored : 0);
    float sum = 0.f;
    for (int i = (int)threadIdx.x; valid && i < g.oh * g.ow; i += GREY_THREADS) {
        float v[MAX_PICTURE_CHANNELS];
        bright_pixel(picture, view, i / g.ow, i % g.ow, g, v);
        sum += grey_of(v, g.channels);
    }
    sum = warp_sum(sum);
    if (threadIdx.x % 32 == 0) sums[threadIdx.x / 32] = sum;
    __syncthreads();
    if (threadIdx.x == 0 && valid) {
        float total = 0.f;
        for (int warp = 0; warp < GREY_THREADS / 32; ++warp) total += sums[warp];
        view.grey = total / (float)(g.oh * g.ow);
    }
}

__device__ __forceinline__ void write_target(const int* labels, const SampleView* views, int* targets, int row, int rows,
                                             bool mixes) {
    const SampleView& view = views[row];
    const bool valid = view.sample >= 0;
    targets[row] = valid ? labels[view.sample] : 0;
    if (!mixes) return;
    targets[rows + row] = valid ? labels[views[view.partner].sample] : 0;
    targets[2 * rows + row] = __float_as_int(valid ? view.label_share : 0.f);
}

// Output pixel (y, x) of a row, mixed with its partner's.
__device__ __forceinline__ void mixed_pixel(const unsigned char* images, const SampleView* views, const SampleView& view, int y,
                                            int x, const BatchGeometry& g, const Normalisation& norm, float (&v)[VEC]) {
    const bool in_patch = view.patch.holds(y, x);
    lone_pixel(images, in_patch ? views[view.partner] : view, y, x, g, norm, v);
    if (in_patch || view.own_share == 1.f) return;
    float other[VEC];
    lone_pixel(images, views[view.partner], y, x, g, norm, other);
    UNROLL for (int k = 0; k < VEC; ++k) v[k] = view.own_share * v[k] + (1.f - view.own_share) * other[k];
}

template <class T>
__device__ __forceinline__ void augment_gather(const unsigned char* __restrict__ images, const int* __restrict__ labels,
                                               const SampleView* __restrict__ views, T* __restrict__ x,
                                               int* __restrict__ targets, bool mixes, const BatchGeometry& g,
                                               const Normalisation& norm) {
    const int row = (int)blockIdx.y, pixels = g.oh * g.ow, threads = (int)(gridDim.x * blockDim.x);
    const SampleView& view = views[row];
    if (thread_index() == 0) write_target(labels, views, targets, row, (int)gridDim.y, mixes);
    for (int i = thread_index(); i < pixels; i += threads) {
        float v[VEC];
        if (view.sample >= 0) {
            mixed_pixel(images, views, view, i / g.ow, i % g.ow, g, norm, v);
        } else {
            zero8(v);
        }
        store8(x + (row * pixels + i) * VEC, v);
    }
}

}  // namespace separable

extern "C" __global__ void __launch_bounds__(64)
augment_draw(const int* order, const separable::StepState* state, separable::SampleView* views, int rows, int h, int w,
             int channels, int oh, int ow, int ring_rows, int top, int left, int window_h, int window_w, int crop_padding,
             int flips, float min_area, float rotation, float brightness, float contrast, float saturation, float hue,
             float erase, float mixup, float cutmix) {
    separable::augment_draw(order, state, views, rows,
                            separable::AugmentSettings{crop_padding, flips, min_area, rotation, brightness, contrast,
                                                       saturation, hue, erase, mixup, cutmix},
                            separable::BatchGeometry{h, w, channels, oh, ow, ring_rows, top, left, window_h, window_w});
}
EXPORT_KERNEL(augment_draw);

extern "C" __global__ void __launch_bounds__(128)
augment_grey(const unsigned char* images, separable::SampleView* views, int h, int w, int channels, int oh, int ow,
             int ring_rows, int top, int left, int window_h, int window_w) {
    separable::augment_grey(images, views,
                            separable::BatchGeometry{h, w, channels, oh, ow, ring_rows, top, left, window_h, window_w});
}
EXPORT_KERNEL(augment_grey);

#define AUGMENT_KERNEL(T, suffix)                                                                                        \
    extern "C" __global__ void __launch_bounds__(128)                                                                    \
    augment_gather_##suffix(const unsigned char* images, const int* labels, const separable::SampleView* views, T* x,    \
                            int* targets, int h, int w, int channels, int oh, int ow, int ring_rows, int top, int left,  \
                            int window_h, int window_w, int mixes, float scale0, float scale1, float scale2,             \
                            float scale3, float shift0, float shift1, float shift2, float shift3) {                      \
        separable::augment_gather(                                                                                       \
            images, labels, views, x, targets, mixes != 0,                                                               \
            separable::BatchGeometry{h, w, channels, oh, ow, ring_rows, top, left, window_h, window_w},                  \
            separable::Normalisation{{scale0, scale1, scale2, scale3}, {shift0, shift1, shift2, shift3}});               \
    }                                                                                                                    \
    EXPORT_KERNEL(augment_gather_##suffix);

FOR_EACH_DTYPE(AUGMENT_KERNEL)
