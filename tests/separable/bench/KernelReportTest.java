package separable.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import separable.spec.ConvSpec;
import separable.spec.Precision;
import separable.spec.Layout;
import separable.spec.Padding;
import separable.spec.Pass;
import separable.spec.Shape;
import separable.tune.Problem;

/** What rows come to, with figures simple enough to do by hand. */
class KernelReportTest {

    /** 1 GB/s and 1 GFLOP/s: a kilobyte or a kiloflop takes a microsecond. */
    private static final Map<Precision, Ceiling> CEILINGS = Map.of(Precision.FP32, new Ceiling(1e9, 1e9));

    /** 50 x 1000 x 100 fp32: 20 MB in, 20 MB out, and 3600 bytes of filter. */
    private static final ConvSpec LARGE = ConvSpec.depthwise(new Shape(1, 50, 1000, 104), 3, 1, 1, Padding.symmetric(1));
    private static final ConvSpec SMALL = ConvSpec.depthwise(new Shape(1, 10, 10, 8), 3, 1, 1, Padding.symmetric(1));
    private static final ConvSpec PRODUCT = ConvSpec.pointwise(Shape.matrix(100, 40), 40);

    private static KernelRow row(ConvSpec spec, int count, double ours, double best, double cudnn) {
        boolean none = Double.isNaN(cudnn);
        return new KernelRow(BenchShape.of(spec, count), new Problem(spec, Precision.FP32, Layout.NHWC, Pass.FORWARD), Reports.timed("a", ours),
                Reports.timed("b", best), none ? Optional.empty() : Optional.of(Reports.timed("c", cudnn)), none ? "none here" : "");
    }

    private static KernelReport report(KernelRow... rows) {
        return new KernelReport(Reports.GPU, true, CEILINGS, List.of(rows), List.of());
    }

    @Test
    void sharesAreOfTheCeilingThatLimits() {
        // 100 x 40 in, 100 x 40 out, 40 x 40 filter: 38400 bytes, 320,000 operations, which take 320 us.
        assertThat(report(row(PRODUCT, 1, 800, 640, 320)).share(row(PRODUCT, 1, 800, 640, 320))).isCloseTo(0.5, within(1e-9));
        // 2 x 3200 + 288 bytes and 14400 operations: memory all the same, as in every depthwise convolution.
        assertThat(report(row(SMALL, 1, 10, 8, 4)).share(row(SMALL, 1, 10, 8, 4))).isCloseTo(6.688 / 8, within(1e-9));
    }

    @Test
    void ratiosAreCudnnsTimeByOurBest() {
        assertThat(row(SMALL, 1, 10, 8, 12).ratio()).hasValue(1.5);
        assertThat(row(SMALL, 1, 10, 8, Double.NaN).ratio()).isEmpty();
        KernelReport report = report(row(SMALL, 1, 9, 8, 4), row(SMALL, 1, 9, 8, 8), row(SMALL, 1, 9, 8, 24), row(SMALL, 1, 9, 8, Double.NaN));
        assertThat(report.medianRatio(report.rows())).hasValue(1);
        assertThat(report.medianRatio(report.rows().subList(0, 2))).hasValue(0.75);
        assertThat(report.medianRatio(report.rows().subList(3, 4))).isEmpty();
    }

    @Test
    void totalsCountEveryOccurrence() {
        assertThat(report(row(SMALL, 5, 10, 8, 12), row(PRODUCT, 2, 7, 6, 5)).total(Precision.FP32, Pass.FORWARD, row -> row.best().median())).isEqualTo(52);
    }

    @Test
    void namesWhatFallsShort() {
        double floor = 1e-3 * ConvCost.of(new Problem(LARGE, Precision.FP32, Layout.NHWC, Pass.FORWARD)).bytes();
        KernelRow slow = row(LARGE, 1, floor / 0.5, floor / 0.84, floor / 0.83);
        KernelRow slower = row(LARGE, 1, floor / 0.5, floor / 0.6, floor / 0.3);
        KernelRow fast = row(LARGE, 1, floor / 0.5, floor / 0.86, floor / 0.87);
        KernelRow small = row(SMALL, 1, 1000, 900, 800);
        KernelReport report = report(slow, slower, fast, small);
        assertThat(report.belowCopyBandwidth()).containsExactly(slower, slow);
        assertThat(report.slowerThanCudnn()).containsExactly(small, fast);
    }

    @Test
    void refusesRowsWithoutACeilingOrAReason() {
        assertThatThrownBy(() -> new KernelReport(Reports.GPU, true, Map.of(), List.of(row(SMALL, 1, 1, 1, 1)), List.of()))
                .hasMessage("dw3s1 10x10x8 forward fp32: no ceiling was measured in fp32");
        KernelRow row = row(SMALL, 1, 1, 1, 1);
        assertThatThrownBy(() -> new KernelRow(row.shape(), row.problem(), row.ours(), row.best(), Optional.empty(), ""))
                .hasMessageContaining("either a time of cuDNN's or the reason");
        assertThatThrownBy(() -> new Ceiling(0, 1)).hasMessageContaining("both must be above 0");
    }

    @Test
    void theTableFitsAScreenAndSaysEverything() {
        String table = KernelTable.of(Reports.mobileNetV2(Reports.GPU, Precision.FP32, Precision.BF16));
        assertThat(table.lines()).allSatisfy(line -> assertThat(line.length()).isLessThanOrEqualTo(KernelTable.WIDTH));
        assertThat(table).contains("bf16: ceilings of this run: copy 3000 GB/s, matrix product 600 TFLOP/s")
                .contains("median of 30 depthwise rows: ", "all, as often as they occur")
                .containsPattern("(?m)^\\d+ of 57 depthwise rows over 32 MB below 85% of the copy bandwidth$")
                .containsPattern("(?m)^\\d+ of 180 rows slower than cuDNN$");
    }

    @Test
    void theTableSaysWhyThereIsNoCudnn() {
        assertThat(KernelTable.of(report(row(SMALL, 1, 10, 8, Double.NaN)))).contains("cuDNN was not timed: none here");
    }
}
