package separable.kernel;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import separable.device.Device;
import separable.device.DeviceBuffer;
import separable.spec.ConvSpec;
import separable.spec.DType;
import separable.spec.Layout;
import separable.spec.Padding;
import separable.spec.Shape;
import separable.testing.DeviceExtension;
import separable.testing.Expect;
import separable.testing.HostFilter;
import separable.testing.HostTensor;
import separable.testing.Narrow;
import separable.testing.Poisoned;

/** Batch normalisation in filter and bias, against the formula in double precision. */
@ExtendWith(DeviceExtension.class)
class FoldNormTest {

    private static final float EPSILON = 1e-3f;

    static Stream<ConvSpec> problems() {
        return Stream.of(ConvSpec.depthwise(new Shape(1, 5, 5, 17), 3, 1, 1, Padding.symmetric(1)),
                ConvSpec.pointwise(new Shape(1, 4, 4, 10), 40), ConvSpec.pointwise(new Shape(1, 4, 4, 136), 17),
                ConvSpec.full(new Shape(1, 8, 8, 3), 40, 3, 2, 1, Padding.symmetric(1)));
    }

    @ParameterizedTest
    @MethodSource("problems")
    void matchesTheFormula(ConvSpec spec, Device device) {
        for (DType type : DType.values()) {
            check(device, spec, type, true);
            check(device, spec, type, false);
        }
    }

    private static void check(Device device, ConvSpec spec, DType type, boolean biased) {
        int channels = spec.outputChannels();
        Shape vector = Shape.matrix(1, channels);
        HostFilter w = HostFilter.random(spec, 1);
        HostTensor bias = HostTensor.random(vector, 2);
        HostTensor gamma = HostTensor.random(vector, -2, 2, 3);
        HostTensor beta = HostTensor.random(vector, 4);
        // Means and then variances, each padded to whole vectors, as two rows.
        HostTensor running = HostTensor.random(Shape.matrix(2, channels), 0.01, 3, 5);
        double[] scale = new double[channels];
        double[] shift = new double[channels];
        for (int c = 0; c < channels; c++) {
            scale[c] = gamma.values()[c] / Math.sqrt(running.values()[channels + c] + EPSILON);
            shift[c] = beta.values()[c] + ((biased ? bias.values()[c] : 0) - running.values()[c]) * scale[c];
        }
        double[] folded = w.values().clone();
        for (int at = 0; at < folded.length; at++) {
            folded[at] *= scale[spec.isDepthwise() ? at % channels : at / (folded.length / channels)];
        }

        DeviceBuffer result = Poisoned.buffer(device, Layout.PADDED_NHWC.filterElements(spec) * type.bytes());
        DeviceBuffer shifted = Poisoned.buffer(device, vector, DType.F32);
        try (separable.device.Stream stream = device.newStream()) {
            new FoldNorm(device, spec, type, biased, EPSILON).run(w.upload(device, DType.F32).pointer(),
                    biased ? bias.upload(device, DType.F32).pointer() : null, gamma.upload(device, DType.F32).pointer(),
                    beta.upload(device, DType.F32).pointer(), running.upload(device, DType.F32).pointer(), result.pointer(), shifted.pointer(),
                    stream.handle());
            stream.synchronize();
        }
        Expect.close(HostTensor.download(shifted, vector, DType.F32).values(), shift, DType.F32, "shift of " + spec);
        Expect.close(widened(device, result, spec, type).values(), folded, type, "filter of " + spec + " " + type);
    }

    /** The filter as fp32, surplus elements and all. */
    private static HostFilter widened(Device device, DeviceBuffer filter, ConvSpec spec, DType type) {
        int elements = Math.toIntExact(Layout.PADDED_NHWC.filterElements(spec));
        DeviceBuffer wide = Poisoned.floats(device, elements);
        wide.write(type == DType.F32 ? filter.readFloats(0, elements) : Narrow.values(filter.readShorts(0, elements), type));
        return HostFilter.download(wide, spec);
    }

    @Test
    void refusesAnEpsilonThatIsNone(Device device) {
        ConvSpec spec = ConvSpec.pointwise(new Shape(1, 4, 4, 8), 8);
        for (float epsilon : new float[] {0, -1, Float.NaN, Float.POSITIVE_INFINITY}) {
            assertThatThrownBy(() -> new FoldNorm(device, spec, DType.F32, false, epsilon)).isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("epsilon " + epsilon + " must be above 0");
        }
    }
}
