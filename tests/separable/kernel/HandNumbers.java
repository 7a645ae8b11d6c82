package separable.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import separable.device.Device;
import separable.spec.ConvSpec;
import separable.spec.DType;
import separable.spec.Layout;
import separable.spec.Padding;
import separable.spec.Shape;
import separable.testing.HostFilter;
import separable.testing.HostTensor;

/** Two channels of 5x5 pixels, two 3x3 filters and what a depthwise convolution with SAME padding makes of them, computed by hand. */
record HandNumbers(DType type, Layout layout) {

    private static final double[][] X = {
        {1, 0, 1, 2, 1, 0, 2, 1, 0, 1, 1, 1, 0, 2, 0, 2, 2, 1, 1, 0, 2, 0, 1, 2, 0},
        {2, 0, 2, 1, 1, 0, 1, 0, 0, 2, 1, 0, 0, 2, 1, 1, 1, 2, 1, 0, 1, 0, 1, 1, 1}};
    private static final double[][] W = {{1, 0, 1, -1, 1, 0, 0, -1, 0}, {-1, 0, 1, 0, 0, 1, 1, 1, 1}};
    private static final double[][] Y = {
        {1, -3, 0, 1, -2, -1, 3, 1, -1, 3, 1, -1, 0, 3, -2, 1, 1, 1, -2, 1, 4, 1, 4, 2, -1},
        {1, 3, 2, 3, 2, 2, 1, 3, 4, 2, 3, 4, 5, 6, 1, 2, 3, 5, 4, 0, 1, 2, 1, -1, -1}};

    ConvSpec spec() {
        return ConvSpec.depthwise(new Shape(1, 5, 5, 2), 3, 1, 1, Padding.same(5, 5, 3, 3, 1, 1));
    }

    void check(Device device, ConvProblem.DataProduct forward) {
        ConvProblem problem = new ConvProblem(spec(), type, layout, new HostTensor(spec().input(), interleaved(X)),
                new HostFilter(spec(), interleaved(W)), HostTensor.zeros(spec().output()));
        assertThat(problem.forward(device, forward).values()).as("y of %s", problem).containsExactly(interleaved(Y));
    }

    private static double[] interleaved(double[][] channels) {
        double[] values = new double[channels.length * channels[0].length];
        for (int i = 0; i < values.length; i++) {
            values[i] = channels[i % channels.length][i / channels.length];
        }
        return values;
    }
}
