package separable.graph;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.assertj.core.data.Percentage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import separable.device.Device;
import separable.device.Stream;
import separable.layer.Network;
import separable.model.SeparableCnn;
import separable.spec.DType;
import separable.spec.Products;
import separable.testing.DeviceExtension;
import separable.testing.Expect;
import separable.tune.Decision;
import separable.tune.Decision.Source;
import separable.tune.Effort;
import separable.tune.Tuning;
import separable.tune.TuningCache;

/** What tuning does to a plan: its kernels, its table, its numbers. */
@ExtendWith(DeviceExtension.class)
class PlanTuningTest {

    private static final Network NETWORK = SeparableCnn.standard(12, 5, 1).network();

    /** Whose convolutions are all chosen. */
    private static final PlanOptions PLAIN = PlanOptions.standard().withSchedule(Schedule.PLAIN);

    private static TrainingStep step(Device device, Stream stream, Tuning tuning) {
        return new TrainingStep(device, stream, NETWORK, 3, DType.F32, PLAIN.withTuning(tuning));
    }

    private static Tuning quick(Path folder) {
        return Tuning.of(Effort.QUICK).withCache(TuningCache.in(folder));
    }

    @Test
    void withoutTuningKernelsAreChosenByRule(Device device, Stream stream) {
        try (TrainingStep step = step(device, stream, Tuning.off())) {
            assertThat(step.plan.decisions()).isNotEmpty().extracting(Decision::source).containsOnly(Source.RULE);
            assertThat(step.plan.describe()).doesNotContain(" us");
        }
    }

    @Test
    void aTunedPlanPrintsTimesAndComputesTheSame(@TempDir Path folder, Device device, Stream stream) {
        try (TrainingStep rule = step(device, stream, Tuning.off()); TrainingStep tuned = step(device, stream, quick(folder))) {
            assertThat(tuned.plan.decisions()).extracting(Decision::source).containsOnly(Source.MEASURED);
            assertThat(tuned.plan.describe()).containsPattern("PointwiseConv [0-9x]+ [0-9.]+ us; next [A-Z]");
            expectTheSameLossAndLogits(rule, tuned);
        }
    }

    @Test
    void rememberedWinnersAreThePlansKernels(@TempDir Path folder, Device device, Stream stream) throws IOException {
        step(device, stream, quick(folder)).close();
        swapWinnersAndRunnersUp(folder.resolve("tuning.json"));
        try (TrainingStep rule = step(device, stream, Tuning.off());
                TrainingStep swapped = step(device, stream, quick(folder)); TrainingStep again = step(device, stream, quick(folder))) {
            assertThat(swapped.plan.decisions()).extracting(Decision::source).containsOnly(Source.REMEMBERED);
            List<String> winners = swapped.plan.decisions().stream().map(Decision::winner).toList();
            assertThat(winners).isNotEqualTo(rule.plan.decisions().stream().map(Decision::winner).toList());
            expectTheSameLossAndLogits(rule, swapped);
            again.run();
            assertThat(again.gradients()).as("the same choices give the same bits").isEqualTo(swapped.gradients());
        }
    }

    /** Rounded products go to the layers that have kernels for them, and are asked for only where the plan is told to. */
    @Test
    void productsInTf32AreTheRulesChoiceWhereAskedFor(Device device, Stream stream) {
        PlanOptions asked = PLAIN.withProducts(Products.TF32);
        try (TrainingStep exact = step(device, stream, Tuning.off());
                TrainingStep rounded = new TrainingStep(device, stream, NETWORK, 3, DType.F32, asked)) {
            assertThat(exact.plan.describe()).contains(", batch 3, fp32: ").doesNotContain("tf32");
            assertThat(rounded.plan.describe()).contains(", batch 3, tf32: ");
            assertThat(rounded.plan.decisions()).isNotEmpty().allSatisfy(decision ->
                    assertThat(decision.winner().contains("tf32")).as(decision.toString()).isEqualTo(decision.problem().spec().isPointwise()));
            exact.run();
            rounded.run();
            Expect.relativeL2(doubles(rounded), doubles(exact), 0x1p-9, "logits");
            assertThat(doubles(rounded)).isNotEqualTo(doubles(exact));
        }
        assertThatThrownBy(() -> new TrainingStep(device, stream, NETWORK, 3, DType.BF16, asked)).isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("tf32 is a way to multiply fp32");
    }

    @Test
    void aTunedPlanGivesEverythingBack(@TempDir Path folder, Device device, Stream stream) {
        long bytes = device.liveBytes();
        int open = device.openResources().size();
        step(device, stream, quick(folder)).close();
        assertThat(device.liveBytes()).isEqualTo(bytes);
        assertThat(device.openResources()).hasSize(open);
    }

    private static void expectTheSameLossAndLogits(TrainingStep expected, TrainingStep actual) {
        expected.run();
        actual.run();
        Expect.relativeL2(doubles(actual), doubles(expected), 1e-5, "logits");
        assertThat(actual.metrics().lossSum()).isCloseTo(expected.metrics().lossSum(), Percentage.withPercentage(0.01));
    }

    private static double[] doubles(TrainingStep step) {
        float[] logits = step.plan.read(step.plan.graph().logits());
        double[] values = new double[logits.length];
        for (int at = 0; at < values.length; at++) {
            values[at] = logits[at];
        }
        return values;
    }

    private static void swapWinnersAndRunnersUp(Path file) throws IOException {
        JsonObject content = JsonParser.parseString(Files.readString(file)).getAsJsonObject();
        for (JsonElement each : content.getAsJsonObject("entries").asMap().values()) {
            JsonObject entry = each.getAsJsonObject();
            JsonElement winner = entry.get("winner");
            entry.add("winner", entry.get("runnerUp"));
            entry.add("runnerUp", winner);
        }
        Files.writeString(file, content.toString());
    }
}
