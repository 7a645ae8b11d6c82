// The calls that ask about a convolution and those that enqueue one.
#include <cstdint>
#include <cstring>
#include <vector>

#include "problem.h"

using namespace standin;

extern "C" {
CUresult cuLaunchHostFunc(CUstream, void (*)(void*), void*);
CUresult cuMemGetAddressRange_v2(CUdeviceptr*, size_t*, CUdeviceptr);
}

namespace {

cudnnStatus_t query_workspace(Pass pass, void* handle, void* x, void* w, void* convolution, void* y, int algorithm, size_t* bytes) {
    Problem problem;
    if (const cudnnStatus_t bad = assemble(pass, handle, x, w, convolution, y, problem); bad != CUDNN_STATUS_SUCCESS) return bad;
    return bytes == nullptr ? CUDNN_STATUS_BAD_PARAM_NULL_POINTER : workspace_bytes(problem, algorithm, *bytes);
}

// Those that can compute the problem first, the ones with atomics before all others as a fast GPU would have it; then the rest
// with the status that they would end in.
cudnnStatus_t heuristics(Pass pass, void* handle, void* x, void* w, void* convolution, void* y, int wanted, int* returned, AlgorithmPerformance* found) {
    Problem problem;
    if (const cudnnStatus_t bad = assemble(pass, handle, x, w, convolution, y, problem); bad != CUDNN_STATUS_SUCCESS) return bad;
    if (wanted < 1 || returned == nullptr || found == nullptr) return CUDNN_STATUS_BAD_PARAM;
    std::vector<AlgorithmPerformance> list;
    for (const bool deterministic : {false, true})
        for (int algorithm = algorithm_count(pass) - 1; algorithm >= 0; --algorithm) {
            size_t bytes = 0;
            if (is_deterministic(pass, algorithm) != deterministic || workspace_bytes(problem, algorithm, bytes) != CUDNN_STATUS_SUCCESS) continue;
            list.push_back({algorithm, CUDNN_STATUS_SUCCESS, -1.f, bytes, deterministic, problem.convolution.math_type, {}});
        }
    for (int algorithm = 0; algorithm < algorithm_count(pass); ++algorithm) {
        size_t bytes = 0;
        if (workspace_bytes(problem, algorithm, bytes) != CUDNN_STATUS_SUCCESS)
            list.push_back({algorithm, CUDNN_STATUS_NOT_SUPPORTED, -1.f, 0, 0, MATH_DEFAULT, {}});
    }
    *returned = wanted < int(list.size()) ? wanted : int(list.size());
    memcpy(found, list.data(), *returned * sizeof *found);
    return CUDNN_STATUS_SUCCESS;
}

// Device memory with room for so many bytes, aligned for vector accesses: the real library fails later and less clearly.
cudnnStatus_t check_memory(const void* pointer, size_t bytes) {
    constexpr CUdeviceptr alignment = 16;
    if (bytes == 0) return CUDNN_STATUS_SUCCESS;
    if (pointer == nullptr) return CUDNN_STATUS_BAD_PARAM_NULL_POINTER;
    CUdeviceptr base = 0;
    size_t size = 0;
    const CUdeviceptr address = reinterpret_cast<CUdeviceptr>(pointer);
    if (cuMemGetAddressRange_v2(&base, &size, address) != CUDA_SUCCESS || address + bytes > base + size) return CUDNN_STATUS_EXECUTION_FAILED;
    return address % alignment == 0 ? CUDNN_STATUS_SUCCESS : CUDNN_STATUS_BAD_PARAM_MISALIGNED_POINTER;
}

struct Work {
    Problem problem;
    const void *a, *b;
    void *out, *workspace;
    size_t workspace_bytes;
};

void run(void* data) {
    const Work& work = *static_cast<const Work*>(data);
    // Workspace is scratch: whoever keeps something in it loses it.
    if (work.workspace_bytes > 0) memset(work.workspace, 0xff, work.workspace_bytes);
    compute(work.problem, work.a, work.b, work.out);
}

size_t bytes_of_operand(const Problem& p, char which) { return which == 'x' ? bytes_of(p.x) : which == 'y' ? bytes_of(p.y) : bytes_of(p.w); }

cudnnStatus_t enqueue(Pass pass, void* handle, void* x, void* w, void* convolution, void* y, const float* alpha, const float* beta, int algorithm,
                      void* workspace, size_t given, const void* a, const void* b, void* out) {
    Work work{};
    if (const cudnnStatus_t bad = assemble(pass, handle, x, w, convolution, y, work.problem); bad != CUDNN_STATUS_SUCCESS) return bad;
    if (alpha == nullptr || beta == nullptr) return CUDNN_STATUS_BAD_PARAM_NULL_POINTER;
    if (*alpha != 1.f || *beta != 0.f) return CUDNN_STATUS_NOT_SUPPORTED;
    size_t needed = 0;
    if (const cudnnStatus_t bad = workspace_bytes(work.problem, algorithm, needed); bad != CUDNN_STATUS_SUCCESS) return bad;
    if (given < needed) return CUDNN_STATUS_BAD_PARAM_SIZE_INSUFFICIENT;
    const char* const order = pass == Pass::FORWARD ? "xwy" : pass == Pass::BACKWARD_DATA ? "ywx" : "xyw";
    const void* const operands[] = {a, b, out};
    for (int i = 0; i < 3; ++i)
        if (const cudnnStatus_t bad = check_memory(operands[i], bytes_of_operand(work.problem, order[i])); bad != CUDNN_STATUS_SUCCESS) return bad;
    // All that the caller says may be used is used.
    if (const cudnnStatus_t bad = check_memory(workspace, given); bad != CUDNN_STATUS_SUCCESS) return bad;
    work.a = a, work.b = b, work.out = out, work.workspace = workspace, work.workspace_bytes = given;
    // Never freed: a captured graph may run it at any time.
    return cuLaunchHostFunc(work.problem.handle->stream, run, new Work(work)) == CUDA_SUCCESS ? CUDNN_STATUS_SUCCESS : CUDNN_STATUS_EXECUTION_FAILED;
}

}  // namespace

CUDNN_API cudnnStatus_t cudnnGetConvolutionForwardWorkspaceSize(void* handle, void* x, void* w, void* convolution, void* y, int algorithm, size_t* bytes) {
    FAULT_POINT();
    return query_workspace(Pass::FORWARD, handle, x, w, convolution, y, algorithm, bytes);
}
CUDNN_API cudnnStatus_t cudnnGetConvolutionBackwardDataWorkspaceSize(void* handle, void* w, void* dy, void* convolution, void* dx, int algorithm,
                                                                     size_t* bytes) {
    FAULT_POINT();
    return query_workspace(Pass::BACKWARD_DATA, handle, dx, w, convolution, dy, algorithm, bytes);
}
CUDNN_API cudnnStatus_t cudnnGetConvolutionBackwardFilterWorkspaceSize(void* handle, void* x, void* dy, void* convolution, void* dw, int algorithm,
                                                                       size_t* bytes) {
    FAULT_POINT();
    return query_workspace(Pass::BACKWARD_FILTER, handle, x, dw, convolution, dy, algorithm, bytes);
}

CUDNN_API cudnnStatus_t cudnnGetConvolutionForwardAlgorithm_v7(void* handle, void* x, void* w, void* convolution, void* y, int wanted, int* returned,
                                                               AlgorithmPerformance* found) {
    FAULT_POINT();
    return heuristics(Pass::FORWARD, handle, x, w, convolution, y, wanted, returned, found);
}
CUDNN_API cudnnStatus_t cudnnGetConvolutionBackwardDataAlgorithm_v7(void* handle, void* w, void* dy, void* convolution, void* dx, int wanted,
                                                                    int* returned, AlgorithmPerformance* found) {
    FAULT_POINT();
    return heuristics(Pass::BACKWARD_DATA, handle, dx, w, convolution, dy, wanted, returned, found);
}
CUDNN_API cudnnStatus_t cudnnGetConvolutionBackwardFilterAlgorithm_v7(void* handle, void* x, void* dy, void* convolution, void* dw, int wanted,
                                                                      int* returned, AlgorithmPerformance* found) {
    FAULT_POINT();
    return heuristics(Pass::BACKWARD_FILTER, handle, x, dw, convolution, dy, wanted, returned, found);
}

CUDNN_API cudnnStatus_t cudnnConvolutionForward(void* handle, const float* alpha, void* x_descriptor, const void* x, void* w_descriptor, const void* w,
                                                void* convolution, int algorithm, void* workspace, size_t bytes, const float* beta, void* y_descriptor,
                                                void* y) {
    FAULT_POINT();
    return enqueue(Pass::FORWARD, handle, x_descriptor, w_descriptor, convolution, y_descriptor, alpha, beta, algorithm, workspace, bytes, x, w, y);
}
CUDNN_API cudnnStatus_t cudnnConvolutionBackwardData(void* handle, const float* alpha, void* w_descriptor, const void* w, void* dy_descriptor,
                                                     const void* dy, void* convolution, int algorithm, void* workspace, size_t bytes, const float* beta,
                                                     void* dx_descriptor, void* dx) {
    FAULT_POINT();
    return enqueue(Pass::BACKWARD_DATA, handle, dx_descriptor, w_descriptor, convolution, dy_descriptor, alpha, beta, algorithm, workspace, bytes, dy, w,
                   dx);
}
CUDNN_API cudnnStatus_t cudnnConvolutionBackwardFilter(void* handle, const float* alpha, void* x_descriptor, const void* x, void* dy_descriptor,
                                                       const void* dy, void* convolution, int algorithm, void* workspace, size_t bytes,
                                                       const float* beta, void* dw_descriptor, void* dw) {
    FAULT_POINT();
    return enqueue(Pass::BACKWARD_FILTER, handle, x_descriptor, dw_descriptor, convolution, dy_descriptor, alpha, beta, algorithm, workspace, bytes, x,
                   dy, dw);
}
