package separable.bench;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import separable.model.MobileNetV2;
import separable.spec.Precision;
import separable.spec.Layout;
import separable.spec.Pass;
import separable.tune.Problem;
import separable.tune.Timing;

/** Reports with figures made up for tests: MobileNetV2 as a GPU might run it. */
final class Reports {

    static final RunInfo GPU = new RunInfo("bench kernels --shapes mobilenet-v2", "2026-01-02T03:04:05Z", "Test GPU", "9.0", 132, "12.4",
            "550.54", "none: not found", "0.1.0", "abc1234", "17", "mobilenet-v2, 224x224, batch 128");

    private Reports() {}

    /** All of MobileNetV2 at 224 and batch 128: a row for every shape, pass and precision. */
    static KernelReport mobileNetV2(RunInfo info, Precision... precisions) {
        Map<Precision, Ceiling> ceilings = new EnumMap<>(Precision.class);
        List<KernelRow> rows = new ArrayList<>();
        int at = 0;
        for (Precision precision : precisions) {
            Ceiling ceiling = new Ceiling(3e12, precision == Precision.FP32 ? 5e13 : 6e14);
            ceilings.put(precision, ceiling);
            for (BenchShape shape : NetworkShapes.of(MobileNetV2.standard().network(), 128)) {
                for (Pass pass : Pass.values()) {
                    Problem problem = new Problem(shape.spec(), precision, Layout.PADDED_NHWC, pass);
                    ConvCost cost = ConvCost.of(problem);
                    double floor = 1e6 * cost.flops() / ceiling.roof(cost.intensity());
                    // Shares of 50 to 95%, small ones worse, and a cuDNN that is now faster, now slower.
                    double best = floor / (0.5 + 0.05 * (at % 10)) + 2;
                    Timed cudnn = timed("cudnn", best * (0.8 + 0.3 * (at++ % 7)));
                    rows.add(new KernelRow(shape, problem, timed("a", best * 1.2), timed("b", best), Optional.of(cudnn), ""));
                }
            }
        }
        return new KernelReport(info, true, ceilings, rows, List.of());
    }

    static Timed timed(String contender, double median) {
        return new Timed(contender, new Timing(median, 0.98 * median, 1.03 * median, 20, 1));
    }
}
