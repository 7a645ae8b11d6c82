#include "problem.h"

extern "C" CUresult cuCtxGetCurrent(CUcontext*);

namespace standin {

namespace {

int output_extent(int input, int pad, int kernel, int stride, int dilation) {
    return 1 + (input + 2 * pad - ((kernel - 1) * dilation + 1)) / stride;
}

cudnnStatus_t check_types(const Problem& p) {
    const int type = p.x.type;
    if (p.y.type != type || p.w.type != type) return CUDNN_STATUS_BAD_PARAM;
    // FLOAT_CONFIG, PSEUDO_HALF_CONFIG and BFLOAT16_CONFIG: all compute in fp32.
    if (p.convolution.compute_type != DATA_FLOAT) return CUDNN_STATUS_NOT_SUPPORTED_DATA_TYPE;
    return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t check_shapes(const Problem& p) {
    const int (&x)[4] = p.x.extent, (&y)[4] = p.y.extent, (&w)[4] = p.w.extent;
    const Convolution& c = p.convolution;
    if (x[0] != y[0] || w[0] != y[1] || w[1] * c.groups != x[1] || w[0] % c.groups != 0) return CUDNN_STATUS_BAD_PARAM_SHAPE_MISMATCH;
    for (int axis = 0; axis < 2; ++axis) {
        const int input = x[2 + axis], kernel = w[2 + axis];
        if ((kernel - 1) * c.dilation[axis] + 1 > input + 2 * c.pad[axis]) return CUDNN_STATUS_BAD_PARAM;
        if (output_extent(input, c.pad[axis], kernel, c.stride[axis], c.dilation[axis]) != y[2 + axis]) return CUDNN_STATUS_NOT_SUPPORTED_SHAPE;
    }
    return CUDNN_STATUS_SUCCESS;
}

bool is_square(const Problem& p, int size) { return p.w.extent[2] == size && p.w.extent[3] == size; }

bool is_dense(const Problem& p) {
    const Convolution& c = p.convolution;
    return c.stride[0] == 1 && c.stride[1] == 1 && c.dilation[0] == 1 && c.dilation[1] == 1;
}

// What the manual's tables say of FFT and Winograd: strides and dilation of one, small or fixed filters, NCHW or fp32 only.
bool fft(const Problem& p) { return is_dense(p) && p.x.format == FORMAT_NCHW && p.x.type != DATA_BFLOAT16 && p.x.extent[2] + 2 * p.convolution.pad[0] <= 256; }
bool fft_tiling(const Problem& p) { return fft(p) && p.w.extent[2] <= 32 && p.w.extent[3] <= 32; }
bool winograd(const Problem& p) { return is_dense(p) && is_square(p, 3) && p.x.type == DATA_FLOAT && p.x.format == FORMAT_NCHW; }
bool winograd_nonfused(const Problem& p) { return is_dense(p) && (is_square(p, 3) || is_square(p, 5)) && p.x.format == FORMAT_NCHW; }

// Some size that depends on the problem and is no multiple of anything, so that a wrong one shows.
size_t some_bytes(const Problem& p, int factor) { return size_t(factor) * p.w.extent[0] * p.w.extent[2] + 4 * p.x.extent[1] + 20; }

}  // namespace

cudnnStatus_t assemble(Pass pass, void* handle, void* x, void* w, void* convolution, void* y, Problem& problem) {
    Handle* const h = live<Handle>(handle);
    const Tensor *const xt = live<Tensor>(x), *const yt = live<Tensor>(y);
    const Filter* const wf = live<Filter>(w);
    const Convolution* const c = live<Convolution>(convolution);
    if (h == nullptr || xt == nullptr || yt == nullptr || wf == nullptr || c == nullptr) return CUDNN_STATUS_BAD_PARAM;
    if (!xt->set || !yt->set || !wf->set || !c->set) return CUDNN_STATUS_BAD_PARAM;
    CUcontext current = nullptr;
    if (cuCtxGetCurrent(&current) != CUDA_SUCCESS || current != h->context) return CUDNN_STATUS_BAD_PARAM_STREAM_MISMATCH;
    problem = {pass, h, *xt, *yt, *wf, *c};
    if (const cudnnStatus_t bad = check_types(problem); bad != CUDNN_STATUS_SUCCESS) return bad;
    if (xt->format != yt->format || wf->format != xt->format) return CUDNN_STATUS_NOT_SUPPORTED_LAYOUT;
    return check_shapes(problem);
}

bool is_deterministic(Pass pass, int algorithm) {
    if (pass == Pass::FORWARD) return true;
    return pass == Pass::BACKWARD_DATA ? algorithm != 0 : algorithm != 0 && algorithm != 3;
}

cudnnStatus_t workspace_bytes(const Problem& p, int algorithm, size_t& bytes) {
    // In the order of the enumerations: which can compute the problem, and what a unit of its workspace is.
    struct Row { bool able; int factor; };
    const Row forward[] = {{true, 0}, {true, 4}, {p.convolution.dilation[0] == 1, 64}, {false, 0},
                           {fft(p), 512}, {fft_tiling(p), 256}, {winograd(p), 0}, {winograd_nonfused(p), 128}};
    const Row data[] = {{true, 0}, {true, 4}, {fft(p), 512}, {fft_tiling(p), 256}, {winograd(p), 0}, {winograd_nonfused(p), 128}};
    const Row filter[] = {{true, 0}, {true, 4}, {fft(p), 512}, {true, 8}, {false, 0}, {winograd_nonfused(p), 128}, {fft_tiling(p), 256}};
    if (algorithm < 0 || algorithm >= algorithm_count(p.pass)) return CUDNN_STATUS_BAD_PARAM;
    const Row row = (p.pass == Pass::FORWARD ? forward : p.pass == Pass::BACKWARD_DATA ? data : filter)[algorithm];
    bytes = row.able && row.factor > 0 ? some_bytes(p, row.factor) : 0;
    return row.able ? CUDNN_STATUS_SUCCESS : CUDNN_STATUS_NOT_SUPPORTED;
}

size_t bytes_of(const Tensor& t) { return size_t(t.extent[0]) * t.extent[1] * t.extent[2] * t.extent[3] * element_bytes(t.type); }
size_t bytes_of(const Filter& f) { return size_t(f.extent[0]) * f.extent[1] * f.extent[2] * f.extent[3] * element_bytes(f.type); }

}  // namespace standin
