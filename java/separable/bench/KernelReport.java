package separable.bench;

import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.ToDoubleFunction;
import java.util.stream.DoubleStream;
import separable.spec.Precision;
import separable.spec.Pass;

/**
 * Everything one run measured.
 *
 * @param whole    whether every shape asked for is there
 * @param ceilings one for every precision that occurs in the rows
 * @param refused  contenders that computed something wrong and were not timed, a line each
 */
public record KernelReport(RunInfo info, boolean whole, Map<Precision, Ceiling> ceilings, List<KernelRow> rows, List<String> refused) {

    /** Depthwise kernels that move at least so many bytes are held against the copy bandwidth: smaller ones are over before the memory is busy. */
    static final long LARGE_BYTES = 32_000_000;
    static final double LEAST_COPY_SHARE = 0.85;

    public KernelReport {
        ceilings = Map.copyOf(ceilings);
        rows = List.copyOf(rows);
        refused = List.copyOf(refused);
        for (KernelRow row : rows) {
            if (!ceilings.containsKey(row.precision())) {
                throw new IllegalArgumentException(row.label() + ": no ceiling was measured in " + row.precision());
            }
        }
    }

    public double share(KernelRow row) {
        return row.share(ceilings.get(row.precision()));
    }

    /** The precisions in the rows, in the order of {@link Precision}. */
    public List<Precision> precisions() {
        return rows.stream().map(KernelRow::precision).distinct().sorted().toList();
    }

    public List<KernelRow> rows(Precision precision) {
        return rows.stream().filter(row -> row.precision() == precision).toList();
    }

    /** Rows of a family in a precision. */
    public List<KernelRow> rows(Precision precision, ConvFamily family) {
        return rows(precision).stream().filter(row -> row.shape().family() == family).toList();
    }

    public OptionalDouble medianRatio(List<KernelRow> some) {
        return median(some.stream().map(KernelRow::ratio).filter(OptionalDouble::isPresent).mapToDouble(OptionalDouble::getAsDouble));
    }

    public OptionalDouble medianShare(List<KernelRow> some) {
        return median(some.stream().mapToDouble(this::share));
    }

    /** Microseconds of all convolutions of a pass, each as often as the network has it. */
    public double total(Precision precision, Pass pass, ToDoubleFunction<KernelRow> microseconds) {
        return rows(precision).stream().filter(row -> row.pass() == pass)
                .mapToDouble(row -> row.shape().count() * microseconds.applyAsDouble(row)).sum();
    }

    /** Depthwise rows that move more than 32 MB and stay below 85% of the copy bandwidth, the worst first. */
    public List<KernelRow> belowCopyBandwidth() {
        return rows.stream().filter(row -> row.shape().family() == ConvFamily.DEPTHWISE && row.cost().bytes() > LARGE_BYTES)
                .filter(row -> share(row) < LEAST_COPY_SHARE).sorted(Comparator.comparingDouble(this::share)).toList();
    }

    /** Rows in which cuDNN is faster than the best of ours, the worst first. */
    public List<KernelRow> slowerThanCudnn() {
        return rows.stream().filter(row -> row.ratio().orElse(1) < 1).sorted(Comparator.comparingDouble(row -> row.ratio().getAsDouble())).toList();
    }

    /** The reason why cuDNN takes part in no row, when it takes part in none. */
    public Optional<String> noCudnnAtAll() {
        boolean none = !rows.isEmpty() && rows.stream().allMatch(row -> row.cudnn().isEmpty());
        return none ? Optional.of(rows.get(0).noCudnn()) : Optional.empty();
    }

    private static OptionalDouble median(DoubleStream values) {
        double[] sorted = values.sorted().toArray();
        int n = sorted.length;
        return n == 0 ? OptionalDouble.empty() : OptionalDouble.of((sorted[(n - 1) / 2] + sorted[n / 2]) / 2);
    }
}
