package separable.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
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
import separable.testing.FiniteDifferences;
import separable.testing.HostFilter;
import separable.testing.HostTensor;
import separable.testing.Poisoned;

@ExtendWith(DeviceExtension.class)
class DepthwiseConvTest {

    private static final int[] CHANNELS = {8, 3, 17, 1, 40};

    @ParameterizedTest
    @EnumSource(DType.class)
    void givesTheNumbersComputedByHand(DType type, Device device) {
        HandNumbers numbers = new HandNumbers(type, Layout.PADDED_NHWC);
        numbers.check(device, new DepthwiseConv(device, numbers.spec(), type)::forward);
    }

    /** Every filter size with every stride, picture size and padding, the channel counts in turn. */
    static Stream<Arguments> filters() {
        return Stream.of(DType.values()).flatMap(type -> Stream.of(1, 2, 3, 5, 7).flatMap(kernel ->
                Stream.of(1, 2, 3).map(stride -> Arguments.of(kernel, stride, type))));
    }

    @ParameterizedTest
    @MethodSource("filters")
    void agreesWithPlainLoops(int kernel, int stride, DType type, Device device, separable.device.Stream stream) {
        int turn = kernel + stride;
        for (int size : new int[] {1, 5, 7, 13}) {
            Shape shape = new Shape(2, size, size, CHANNELS[turn++ % CHANNELS.length]);
            check(ConvSpec.depthwise(shape, kernel, stride, 1, Padding.symmetric(kernel / 2)), type, device, stream);
            check(ConvSpec.depthwise(shape, kernel, stride, 1, Padding.same(size, size, kernel, kernel, stride, 1)), type, device, stream);
        }
    }

    static Stream<Arguments> unusual() {
        List<ConvSpec> specs = new ArrayList<>();
        Shape shape = new Shape(2, 9, 6, 17);
        specs.add(ConvSpec.depthwise(shape, 3, 1, 2, Padding.symmetric(2)));
        specs.add(ConvSpec.depthwise(shape, 3, 2, 2, Padding.same(9, 6, 3, 3, 2, 2)));
        specs.add(ConvSpec.depthwise(shape, 5, 1, 2, Padding.symmetric(4)));
        specs.add(new ConvSpec(shape, 17, 3, 1, 1, 1, new Padding(1, 0, 1, 0), 17));
        specs.add(new ConvSpec(shape, 17, 3, 1, 2, 1, new Padding(1, 0, 1, 0), 17));
        specs.add(new ConvSpec(shape, 17, 1, 5, 1, 1, Padding.NONE, 17));
        // Padding that differs by side, is wider than the filter, or leaves pixels of the input without a reader.
        for (int kernel : new int[] {3, 5}) {
            for (int stride : new int[] {1, 2}) {
                specs.add(ConvSpec.depthwise(shape, kernel, stride, 1, new Padding(0, 1, 3, 2)));
                specs.add(ConvSpec.depthwise(shape, kernel, stride, 1, new Padding(6, 7, 6, 5)));
                specs.add(ConvSpec.depthwise(shape, kernel, stride, 1, Padding.NONE));
            }
        }
        // Several CTAs along lines; several along channels, the last with columns to spare.
        specs.add(ConvSpec.depthwise(new Shape(9, 30, 64, 1), 3, 1, 1, Padding.symmetric(1)));
        specs.add(ConvSpec.depthwise(new Shape(3, 80, 66, 1), 3, 2, 1, Padding.same(80, 66, 3, 3, 2, 1)));
        specs.add(ConvSpec.depthwise(new Shape(3, 40, 64, 1), 5, 1, 1, Padding.symmetric(2)));
        specs.add(ConvSpec.depthwise(new Shape(3, 4, 4, 519), 3, 1, 1, Padding.symmetric(1)));
        specs.add(ConvSpec.depthwise(new Shape(2, 4, 4, 519), 5, 2, 1, Padding.symmetric(2)));
        return Stream.of(DType.values()).flatMap(type -> specs.stream().map(spec -> Arguments.of(spec, type)));
    }

    @ParameterizedTest
    @MethodSource("unusual")
    void agreesWithPlainLoopsOnUnusualGeometry(ConvSpec spec, DType type, Device device, separable.device.Stream stream) {
        check(spec, type, device, stream);
    }

    private static void check(ConvSpec spec, DType type, Device device, separable.device.Stream stream) {
        HostTensor x = HostTensor.random(spec.input(), 1).roundTo(type);
        HostFilter w = HostFilter.random(spec, 2).roundTo(type);
        HostTensor dy = HostTensor.random(spec.output(), 3).roundTo(type);
        DepthwiseConv conv = new DepthwiseConv(device, spec, type);
        try (DeviceBuffer dx = x.upload(device, type);
             DeviceBuffer dw = w.upload(device, type);
             DeviceBuffer ddy = dy.upload(device, type);
             DeviceBuffer y = Poisoned.buffer(device, spec.output(), type);
             DeviceBuffer gradient = Poisoned.buffer(device, spec.input(), type)) {
            conv.forward(dx.pointer(), dw.pointer(), y.pointer(), stream.handle());
            conv.backwardData(ddy.pointer(), dw.pointer(), gradient.pointer(), stream.handle());
            Expect.close(HostTensor.download(y, spec.output(), type), ConvOracle.forward(x, w), type, "y of " + spec);
            Expect.close(HostTensor.download(gradient, spec.input(), type), ConvOracle.backwardData(dy, w), type, "dx of " + spec);
            HostFilter first = filterGradient(conv, spec, dx, ddy, device, stream);
            Expect.close(first, ConvOracle.backwardFilter(spec, x, dy), DType.F32, "dw of " + spec);
            Expect.same(filterGradient(conv, spec, dx, ddy, device, stream), first, "dw of a second run of " + spec);
        }
    }

    private static HostFilter filterGradient(DepthwiseConv conv, ConvSpec spec, DeviceBuffer x, DeviceBuffer dy, Device device,
                                             separable.device.Stream stream) {
        try (DeviceBuffer dw = Poisoned.floats(device, conv.filterElements());
             DeviceBuffer workspace = Poisoned.buffer(device, conv.workspaceBytes());
             DeviceBuffer tickets = Poisoned.tickets(device, conv.tickets())) {
            conv.backwardFilter(x.pointer(), dy.pointer(), dw.pointer(), workspace.pointer(), tickets.pointer(), stream.handle());
            HostFilter gradient = HostFilter.download(dw, spec);
            assertThat(tickets.readInts(0, conv.tickets())).as("tickets after %s", spec).containsOnly(0);
            return gradient;
        }
    }

    static Stream<ConvSpec> differentiated() {
        Shape shape = new Shape(2, 6, 5, 3);
        return Stream.of(ConvSpec.depthwise(shape, 3, 1, 1, Padding.symmetric(1)),
                ConvSpec.depthwise(shape, 3, 2, 1, Padding.same(6, 5, 3, 3, 2, 1)),
                ConvSpec.depthwise(shape, 5, 2, 1, Padding.symmetric(2)),
                ConvSpec.depthwise(shape, 2, 3, 2, Padding.symmetric(1)));
    }

    @ParameterizedTest
    @MethodSource("differentiated")
    void gradientsAreThoseOfFiniteDifferences(ConvSpec spec, Device device, separable.device.Stream stream) {
        HostTensor x = HostTensor.random(spec.input(), 4);
        HostFilter w = HostFilter.random(spec, 5);
        HostTensor dy = HostTensor.random(spec.output(), 6);
        DepthwiseConv conv = new DepthwiseConv(device, spec, DType.F32);
        DeviceBuffer dx = Poisoned.buffer(device, spec.input(), DType.F32);
        DeviceBuffer ddy = dy.upload(device, DType.F32);

        conv.backwardData(ddy.pointer(), w.upload(device, DType.F32).pointer(), dx.pointer(), stream.handle());
        HostFilter dw = filterGradient(conv, spec, x.upload(device, DType.F32), ddy, device, stream);

        Expect.close(HostTensor.download(dx, spec.input(), DType.F32).values(),
                FiniteDifferences.gradient(x, () -> ConvOracle.forward(x, w).dot(dy)), DType.F32, "dx");
        Expect.close(dw.values(), FiniteDifferences.gradient(w, () -> ConvOracle.forward(x, w).dot(dy)), DType.F32, "dw");
    }

    @Test
    void refusesOtherConvolutions(Device device) {
        ConvSpec full = ConvSpec.full(new Shape(1, 5, 5, 8), 8, 3, 1, 1, Padding.symmetric(1));
        assertThat(DepthwiseConv.supports(full, DType.F32)).isFalse();
        assertThatThrownBy(() -> new DepthwiseConv(device, full, DType.F32))
                .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("depthwise").hasMessageContaining("groups 1");
    }
}
