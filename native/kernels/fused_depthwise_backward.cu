// Depthwise convolution of the fused schedule, backward; everything is written with `=`. dY is made on load from (g, y, statistics,
// sums), the tables of the normalisation behind (fused.cuh). Entry points fused_dw_backward_FORM_{k3s1,k3s2,k5s1,k5s2}_KIND:
//   FORM   both (3x3 only)  the gradient of the input and of the filter, fp32 dw [K][K][channels]
//          data, filter     one of them; the lines of a 5x5 filter are shared by gridDim.z = 5 CTAs
//   KIND   norm  the input was A = act(BN(x)), `norm` its table: dx is G of that normalisation, with dgamma, dbeta and x_sums
//          raw   the input was x: dx is its gradient; norm, dgamma, dbeta and x_sums are not used
// What a form does not compute it does not touch.
// And for a plain schedule whose sums have the same order: dw_backward_filter_lines_{k3s1,..} from stored x and dy;
// bn_backward_reduce_lines as bn_backward_reduce in batchnorm.cu.
//
// Grid: gridDim.x CTAs share the pieces of the input, gridDim.y the channels; blockDim.x = columns * lanes <= DW_THREADS
// (DepthwiseWalk). partials: fp32 [gridDim.x][sums][channels], of which norm with data has 2, and the filter one a tap more; one ticket
// per gridDim.y. For the filter alone: those of fold_dw.
#include "fused_depthwise_backward.cuh"

namespace separable {

using DwFoldGradient = FoldGradientSums<DW_THREADS>;

// What a walk over the input does with dx at `element`, and with A there, where it has that.
struct NoStore {
    __device__ __forceinline__ void operator()(int /*element*/, const Float8& /*dx*/, const Float8& /*a*/) const {}
};

template <class T> struct DwStore {
    T* dx;
    __device__ __forceinline__ void operator()(int e, const Float8& v, const Float8& /*a*/) const { store(dx + e, v); }
};

// The pointers of an entry point, as its parameters.
template <class T> struct DwBackwardOperands {
    const T *g, *y;
    const float *statistics, *sums;
    const T* x;
    const float* norm;
    const T* w;
    T* dx;
    float *dgamma, *dbeta, *x_sums, *dw, *partials;
    int* tickets;
};

// StoreGradient of this walk, which has no ragged tiles. KNOWN: A, which the mask is taken from, comes with dx.
template <class T, bool KNOWN> struct DwStoreGradient : SumGradient<T> {
    T* g;
    const T* y;
    DwAt<NormTable> norm;

    __device__ __forceinline__ DwStoreGradient(T* to, const T* raw, const DwAt<NormTable>& of) : g(to), y(raw), norm(of) {}

    __device__ __forceinline__ void operator()(int e, const Float8& dx, const Float8& a) {
        const NormAct& at = *norm;
        const Float8 value = load_readonly(y + e), sum = rounded<T>(dx);
        const Float8 gradient = KNOWN ? where_inside(sum, a, at.low, at.high) : at.template masked<T>(value, sum);
        store(g + e, gradient);
        prefetch_line(g + e + LINE<T>);
        this->add(gradient, value - at.mean);
    }
};

// All that a thread gathered, in one fold: the two sums of the normalisation, then those of the filter.
template <int TAPS, class Store>
__device__ __forceinline__ void fold_norm_and_dw(const DwFoldGradient& norm, const Store& gathered, const Sum8 (&sums)[TAPS], float* dw) {
    Sum8 mine[2 + TAPS] = {{gathered.sum_g}, {gathered.sum_gx}};
    UNROLL_FLOAT8 for (int k = 0; k < TAPS; ++k) mine[2 + k] = sums[k];
    fold_ctas<DW_THREADS>(mine, norm.partials, norm.ticket, norm.place, [&](int k, int vector, const Sum8& total) {
        if (k < 2) norm.finish(k, vector, total);
        else store(dw + (k - 2) * norm.channels + vector * VEC, total.sum);
    });
}

// Form with the sums of the normalisation before the convolution.
template <class Form, class T>
__device__ __forceinline__ void fused_dw_backward_norm(const DwBackwardOperands<T>& at, const DwGeometry& g, const DwCut& cut, float low,
                                                       float high, float epsilon) {
    const DwWalk walk(cut, g.channels);
    const GradientLoad<T> gradient{at.g, at.y, {at.statistics, at.sums, g.channels}};
    const NormTable norm{at.norm, g.channels, low, high};
    const int rows = cut.images * g.h * g.w;
    DwStoreGradient<T, (Form::ROWS > 0)> out(at.dx, at.x, {norm, walk.channel < g.channels ? walk.channel : 0});
    Sum8 sums[Form::TAPS];
    dw_backward_walk<Form>(walk, 0, gradient, NormLoad<T>{at.x, norm}, at.w, out, sums, g, cut);
    const DwFoldGradient tail{at.norm, at.dgamma, at.dbeta, at.x_sums, at.partials, at.tickets + blockIdx.y, dw_place(cut, g.channels),
                              rows, g.channels, epsilon};
    if (Form::ROWS > 0) fold_norm_and_dw(tail, out, sums, at.dw);
    else tail(out);
}

// Form without sums: the input as it is, or of the filter alone.
template <class Form, class Gradient, class Input, class Store, class T>
__device__ __forceinline__ void dw_backward_plain(const Gradient& gradient, const Input& input, const T* w, Store out, float* dw,
                                                  float* partials, int* tickets, const DwGeometry& g, const DwCut& cut) {
    Sum8 sums[Form::TAPS];
    dw_backward_walk<Form>(DwWalk(cut, g.channels), (int)blockIdx.z * Form::ROWS, gradient, input, w, out, sums, g, cut);
    if (Form::ROWS > 0) fold_dw(sums, dw, partials, tickets, g.channels, cut);
}

template <class Form, class T>
__device__ __forceinline__ void fused_dw_backward_raw(const DwBackwardOperands<T>& at, const DwGeometry& g, const DwCut& cut, float, float,
                                                      float) {
    dw_backward_plain<Form>(GradientLoad<T>{at.g, at.y, {at.statistics, at.sums, g.channels}}, RawLoad<T>{at.x}, at.w,
                            DwStore<T>{at.dx}, at.dw, at.partials, at.tickets, g, cut);
}

template <class Form, class T>
__device__ __forceinline__ void fused_dw_backward_filter_norm(const DwBackwardOperands<T>& at, const DwGeometry& g, const DwCut& cut,
                                                              float low, float high, float) {
    dw_backward_plain<Form>(GradientLoad<T>{at.g, at.y, {at.statistics, at.sums, g.channels}},
                            NormLoad<T>{at.x, {at.norm, g.channels, low, high}}, at.w, NoStore{}, at.dw, at.partials, at.tickets, g, cut);
}

// A tensor that may be the one that is written.
template <class T> struct PlainLoad {
    const T* x;
    __device__ __forceinline__ PlainLoad at(int /*channel*/) const { return *this; }
    __device__ __forceinline__ Float8 operator()(int e) const { return load(x + e); }
};

template <class T>
__device__ __forceinline__ void bn_backward_reduce_lines(const T* x, const T* dy, const ChannelNorms& norm, T* g, float* dgamma,
                                                         float* dbeta, float* partials, int* tickets, int height, int width, int before,
                                                         const DwCut& cut) {
    const int channels = norm.channels, rows = cut.images * height * width;
    const DwWalk walk(cut, channels);
    StoreGradient<T> out({g, rows, channels}, x, nullptr, norm.at(walk.channel < channels ? walk.channel : 0));
    map_pieces_up(walk, PlainLoad<T>{dy}, out, height, width, before, channels, cut);
    DwFoldGradient{norm.stats, dgamma, dbeta, nullptr, partials, tickets + blockIdx.y, dw_place(cut, channels), rows, channels,
                   norm.epsilon}(out);
}

}  // namespace separable

// FUNCTION<FORM> of this namespace as entry point fused_dw_backward_`name`.
#define FUSED_DW_BACKWARD(name, FUNCTION, K, S, DATA, ROWS, T, suffix)                                                       \
    extern "C" __global__ void __launch_bounds__(separable::DW_THREADS, 2)                                                   \
    fused_dw_backward_##name##_##suffix(                                                                                     \
        const T* g, const T* y, const float* statistics, const float* sums, const T* x, const float* norm, const T* w,       \
        T* dx, float* dgamma, float* dbeta, float* x_sums, float* dw, float* partials, int* tickets, int h, int width,       \
        int oh, int ow, int channels, int top, int left, int images, int columns, int rows, int bands, int strips,           \
        float low, float high, float epsilon) {                                                                              \
        separable::FUNCTION<separable::DwBackward<K, S, DATA, ROWS>, T>(                                                     \
            {g, y, statistics, sums, x, norm, w, dx, dgamma, dbeta, x_sums, dw, partials, tickets},                          \
            {h, width, oh, ow, channels, top, left}, {images, columns, rows, bands, strips}, low, high, epsilon);            \
    }                                                                                                                        \
    EXPORT_KERNEL(fused_dw_backward_##name##_##suffix)

#define DW_BACKWARD_FILTER_LINES(K, S, ROWS, T, suffix)                                                                      \
    extern "C" __global__ void __launch_bounds__(separable::DW_THREADS, 2)                                                   \
    dw_backward_filter_lines_k##K##s##S##_##suffix(const T* x, const T* dy, float* dw, float* partials, int* tickets, int h, \
                                                   int width, int oh, int ow, int channels, int top, int left, int images,   \
                                                   int columns, int rows, int bands, int strips) {                           \
        separable::dw_backward_plain<separable::DwBackward<K, S, false, ROWS>>(                                              \
            separable::RawLoad<T>{dy}, separable::RawLoad<T>{x}, (const T*)nullptr, separable::NoStore{}, dw, partials,      \
            tickets, {h, width, oh, ow, channels, top, left}, {images, columns, rows, bands, strips});                       \
    }                                                                                                                        \
    EXPORT_KERNEL(dw_backward_filter_lines_k##K##s##S##_##suffix)

// Of a filter of which a thread computes ROWS lines.
#define FUSED_DW_BACKWARD_FORMS(K, S, ROWS, T, suffix)                                                       \
    FUSED_DW_BACKWARD(data_k##K##s##S##_norm, fused_dw_backward_norm, K, S, true, 0, T, suffix);             \
    FUSED_DW_BACKWARD(data_k##K##s##S##_raw, fused_dw_backward_raw, K, S, true, 0, T, suffix);               \
    FUSED_DW_BACKWARD(filter_k##K##s##S##_norm, fused_dw_backward_filter_norm, K, S, false, ROWS, T, suffix); \
    FUSED_DW_BACKWARD(filter_k##K##s##S##_raw, fused_dw_backward_raw, K, S, false, ROWS, T, suffix);         \
    DW_BACKWARD_FILTER_LINES(K, S, ROWS, T, suffix)

#define FUSED_DW_BACKWARD_BOTH(S, T, suffix)                                                     \
    FUSED_DW_BACKWARD(both_k3s##S##_norm, fused_dw_backward_norm, 3, S, true, 3, T, suffix);     \
    FUSED_DW_BACKWARD(both_k3s##S##_raw, fused_dw_backward_raw, 3, S, true, 3, T, suffix)

#define BN_BACKWARD_REDUCE_LINES(T, suffix)                                                                                  \
    extern "C" __global__ void __launch_bounds__(separable::DW_THREADS)                                                      \
    bn_backward_reduce_lines_##suffix(const T* x, const T* dy, const float* stats, const float* gamma, const float* beta,    \
                                      T* g, float* dgamma, float* dbeta, float* partials, int* tickets, int height,          \
                                      int width, int channels, int before, int images, int columns, int rows, int bands,     \
                                      int strips, float low, float high, float epsilon) {                                    \
        separable::bn_backward_reduce_lines(x, dy, {stats, gamma, beta, channels, epsilon, low, high}, g, dgamma, dbeta,     \
                                            partials, tickets, height, width, before,                                        \
                                            {images, columns, rows, bands, strips});                                         \
    }                                                                                                                        \
    EXPORT_KERNEL(bn_backward_reduce_lines_##suffix)

#define FUSED_DW_BACKWARD_KERNELS(T, suffix)    \
    FUSED_DW_BACKWARD_FORMS(3, 1, 3, T, suffix); \
    FUSED_DW_BACKWARD_FORMS(3, 2, 3, T, suffix); \
    FUSED_DW_BACKWARD_FORMS(5, 1, 1, T, suffix); \
    FUSED_DW_BACKWARD_FORMS(5, 2, 1, T, suffix); \
    FUSED_DW_BACKWARD_BOTH(1, T, suffix);        \
    FUSED_DW_BACKWARD_BOTH(2, T, suffix);        \
    BN_BACKWARD_REDUCE_LINES(T, suffix);

FOR_EACH_DTYPE(FUSED_DW_BACKWARD_KERNELS)
