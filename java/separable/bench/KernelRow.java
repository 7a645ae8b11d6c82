package separable.bench;

import java.util.Objects;
import java.util.Optional;
import java.util.OptionalDouble;
import separable.spec.Precision;
import separable.spec.Pass;
import separable.tune.Problem;

/**
 * One shape in one pass and precision, measured.
 *
 * @param ours    what runs without tuning
 * @param best    the fastest of our variants
 * @param cudnn   the fastest of cuDNN's algorithms
 * @param noCudnn why there is none of cuDNN's; empty when there is
 */
public record KernelRow(BenchShape shape, Problem problem, Timed ours, Timed best, Optional<Timed> cudnn, String noCudnn) {

    public KernelRow {
        Objects.requireNonNull(ours, "ours");
        Objects.requireNonNull(best, "best");
        if (cudnn.isPresent() != noCudnn.isEmpty()) {
            throw new IllegalArgumentException(shape.name() + " " + problem.pass() + ": either a time of cuDNN's or the reason why there is none");
        }
    }

    public Precision precision() {
        return problem.precision();
    }

    public Pass pass() {
        return problem.pass();
    }

    public ConvCost cost() {
        return ConvCost.of(problem);
    }

    /** How many times as fast as cuDNN our best is. */
    public OptionalDouble ratio() {
        return cudnn.isPresent() ? OptionalDouble.of(cudnn.get().median() / best.median()) : OptionalDouble.empty();
    }

    public double bytesPerSecond() {
        return 1e6 * cost().bytes() / best.median();
    }

    public double flopsPerSecond() {
        return 1e6 * cost().flops() / best.median();
    }

    /** Whether memory limits it: always in a depthwise convolution, whose arithmetic is none that the product's ceiling says anything about. */
    public boolean memoryBound(Ceiling ceiling) {
        return shape.family() == ConvFamily.DEPTHWISE || ceiling.memoryBound(cost());
    }

    /** The rate reached as a share of the ceiling that limits it. */
    public double share(Ceiling ceiling) {
        return memoryBound(ceiling) ? bytesPerSecond() / ceiling.copyBytesPerSecond() : flopsPerSecond() / ceiling.flopsPerSecond();
    }

    /** Shape, pass and precision, as in {@code dw3s1 112x112x32 forward bf16}. */
    public String label() {
        return shape.name() + " " + pass() + " " + precision();
    }
}
