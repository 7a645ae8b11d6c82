// The three passes as the manual's formulas, in plain loops over double-precision copies.
#include <cmath>
#include <cstdint>
#include <cstring>
#include <vector>

#include "problem.h"

namespace standin {

namespace {

uint32_t bits_of(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

float float_of(uint32_t bits) {
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

// IEEE half: 10 bits of fraction, exponent from -14 to 15, denormals below.
double half_value(uint16_t bits) {
    const int exponent = bits >> 10 & 31, fraction = bits & 1023;
    const double size = exponent == 0 ? std::ldexp(fraction, -24) : exponent == 31 ? (fraction == 0 ? INFINITY : NAN) : std::ldexp(1024 + fraction, exponent - 25);
    return bits >> 15 ? -size : size;
}

// To nearest, ties to even: the step between neighbours is 2^(exponent - 10), never below 2^-24.
uint16_t half_bits(double value) {
    const uint16_t sign = std::signbit(value) ? 0x8000 : 0;
    const double size = std::fabs(value);
    if (std::isnan(value)) return 0x7fff;
    if (size >= 65520) return sign | 0x7c00;
    if (size == 0) return sign;
    const int exponent = std::fmax(std::ilogb(size), -14);
    const int steps = int(std::nearbyint(std::ldexp(size, 10 - exponent)));  // from 0 to 2048
    return sign | uint16_t(steps + ((exponent + 14) << 10));
}

double load(const void* memory, int type, size_t i) {
    switch (type) {
        case DATA_FLOAT: return static_cast<const float*>(memory)[i];
        case DATA_BFLOAT16: return float_of(uint32_t(static_cast<const uint16_t*>(memory)[i]) << 16);
        default: return half_value(static_cast<const uint16_t*>(memory)[i]);
    }
}

void store(void* memory, int type, size_t i, double value) {
    switch (type) {
        case DATA_FLOAT: static_cast<float*>(memory)[i] = float(value); break;
        case DATA_BFLOAT16: {
            const uint32_t bits = bits_of(float(value));
            static_cast<uint16_t*>(memory)[i] = std::isnan(value) ? 0x7fff : uint16_t((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
            break;
        }
        default: static_cast<uint16_t*>(memory)[i] = half_bits(value);
    }
}

template <class D> size_t offset(const D& d, int a, int b, int c, int e) {
    return size_t(a) * d.stride[0] + size_t(b) * d.stride[1] + size_t(c) * d.stride[2] + size_t(e) * d.stride[3];
}

// Visits every product of the sum y[n,k,p,q] = x[n, c, p*u + r*d - pad, ...] * w[k, c', r, s] inside the picture, with offsets.
template <class F> void for_each_product(const Problem& problem, F visit) {
    const Convolution& conv = problem.convolution;
    const int (&y)[4] = problem.y.extent, (&w)[4] = problem.w.extent;
    const int outputs_of_group = y[1] / conv.groups;
    for (int n = 0; n < y[0]; ++n)
        for (int k = 0; k < y[1]; ++k)
            for (int p = 0; p < y[2]; ++p)
                for (int q = 0; q < y[3]; ++q)
                    for (int c = 0; c < w[1]; ++c)
                        for (int r = 0; r < w[2]; ++r)
                            for (int s = 0; s < w[3]; ++s) {
                                // A convolution in the strict sense flips the filter.
                                const int fr = conv.mode == MODE_CROSS_CORRELATION ? r : w[2] - 1 - r;
                                const int fs = conv.mode == MODE_CROSS_CORRELATION ? s : w[3] - 1 - s;
                                const int row = p * conv.stride[0] + r * conv.dilation[0] - conv.pad[0];
                                const int column = q * conv.stride[1] + s * conv.dilation[1] - conv.pad[1];
                                if (row < 0 || row >= problem.x.extent[2] || column < 0 || column >= problem.x.extent[3]) continue;
                                visit(offset(problem.x, n, k / outputs_of_group * w[1] + c, row, column), offset(problem.w, k, c, fr, fs),
                                      offset(problem.y, n, k, p, q));
                            }
}

std::vector<double> loaded(const void* memory, int type, size_t bytes) {
    std::vector<double> values(bytes / element_bytes(type));
    for (size_t i = 0; i < values.size(); ++i) values[i] = load(memory, type, i);
    return values;
}

}  // namespace

void compute(const Problem& problem, const void* a, const void* b, void* out) {
    const int type = problem.x.type;
    const bool forward = problem.pass == Pass::FORWARD, data = problem.pass == Pass::BACKWARD_DATA;
    // a, b, out: x w y, dy w dx, x dy dw.
    const std::vector<double> left = loaded(a, type, data ? bytes_of(problem.y) : bytes_of(problem.x));
    const std::vector<double> right = loaded(b, type, forward || data ? bytes_of(problem.w) : bytes_of(problem.y));
    const size_t bytes = forward ? bytes_of(problem.y) : data ? bytes_of(problem.x) : bytes_of(problem.w);
    std::vector<double> sums(bytes / element_bytes(type));
    for_each_product(problem, [&](size_t x, size_t w, size_t y) {
        if (forward) sums[y] += left[x] * right[w];
        else if (data) sums[x] += left[y] * right[w];
        else sums[w] += left[x] * right[y];
    });
    for (size_t i = 0; i < sums.size(); ++i) store(out, type, i, sums[i]);
}

}  // namespace standin
