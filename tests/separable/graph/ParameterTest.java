package separable.graph;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;
import separable.spec.Shape;

/** Names, layouts and places of parameters, without a device. */
class ParameterTest {

    private static final InitialValue ZERO = InitialValue.constant(0);

    @Test
    void depthwiseFiltersAreStoredTapByTap() {
        Parameter parameter = new Parameter("w", Parameter.Layout.DEPTHWISE, 2, 1, 1, 3, true, ZERO);
        assertThat(parameter.fileShape()).containsExactly(2, 1, 1, 3);
        assertThat(parameter.storage()).isEqualTo(new Shape(1, 1, 3, 2));
        assertThat(parameter.toMemory(new float[] {1, 2, 3, 4, 5, 6})).containsExactly(
                1, 4, 0, 0, 0, 0, 0, 0,
                2, 5, 0, 0, 0, 0, 0, 0,
                3, 6, 0, 0, 0, 0, 0, 0);
    }

    @Test
    void otherFiltersAreStoredWithInputChannelsLast() {
        Parameter parameter = new Parameter("w", Parameter.Layout.CONVOLUTION, 1, 2, 1, 2, true, ZERO);
        assertThat(parameter.fileShape()).containsExactly(1, 2, 1, 2);
        assertThat(parameter.storage()).isEqualTo(new Shape(8, 1, 2, 2));
        assertThat(parameter.toMemory(new float[] {1, 2, 3, 4})).startsWith(
                1, 3, 0, 0, 0, 0, 0, 0,
                2, 4, 0, 0, 0, 0, 0, 0).hasSize(8 * 2 * 8);
    }

    @Test
    void denseFiltersAreFlatInFiles() {
        Parameter parameter = new Parameter("w", Parameter.Layout.DENSE, 3, 2, 4, 5, true, ZERO);
        assertThat(parameter.fileShape()).containsExactly(3, 40);
        assertThat(parameter.count()).isEqualTo(120);
    }

    @Test
    void filesComeBackFromMemory() {
        for (Parameter.Layout layout : Parameter.Layout.values()) {
            boolean vector = layout == Parameter.Layout.VECTOR;
            int in = vector || layout == Parameter.Layout.DEPTHWISE ? 1 : 5;
            Parameter parameter = new Parameter("w", layout, 11, in, vector ? 1 : 3, vector ? 1 : 2, true, ZERO);
            float[] file = new float[parameter.count()];
            for (int at = 0; at < file.length; at++) {
                file[at] = at + 1;
            }
            assertThat(parameter.toFile(parameter.toMemory(file))).as(layout.toString()).containsExactly(file);
        }
    }

    @Test
    void impossibleExtentsAreErrors() {
        assertThatThrownBy(() -> new Parameter("w", Parameter.Layout.DEPTHWISE, 4, 2, 3, 3, true, ZERO))
                .hasMessageContaining("w: a DEPTHWISE parameter cannot be 4x2x3x3");
        assertThatThrownBy(() -> Parameter.vector("b", 0, false, ZERO)).hasMessageContaining("b: parameter of 0x1x1x1");
    }

    @Test
    void everyParameterBeginsAtAMultipleOfTheMaskGroup() {
        ParameterLayout layout = new ParameterLayout(List.of(
                new Parameter("conv.weight", Parameter.Layout.CONVOLUTION, 3, 3, 3, 3, true, ZERO),
                Parameter.vector("bn.weight", 3, false, ZERO),
                new RunningStatistics("bn", 70),
                new Parameter("dense.weight", Parameter.Layout.DENSE, 1, 9, 1, 1, true, ZERO),
                new RunningStatistics("bn2", 3)));
        // 8 x 9 x 8 = 576 = 9 groups; 8 in one group; 8 x 16 = 128 in two.
        assertThat(layout.offset("conv.weight")).isZero();
        assertThat(layout.offset("bn.weight")).isEqualTo(576);
        assertThat(layout.offset("dense.weight")).isEqualTo(640);
        assertThat(layout.elements()).isEqualTo(768);
        assertThat(layout.decayMask(Parameter::decay)).containsExactly(1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 1, 1);
        // Mean and variance of 72 stored channels each.
        assertThat(layout.runningOffset("bn2")).isEqualTo(192);
        assertThat(layout.runningElements()).isEqualTo(256);
        assertThatThrownBy(() -> layout.offset("bn.gamma")).hasMessageContaining("'bn.gamma'").hasMessageContaining("bn.weight");
    }
}
