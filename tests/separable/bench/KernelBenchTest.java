package separable.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import separable.cudnn.Cudnn;
import separable.device.Device;
import separable.spec.ConvSpec;
import separable.spec.Precision;
import separable.spec.Layout;
import separable.spec.Padding;
import separable.spec.Pass;
import separable.spec.Shape;
import separable.testing.DeviceExtension;
import separable.tune.Stopwatch;

@ExtendWith(DeviceExtension.class)
class KernelBenchTest {

    private static final List<BenchShape> SHAPES = List.of(
            BenchShape.of(ConvSpec.depthwise(new Shape(1, 6, 6, 8), 3, 1, 1, Padding.symmetric(1)), 1),
            BenchShape.of(ConvSpec.pointwise(new Shape(1, 6, 6, 8), 16), 2),
            BenchShape.of(ConvSpec.full(new Shape(1, 6, 6, 3), 8, 3, 2, 1, Padding.symmetric(1)), 1));

    private static KernelBench bench(Device device, Layout layout) {
        KernelBench.Request request = new KernelBench.Request(SHAPES, List.of(Precision.FP32, Precision.TF32, Precision.BF16), List.of(Pass.FORWARD, Pass.BACKWARD_FILTER),
                layout, true, true, new Stopwatch.Rules(1, 2, 0.1, 0.05, 4));
        return new KernelBench(device, request, Reports.GPU, Cudnn.find());
    }

    @Test
    void measuresEveryShapeInEveryPassAndPrecision(Device device) {
        KernelBench bench = bench(device, Layout.PADDED_NHWC);
        List<String> labels = new ArrayList<>();
        assertThat(bench.run((done, label) -> labels.add(done + " " + label), () -> false)).isTrue();

        KernelReport report = bench.report();
        assertThat(report.whole()).isTrue();
        assertThat(report.refused()).isEmpty();
        assertThat(report.rows()).hasSize(18).allSatisfy(row -> {
            assertThat(row.best().median()).isPositive().isLessThanOrEqualTo(row.ours().median());
            assertThat(row.cudnn().isPresent()).isEqualTo(row.noCudnn().isEmpty());
        });
        assertThat(labels).hasSize(18).startsWith("0 dw3s1 6x6x8 forward fp32", "1 dw3s1 6x6x8 filter fp32").endsWith("17 conv3s2 6x6x3-8 filter bf16");
        assertThat(report.ceilings()).containsOnlyKeys(Precision.FP32, Precision.TF32, Precision.BF16);
    }

    /** Channels first, where some kinds have nothing but the generic kernel. */
    @Test
    void measuresInOtherLayouts(Device device) {
        KernelBench bench = bench(device, Layout.NCHW);
        assertThat(bench.run((done, label) -> { }, () -> false)).isTrue();
        assertThat(bench.report().rows()).hasSize(18);
        assertThat(bench.report().refused()).isEmpty();
        assertThat(bench.report().rows().get(4).ours().contender()).startsWith("GenericConv");
    }

    @Test
    void stopsBetweenRowsAndKeepsThem(Device device) {
        KernelBench bench = bench(device, Layout.PADDED_NHWC);
        assertThat(bench.run((done, label) -> { }, () -> bench.report().rows().size() == 7)).isFalse();
        assertThat(bench.report().whole()).isFalse();
        assertThat(bench.report().rows()).hasSize(7);
    }

    @Test
    void leavesNothingOnTheDevice(Device device) {
        long before = device.liveBytes();
        int open = device.openResources().size();
        bench(device, Layout.PADDED_NHWC).run((done, label) -> { }, () -> false);
        assertThat(device.liveBytes()).isEqualTo(before);
        assertThat(device.openResources()).hasSize(open);
    }
}
