package separable.graph;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import separable.device.Device;
import separable.device.Stream;
import separable.model.MobileNetV1;
import separable.model.SeparableCnn;
import separable.spec.DType;
import separable.testing.DeviceExtension;
import separable.testing.Narrow;

/** A model's state on the device: first values, saving and loading. */
@ExtendWith(DeviceExtension.class)
class ParametersTest {

    private static final List<StateEntry> NORMALISED = MobileNetV1.standard().withWidth(0.3).withInput(32, 3, 2).withClasses(10).network().state();
    private static final List<StateEntry> BIASED = SeparableCnn.standard(28, 10, 1).network().state();

    @Test
    void oneSeedGivesOneSetOfBits(Device device, Stream stream) {
        try (Parameters first = new Parameters(device, NORMALISED, DType.F32); Parameters second = new Parameters(device, NORMALISED, DType.F32)) {
            first.initialise(7, stream);
            second.initialise(7, stream);
            assertThat(first.weights().readFloats(0, first.elements())).isEqualTo(second.weights().readFloats(0, first.elements()));
            assertThat(floats(first.export(), "blocks.3.1.conv_pw.weight")).as("layers of one shape differ")
                    .isNotEqualTo(floats(first.export(), "blocks.3.2.conv_pw.weight"));
            second.initialise(8, stream);
            assertThat(first.weights().readFloats(0, first.elements())).isNotEqualTo(second.weights().readFloats(0, first.elements()));
        }
    }

    @Test
    void firstValuesHaveTheirDistributionAndSurplusElementsAreZero(Device device, Stream stream) {
        try (Parameters parameters = new Parameters(device, NORMALISED, DType.F32)) {
            parameters.initialise(7, stream);
            float[] flat = parameters.weights().readFloats(0, parameters.elements());
            Map<String, StateValue> state = parameters.export();
            for (Parameter parameter : parameters.layout().parameters()) {
                requireDistribution(parameter, ((StateValue.Floats) state.get(parameter.name())).values());
            }
            assertThat(sumOfSquares(flat)).as("nothing outside of the parameters").isEqualTo(
                    parameters.layout().parameters().stream().mapToDouble(each -> sumOfSquares(((StateValue.Floats) state.get(each.name())).values())).sum(),
                    within(1e-6));
        }
    }

    private static void requireDistribution(Parameter parameter, float[] values) {
        InitialValue initial = parameter.initial();
        if (initial.distribution() == InitialValue.Distribution.CONSTANT) {
            assertThat(values).as(parameter.name()).containsOnly(initial.first());
            return;
        }
        double deviation = Math.sqrt(sumOfSquares(values) / values.length);
        // The deviation of n normal values is itself good to 1/sqrt(2n); five of those.
        double tolerance = 5 / Math.sqrt(2.0 * values.length) * initial.second();
        assertThat(deviation).as(parameter.name()).isBetween(initial.second() - tolerance, initial.second() + tolerance);
    }

    private static double sumOfSquares(float[] values) {
        double sum = 0;
        for (float value : values) {
            sum += (double) value * value;
        }
        return sum;
    }

    @Test
    void aSavedStateComesBackBitForBit(Device device, Stream stream) {
        for (List<StateEntry> model : List.of(NORMALISED, BIASED)) {
            try (Parameters saved = new Parameters(device, model, DType.F32); Parameters loaded = new Parameters(device, model, DType.F32)) {
                saved.initialise(7, stream);
                saved.batchesTracked(41);
                Map<String, StateValue> state = saved.export();
                loaded.load(state);
                assertThat(loaded.weights().readFloats(0, saved.elements())).isEqualTo(saved.weights().readFloats(0, saved.elements()));
                assertThat(loaded.export().keySet()).containsExactlyElementsOf(state.keySet());
                assertThat(loaded.batchesTracked()).isEqualTo(model == NORMALISED ? 41 : 0);
            }
        }
    }

    @Test
    void runningStatisticsStartAtZeroMeanAndUnitVarianceAndAreLoaded(Device device) {
        try (Parameters parameters = new Parameters(device, NORMALISED, DType.F32)) {
            Map<String, StateValue> state = new LinkedHashMap<>(parameters.export());
            assertThat(floats(state, "bn1.running_mean")).containsOnly(0).hasSize(9);
            assertThat(floats(state, "bn1.running_var")).containsOnly(1).hasSize(9);
            assertThat(state.get("bn1.num_batches_tracked")).isEqualTo(new StateValue.Counter(0));
            float[] means = {1, 2, 3, 4, 5, 6, 7, 8, 9};
            state.put("bn1.running_mean", new StateValue.Floats(List.of(9), means));
            parameters.load(state);
            assertThat(floats(parameters.export(), "bn1.running_mean")).containsExactly(means);
        }
    }

    @ParameterizedTest
    @EnumSource(value = DType.class, names = "F32", mode = EnumSource.Mode.EXCLUDE)
    void theCopyIsRounded(DType type, Device device, Stream stream) {
        try (Parameters parameters = new Parameters(device, BIASED, type)) {
            parameters.initialise(7, stream);
            requireRounded(parameters);
            Map<String, StateValue> state = new LinkedHashMap<>(parameters.export());
            float[] bias = new float[32];
            Arrays.fill(bias, 1.2345678f);
            state.put("conv1.bias", new StateValue.Floats(List.of(32), bias));
            parameters.load(state);
            requireRounded(parameters);
        }
    }

    private static void requireRounded(Parameters parameters) {
        float[] weights = parameters.weights().readFloats(0, parameters.elements());
        short[] copy = parameters.weights16().orElseThrow().readShorts(0, parameters.elements());
        for (int at = 0; at < copy.length; at++) {
            assertThat(copy[at]).isEqualTo(Narrow.bits(weights[at], parameters.type()));
        }
    }

    @Test
    void aStateThatDoesNotFitIsNamedAndChangesNothing(Device device, Stream stream) {
        try (Parameters parameters = new Parameters(device, BIASED, DType.F32)) {
            parameters.initialise(7, stream);
            float[] before = parameters.weights().readFloats(0, parameters.elements());
            Map<String, StateValue> state = new LinkedHashMap<>(parameters.export());
            state.remove("conv1.bias");
            state.put("conv1.gamma", new StateValue.Floats(List.of(2), new float[2]));
            state.put("classifier.weight", new StateValue.Floats(List.of(5, 1152), new float[5 * 1152]));
            assertThatThrownBy(() -> parameters.load(state)).isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("missing: 'conv1.bias' [32]")
                    .hasMessageContaining("not of this model: 'conv1.gamma'")
                    .hasMessageContaining("'classifier.weight' is [5, 1152] instead of [10, 1152]")
                    .hasMessageNotContaining("\n");
            assertThatThrownBy(() -> parameters.load(Map.of())).hasMessageContaining("and 17 more");
            assertThat(parameters.weights().readFloats(0, parameters.elements())).isEqualTo(before);
        }
    }

    @Test
    void closingGivesEverythingBack(Device device) {
        long before = device.liveBytes();
        new Parameters(device, NORMALISED, DType.BF16).close();
        assertThat(device.liveBytes()).isEqualTo(before);
    }

    private static float[] floats(Map<String, StateValue> state, String name) {
        return ((StateValue.Floats) state.get(name)).values();
    }
}
