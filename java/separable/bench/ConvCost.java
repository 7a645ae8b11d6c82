package separable.bench;

import separable.tune.Problem;

/**
 * What one pass of a convolution cannot do without.
 *
 * @param bytes to and from memory when every operand moves once: two activations and the filter, all in the storage
 *              precision but a filter gradient, which is fp32
 * @param flops two a multiply-add, taps in the padding included
 */
public record ConvCost(long bytes, long flops) {

    public static ConvCost of(Problem problem) {
        return new ConvCost(problem.aBytes() + problem.bBytes() + problem.outBytes(), 2 * problem.spec().multiplyAdds());
    }

    /** Operations a byte: where a convolution stands on the x axis of a roofline. */
    public double intensity() {
        return (double) flops / bytes;
    }
}
