package separable.tune;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.EnumSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import separable.device.Device;
import separable.device.DeviceBuffer;
import separable.kernel.Compare;
import separable.kernel.GenericConv;
import separable.spec.ConvSpec;
import separable.spec.DType;
import separable.spec.Layout;
import separable.spec.Padding;
import separable.spec.Pass;
import separable.spec.Shape;
import separable.testing.DeviceExtension;

@ExtendWith(DeviceExtension.class)
class ConvolutionTest {

    private static final Padding ONE = Padding.symmetric(1);
    private static final Shape EVEN = new Shape(2, 9, 7, 16);
    private static final ConvSpec DEPTHWISE = ConvSpec.depthwise(EVEN, 3, 1, 1, ONE);

    static Stream<Arguments> problems() {
        ConvSpec grouped = new ConvSpec(EVEN, 24, 3, 2, 2, 1, ONE, 4);
        ConvSpec tall = new ConvSpec(Shape.matrix(1, 8), 8, 66_000, 1, 1, 1, new Padding(33_000, 0, 32_999, 0), 8);
        Shape grey = new Shape(2, 5, 4, 1);
        ConvSpec odd = ConvSpec.depthwise(new Shape(2, 9, 7, 5), 7, 3, 2, Padding.symmetric(6));
        return Stream.of(
                Arguments.of(DEPTHWISE, Layout.NHWC, "DepthwiseConv"),
                Arguments.of(DEPTHWISE, Layout.PADDED_NHWC, "DepthwiseConv"),
                Arguments.of(ConvSpec.pointwise(EVEN, 24), Layout.NHWC, "PointwiseConv"),
                Arguments.of(ConvSpec.pointwise(EVEN, 21), Layout.NHWC, "GenericConv"),
                Arguments.of(ConvSpec.pointwise(EVEN, 21), Layout.PADDED_NHWC, "PointwiseConv"),
                Arguments.of(ConvSpec.full(EVEN, 24, 3, 2, 1, ONE), Layout.PADDED_NHWC, "Conv"),
                Arguments.of(ConvSpec.full(EVEN, 24, 3, 2, 1, ONE), Layout.NCHW, "GenericConv"),
                Arguments.of(grouped, Layout.NHWC, "GenericConv"),
                Arguments.of(ConvSpec.depthwise(EVEN, 7, 1, 1, Padding.symmetric(3)), Layout.NHWC, "DepthwiseConv generic"),
                Arguments.of(ConvSpec.depthwise(EVEN, 7, 1, 1, Padding.symmetric(3)), Layout.NCHW, "GenericConv"),
                Arguments.of(DEPTHWISE, Layout.NCHW, "DepthwiseConv"),
                Arguments.of(odd, Layout.NHWC, "GenericConv"),
                Arguments.of(ConvSpec.pointwise(grey, 1), Layout.PADDED_NHWC, "DepthwiseConv"),
                Arguments.of(ConvSpec.full(grey, 1, 3, 1, 1, ONE), Layout.PADDED_NHWC, "DepthwiseConv"),
                Arguments.of(ConvSpec.full(grey, 1, 3, 1, 1, ONE), Layout.NHWC, "GenericConv"),
                // More taps than a grid has blocks along z.
                Arguments.of(ConvSpec.depthwise(Shape.matrix(1, 8), 257, 1, 1, Padding.symmetric(128)), Layout.NHWC, "GenericConv"),
                Arguments.of(tall, Layout.PADDED_NHWC, "GenericConv"));
    }

    /** What the rule takes where there is no cuDNN; and that every pass agrees with the generic kernel. */
    @ParameterizedTest
    @MethodSource("problems")
    void anyProblemRunsSomewhere(ConvSpec spec, Layout layout, String kernel, Device device, separable.device.Stream stream) {
        try (Convolution convolution = new Convolution(device, spec, DType.F32, layout); Compare compare = new Compare(device)) {
            DeviceBuffer workspace = device.allocate(Math.max(convolution.workspaceBytes(), 1), "workspace");
            GenericConv generic = new GenericConv(device, spec, DType.F32, layout);
            for (Pass pass : Pass.values()) {
                Problem problem = new Problem(spec, DType.F32, layout, pass);
                String chosen = convolution.decision(pass).winner();
                assertThat(chosen.startsWith(kernel) || chosen.startsWith("cuDNN")).as(chosen).isTrue();
                try (Workbench bench = new Workbench(device, problem, 0, 0); Candidate referee = Offers.referee(device, problem).make()) {
                    bench.keepReference(referee, stream);
                    bench.poison(stream);
                    bench.enqueue(new FakeCandidate("convolution", 0, (a, b, out, s) -> {
                        switch (pass) {
                            case FORWARD -> convolution.forward(a, b, out, workspace.pointer(), s);
                            case BACKWARD_DATA -> convolution.backwardData(a, b, out, workspace.pointer(), s);
                            case BACKWARD_FILTER -> convolution.backwardFilter(a, b, out, workspace.pointer(), s);
                        }
                    }), 0, stream);
                    Tolerance tolerance = Tolerance.of(problem, DType.F32);
                    assertThat(tolerance.admits(bench.compare(compare, tolerance.rtol(), stream))).as(problem.toString()).isTrue();
                }
            }
            assertThat(convolution.filterElements()).isEqualTo(generic.filterElements());
            assertThat(convolution.describe().lines()).hasSize(3).allMatch(line -> line.contains("by rule"));
        }
    }

    /** More columns than a grid has blocks along y; made only, since its filter fills 160 MB. */
    @Test
    void aVeryWidePointwiseProblemIsTheGenericKernels(Device device) {
        ConvSpec wide = ConvSpec.pointwise(Shape.matrix(1, 8), 5_000_000);
        try (Convolution convolution = new Convolution(device, wide, DType.F32, Layout.NHWC)) {
            for (Pass pass : Pass.values()) {
                String winner = convolution.decision(pass).winner();
                assertThat(winner.startsWith("GenericConv") || winner.startsWith("cuDNN")).as(winner).isTrue();
            }
        }
    }

    @Test
    void onlyThePassesAskedForAreThere(Device device) {
        try (Convolution convolution = new Convolution(device, DEPTHWISE, DType.BF16, Layout.NHWC, Tuning.off(), EnumSet.of(Pass.FORWARD))) {
            assertThat(convolution.workspaceBytes()).isZero();
            assertThat(convolution).hasToString("convolution " + DEPTHWISE + " bf16 nhwc (forward by " + convolution.decision(Pass.FORWARD).winner() + ")");
            assertThatThrownBy(() -> convolution.workspaceBytes(Pass.BACKWARD_FILTER)).isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("was made without the filter pass");
        }
    }

    @Test
    void withoutADeviceTheCurrentContextServes(Device device) {
        int open = device.openResources().size();
        try (Convolution convolution = new Convolution(DEPTHWISE, DType.F32, Layout.NHWC)) {
            assertThat(convolution.decision(Pass.FORWARD).winner()).startsWith("DepthwiseConv");
        }
        assertThat(device.openResources()).hasSize(open);
    }

    @Test
    void aMissingWorkspaceAndUseAfterCloseAreRefused(Device device, separable.device.Stream stream) {
        Convolution convolution = new Convolution(device, DEPTHWISE, DType.F32, Layout.NHWC);
        DeviceBuffer buffer = device.allocate(1 << 20, "operand");
        assertThat(convolution.workspaceBytes(Pass.BACKWARD_FILTER)).isPositive();
        assertThatThrownBy(() -> convolution.backwardFilter(buffer.pointer(), buffer.at(1 << 18), buffer.at(1 << 19), null, stream.handle()))
                .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("workspace is null");
        convolution.close();
        convolution.close();
        assertThatThrownBy(() -> convolution.forward(buffer.pointer(), buffer.at(1 << 18), buffer.at(1 << 19), null, stream.handle()))
                .isInstanceOf(IllegalStateException.class).hasMessageContaining("after it was closed");
    }
}
