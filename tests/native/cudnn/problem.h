// A convolution put together from four descriptors, checked as the manual says.
#pragma once
#include "objects.h"

namespace standin {

enum class Pass { FORWARD, BACKWARD_DATA, BACKWARD_FILTER };

struct Problem {
    Pass pass;
    Handle* handle;
    Tensor x, y;
    Filter w;
    Convolution convolution;
};

// Live descriptors that fit together, or what is wrong with them.
cudnnStatus_t assemble(Pass pass, void* handle, void* x, void* w, void* convolution, void* y, Problem& problem);

constexpr int algorithm_count(Pass pass) { return pass == Pass::FORWARD ? 8 : pass == Pass::BACKWARD_DATA ? 6 : 7; }

bool is_deterministic(Pass pass, int algorithm);

// Bytes of workspace, or a status of the 3000s when the algorithm cannot compute the problem.
cudnnStatus_t workspace_bytes(const Problem& problem, int algorithm, size_t& bytes);

// Memory from the first to the last element.
size_t bytes_of(const Tensor& tensor);
size_t bytes_of(const Filter& filter);

// Computes a pass on memory that is laid out as the descriptors say; sums in double, one rounding.
void compute(const Problem& problem, const void* a, const void* b, void* out);

}  // namespace standin
