// What is drawn for one row of a batch, and how a pixel follows from it. Everything follows from philox(sample, salt, state.step;
// state.seed), so that a run repeats and it does not matter where in memory, or in which row, a picture lies.
#pragma once
#include "colour.cuh"

namespace separable {

// Which words of the generator are whose. Tries go up from their first salt; salt 0 is draw_move's.
enum class Salt : unsigned { TURN = 1, COLOUR = 2, PATCH = 3, CROP = 16, ERASE = 32, FIRST_GAMMA = 48, SECOND_GAMMA = 64 };

constexpr int CROP_TRIES = 10, ERASE_TRIES = 10, GAMMA_TRIES = 16;

struct AugmentSettings {
    int crop_padding, flips;
    float min_area;  // of a random resized crop, a share of the picture; 1 for none
    float rotation;  // radians to either side
    float brightness, contrast, saturation, hue, erase, mixup, cutmix;
};

// Output pixels from top, left up to before bottom, right.
struct Rectangle {
    int top, left, bottom, right;
    __device__ __forceinline__ bool holds(int y, int x) const { return y >= top && y < bottom && x >= left && x < right; }
    __device__ __forceinline__ int area() const { return (bottom - top) * (right - left); }
};

// One row of a batch, drawn.
struct SampleView {
    int sample, stored;  // index in the data set (-1: the row is absent), row of images
    float from_x[3];     // source x = from_x[0] * x + from_x[1] * y + from_x[2], for the point (x, y) of the output
    float from_y[3];
    float brightness, contrast, saturation;  // factors, 1 for none
    float hue;                               // part of a circle, 0 for none
    float grey;                              // what contrast is about, 0 .. 255; written by augment_grey
    Rectangle erased;
    int partner;        // the row that is mixed in, or this row
    float own_share;    // of this picture in every pixel outside the patch
    float label_share;  // of this picture's label
    Rectangle patch;    // where the partner is seen alone
};
static_assert(sizeof(SampleView) == 96, "the host allocates 96 bytes a row");

// The generator as one sample sees it.
struct SampleDraws {
    int sample;
    unsigned long long step, seed;
    __device__ __forceinline__ uint4 words(Salt salt, int attempt = 0) const {
        return random_words(Draw::AUGMENTATION, (unsigned)sample, (unsigned)salt + (unsigned)attempt, step, seed);
    }
};

__device__ __forceinline__ float between(unsigned word, float low, float high) {
    return low + (high - low) * unit_interval(word);
}

// The window of the source that fills the output, by its centre and sides.
struct Window {
    float y, x, h, w;
};

// torchvision's RandomResizedCrop, but for sides and corner, which are not rounded to whole pixels: a share of the area from
// min_area to 1, sides in a ratio from 3:4 to 4:3 (evenly drawn as a logarithm), anywhere in the picture. When no try fits, the
// largest window of such a ratio about the middle.
__device__ __forceinline__ Window draw_crop(const BatchGeometry& g, float min_area, const SampleDraws& draws) {
    const float h = (float)g.h, w = (float)g.w, widest = 4.f / 3.f, log_widest = 0.28768207f;
    for (int attempt = 0; attempt < CROP_TRIES; ++attempt) {
        const uint4 words = draws.words(Salt::CROP, attempt);
        const float area = between(words.x, min_area, 1.f) * h * w;
        const float aspect = expf(between(words.y, -log_widest, log_widest));
        const float crop_w = sqrtf(area * aspect), crop_h = sqrtf(area / aspect);
        if (crop_w <= w && crop_h <= h) {
            return Window{unit_interval(words.z) * (h - crop_h) + 0.5f * crop_h,
                          unit_interval(words.w) * (w - crop_w) + 0.5f * crop_w, crop_h, crop_w};
        }
    }
    return Window{0.5f * h, 0.5f * w, fminf(h, w * widest), fminf(w, h * widest)};
}

__device__ __forceinline__ Window draw_window(const BatchGeometry& g, const AugmentSettings& a, const Move& move,
                                              const SampleDraws& draws) {
    if (a.min_area < 1.f) return draw_crop(g, a.min_area, draws);
    const float h = (float)g.window_h, w = (float)g.window_w;
    return Window{(float)g.top + 0.5f * h + (float)move.dy * (h / (float)g.oh),
                  (float)g.left + 0.5f * w + (float)move.dx * (w / (float)g.ow), h, w};
}

// The map from a point of the output to one of the source. Pictures are cut out, mirrored and then turned about the middle, so
// the way back turns first.
__device__ __forceinline__ void draw_map(SampleView& view, const BatchGeometry& g, const AugmentSettings& a, unsigned turn,
                                         const SampleDraws& draws) {
    const Move move = draw_move(a.crop_padding, a.flips, draws.sample, draws.step, draws.seed);
    const Window window = draw_window(g, a, move, draws);
    const float angle = a.rotation > 0.f ? between(turn, -a.rotation, a.rotation) : 0.f;
    const float c = a.rotation > 0.f ? cosf(angle) : 1.f, s = a.rotation > 0.f ? sinf(angle) : 0.f;
    const float step_x = (move.mirrored ? -window.w : window.w) / (float)g.ow;
    const float step_y = (move.upside_down ? -window.h : window.h) / (float)g.oh;
    const float middle_x = 0.5f * (float)g.ow, middle_y = 0.5f * (float)g.oh;
    view.from_x[0] = step_x * c;
    view.from_x[1] = -step_x * s;
    view.from_x[2] = window.x - view.from_x[0] * middle_x - view.from_x[1] * middle_y;
    view.from_y[0] = step_y * s;
    view.from_y[1] = step_y * c;
    view.from_y[2] = window.y - view.from_y[0] * middle_x - view.from_y[1] * middle_y;
}

__device__ __forceinline__ void draw_colour(SampleView& view, const AugmentSettings& a, const SampleDraws& draws) {
    const uint4 words = draws.words(Salt::COLOUR);
    view.brightness = a.brightness > 0.f ? between(words.x, 1.f - a.brightness, 1.f + a.brightness) : 1.f;
    view.contrast = a.contrast > 0.f ? between(words.y, 1.f - a.contrast, 1.f + a.contrast) : 1.f;
    view.saturation = a.saturation > 0.f ? between(words.z, 1.f - a.saturation, 1.f + a.saturation) : 1.f;
    view.hue = a.hue > 0.f ? between(words.w, -a.hue, a.hue) : 0.f;
    view.grey = 0.f;
}

// torchvision's RandomErasing: 2% to 33% of the output, sides in a ratio from 0.3 to 3.3 (evenly drawn as a logarithm); nothing when
// no try fits.
__device__ __forceinline__ Rectangle draw_erased(const BatchGeometry& g, float probability, unsigned word,
                                                 const SampleDraws& draws) {
    if (unit_interval(word) > probability) return Rectangle{0, 0, 0, 0};
    for (int attempt = 0; attempt < ERASE_TRIES; ++attempt) {
        const uint4 words = draws.words(Salt::ERASE, attempt);
        const float area = between(words.x, 0.02f, 0.33f) * (float)(g.oh * g.ow);
        const float aspect = expf(between(words.y, -1.2039728f, 1.1939225f));
        const int h = (int)rintf(sqrtf(area * aspect)), w = (int)rintf(sqrtf(area / aspect));
        if (h < g.oh && w < g.ow) {
            const int top = uniform_below(words.z, g.oh - h + 1), left = uniform_below(words.w, g.ow - w + 1);
            return Rectangle{top, left, top + h, left + w};
        }
    }
    return Rectangle{0, 0, 0, 0};
}

// The logarithm of a Gamma(alpha, 1) number: Marsaglia and Tsang, "A simple method for generating gamma variables" (2000), for
// alpha + 1, times u^(1 / alpha), which as a logarithm stays finite for a small alpha. A try fails with 5% at most.
__device__ __forceinline__ float log_gamma_number(float alpha, Salt salt, const SampleDraws& draws) {
    const float d = alpha + 2.f / 3.f, c = 1.f / sqrtf(9.f * d);
    for (int attempt = 0; attempt < GAMMA_TRIES; ++attempt) {
        const uint4 words = draws.words(salt, attempt);
        const float normal = sqrtf(-2.f * logf(unit_interval(words.x))) * cosf(6.2831853f * unit_interval(words.y));
        const float root = 1.f + c * normal, v = root * root * root;
        if (v > 0.f && logf(unit_interval(words.z)) < 0.5f * normal * normal + d * (1.f - v + logf(v))) {
            return logf(d * v) + logf(unit_interval(words.w)) / alpha;
        }
    }
    return logf(d);
}

// A number of Beta(alpha, alpha), 0 to 1.
__device__ __forceinline__ float beta_number(float alpha, const SampleDraws& draws) {
    const float first = log_gamma_number(alpha, Salt::FIRST_GAMMA, draws);
    const float second = log_gamma_number(alpha, Salt::SECOND_GAMMA, draws);
    return 1.f / (1.f + expf(second - first));
}

// torchvision's RandomCutMix: a patch of a share 1 - `own` of the picture around any pixel, cut off at the borders.
__device__ __forceinline__ Rectangle draw_patch(const BatchGeometry& g, float own, const SampleDraws& draws) {
    const uint4 words = draws.words(Salt::PATCH);
    const float half = 0.5f * sqrtf(1.f - own);
    const int y = uniform_below(words.x, g.oh), x = uniform_below(words.y, g.ow);
    const int half_h = (int)(half * (float)g.oh), half_w = (int)(half * (float)g.ow);
    return Rectangle{max(y - half_h, 0), max(x - half_w, 0), min(y + half_h, g.oh), min(x + half_w, g.ow)};
}

// mixup (Zhang et al. 2018) or cutmix (Yun et al. 2019) with the next row; one half each where both are asked for.
__device__ __forceinline__ void draw_mixture(SampleView& view, const BatchGeometry& g, const AugmentSettings& a, int next,
                                             unsigned word, const SampleDraws& draws) {
    view.own_share = view.label_share = 1.f;
    view.patch = Rectangle{0, 0, 0, 0};
    view.partner = next;
    if (a.mixup == 0.f && a.cutmix == 0.f) return;
    const bool cuts = a.mixup == 0.f || (a.cutmix > 0.f && (word & 1u));
    const float own = beta_number(cuts ? a.cutmix : a.mixup, draws);
    if (cuts) {
        view.patch = draw_patch(g, own, draws);
        view.label_share = 1.f - (float)view.patch.area() / (float)(g.oh * g.ow);
    } else {
        view.own_share = view.label_share = own;
    }
}

// All channels of output pixel (y, x) in its colours, 0 .. 255, up to and with brightness.
__device__ __forceinline__ void bright_pixel(const unsigned char* picture, const SampleView& view, int y, int x,
                                             const BatchGeometry& g, float (&v)[MAX_PICTURE_CHANNELS]) {
    const float py = (float)y + 0.5f, px = (float)x + 0.5f;
    const float at_x = view.from_x[0] * px + view.from_x[1] * py + view.from_x[2] - 0.5f;
    const float at_y = view.from_y[0] * px + view.from_y[1] * py + view.from_y[2] - 0.5f;
    const bool inside = on_axis(at_y, g.h) && on_axis(at_x, g.w);
    const ResampleTaps down = resample_taps(at_y, g.h), across = resample_taps(at_x, g.w);
    UNROLL for (int k = 0; k < MAX_PICTURE_CHANNELS; ++k) {
        v[k] = inside && k < g.channels ? colour_range(bilinear(picture, down, across, k, g) * view.brightness) : 0.f;
    }
}

// All channels of output pixel (y, x) as the picture has it by itself, normalised; erased ones are 0.
__device__ __forceinline__ void lone_pixel(const unsigned char* images, const SampleView& view, int y, int x,
                                           const BatchGeometry& g, const Normalisation& norm, float (&v)[VEC]) {
    zero8(v);
    if (view.erased.holds(y, x)) return;
    float colour[MAX_PICTURE_CHANNELS];
    bright_pixel(stored_picture(images, g, view.stored), view, y, x, g, colour);
    if (view.contrast != 1.f) blend(colour, view.grey, view.contrast);
    if (view.saturation != 1.f) blend(colour, grey_of(colour, g.channels), view.saturation);
    if (view.hue != 0.f) turn_hue(colour, view.hue);
    UNROLL for (int k = 0; k < MAX_PICTURE_CHANNELS; ++k) v[k] = k < g.channels ? colour[k] * norm.scale[k] + norm.shift[k] : 0.f;
}

}  // namespace separable
