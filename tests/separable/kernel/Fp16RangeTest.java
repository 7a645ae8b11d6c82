package separable.kernel;

import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import separable.device.Device;
import separable.spec.ConvSpec;
import separable.spec.DType;
import separable.spec.Layout;
import separable.spec.Padding;
import separable.spec.Shape;
import separable.testing.DeviceExtension;
import separable.testing.Expect;
import separable.testing.HostFilter;
import separable.testing.HostTensor;

/**
 * Convolutions at both ends of fp16, exact to the bit: small integers times the smallest subnormal number, which no kernel may
 * flush to zero, and times 2^14, where sums are exact in fp32 and many too large for fp16, which makes them infinite.
 */
@ExtendWith(DeviceExtension.class)
class Fp16RangeTest {

    private static final DType TYPE = DType.F16;
    private static final Shape INPUT = new Shape(2, 7, 9, 24);

    private record Conv3(ConvProblem.DataProduct forward, ConvProblem.DataProduct backwardData, ConvProblem.FilterProduct backwardFilter,
                         int filterElements, long workspaceBytes, int tickets) {
    }

    @ParameterizedTest
    @ValueSource(doubles = {0x1p-24, 0x1p14})
    void depthwise(double scale, Device device) {
        ConvSpec spec = ConvSpec.depthwise(INPUT, 3, 1, 1, Padding.symmetric(1));
        DepthwiseConv conv = new DepthwiseConv(device, spec, TYPE);
        check(device, spec, scale, new Conv3(conv::forward, conv::backwardData, conv::backwardFilter, conv.filterElements(),
                conv.workspaceBytes(), conv.tickets()));
    }

    @ParameterizedTest
    @ValueSource(doubles = {0x1p-24, 0x1p14})
    void pointwise(double scale, Device device) {
        ConvSpec spec = ConvSpec.pointwise(INPUT, 40);
        PointwiseConv conv = new PointwiseConv(device, spec, TYPE);
        check(device, spec, scale, new Conv3(conv::forward, conv::backwardData, conv::backwardFilter, conv.filterElements(),
                conv.workspaceBytes(), conv.tickets()));
    }

    @ParameterizedTest
    @ValueSource(doubles = {0x1p-24, 0x1p14})
    void full(double scale, Device device) {
        ConvSpec spec = ConvSpec.full(INPUT, 16, 3, 2, 1, Padding.symmetric(1));
        Conv conv = new Conv(device, spec, TYPE);
        check(device, spec, scale, new Conv3(conv::forward, conv::backwardData, conv::backwardFilter, conv.filterElements(),
                conv.workspaceBytes(), conv.tickets()));
    }

    @ParameterizedTest
    @ValueSource(doubles = {0x1p-24, 0x1p14})
    void generic(double scale, Device device) {
        ConvSpec spec = ConvSpec.full(INPUT, 16, 3, 2, 1, Padding.symmetric(1));
        GenericConv conv = new GenericConv(device, spec, TYPE, Layout.PADDED_NHWC);
        check(device, spec, scale, new Conv3(conv::forward, conv::backwardData, conv::backwardFilter, conv.filterElements(),
                conv.workspaceBytes(), conv.tickets()));
    }

    private static void check(Device device, ConvSpec spec, double scale, Conv3 conv) {
        HostTensor x = HostTensor.random(spec.input(), -3, 3, 1).map(value -> Math.rint(value) * scale);
        HostTensor dy = HostTensor.random(spec.output(), -3, 3, 2).map(value -> Math.rint(value) * scale);
        HostFilter w = HostFilter.random(spec, 3);
        for (int i = 0; i < w.values().length; i++) {
            w.values()[i] = Math.rint(2 * w.values()[i]);
        }
        ConvProblem problem = new ConvProblem(spec, TYPE, Layout.PADDED_NHWC, x, w, dy);
        Expect.same(problem.forward(device, conv.forward), ConvOracle.forward(x, w).roundTo(TYPE), "y");
        Expect.same(problem.backwardData(device, conv.backwardData), ConvOracle.backwardData(dy, w).roundTo(TYPE), "dx");
        Expect.same(problem.backwardFilter(device, conv.filterElements, conv.workspaceBytes, conv.tickets, conv.backwardFilter),
                ConvOracle.backwardFilter(spec, x, dy), "dw");
    }
}
