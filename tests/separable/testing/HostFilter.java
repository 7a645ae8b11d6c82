package separable.testing;

import java.util.Arrays;
import java.util.function.DoubleUnaryOperator;
import separable.device.Device;
import separable.device.DeviceBuffer;
import separable.spec.ConvSpec;
import separable.spec.DType;
import separable.spec.Layout;

/**
 * A convolution's filter in double precision, [outputs, kernelHeight, kernelWidth, inputs]; a depthwise filter has one output and
 * its channels as inputs. On the device it lies as {@link Layout} says.
 */
public record HostFilter(ConvSpec spec, double[] values) implements Values {

    public HostFilter {
        if (values.length != outputs(spec) * taps(spec) * inputs(spec)) {
            throw new IllegalArgumentException(values.length + " values for the filter of " + spec);
        }
    }

    public static HostFilter zeros(ConvSpec spec) {
        return new HostFilter(spec, new double[outputs(spec) * taps(spec) * inputs(spec)]);
    }

    /** Uniform in [-1, 1), representable in fp32. */
    public static HostFilter random(ConvSpec spec, long seed) {
        return new HostFilter(spec, Packed.random(outputs(spec) * taps(spec) * inputs(spec), -1, 1, seed));
    }

    public HostFilter roundTo(DType type) {
        return new HostFilter(spec, Packed.round(values, type));
    }

    /** @param output 0 for a depthwise filter */
    public HostFilter map(DoubleUnaryOperator function) {
        return new HostFilter(spec, Arrays.stream(values).map(function).toArray());
    }

    public double get(int output, int ky, int kx, int input) {
        return values[index(output, ky, kx, input)];
    }

    public void set(int output, int ky, int kx, int input, double value) {
        values[index(output, ky, kx, input)] = value;
    }

    private int index(int output, int ky, int kx, int input) {
        return ((output * spec.kernelHeight() + ky) * spec.kernelWidth() + kx) * inputs(spec) + input;
    }

    /** Where {@code values} holds the tap that joins two channels of one group, counted over all groups. */
    public int joining(int inputChannel, int outputChannel, int ky, int kx) {
        return spec.isDepthwise() ? index(0, ky, kx, outputChannel) : index(outputChannel, ky, kx, inputChannel % inputs(spec));
    }

    /** A new buffer with these values as the layer graph stores them, surplus ones 0. */
    public DeviceBuffer upload(Device device, DType type) {
        return upload(device, type, Layout.PADDED_NHWC);
    }

    public DeviceBuffer upload(Device device, DType type, Layout layout) {
        double[] ordered = layout == Layout.NCHW ? Packed.transpose(values, outputs(spec), taps(spec), inputs(spec)) : values;
        return Packed.upload(device, type, ordered, outputs(spec) * taps(spec), inputs(spec), storedOutputs(spec, layout) * taps(spec),
                layout.storedChannels(inputs(spec)));
    }

    /** What an fp32 buffer of this filter's or its gradient's holds; fails when a surplus element is not 0. */
    public static HostFilter download(DeviceBuffer buffer, ConvSpec spec) {
        return download(buffer, spec, Layout.PADDED_NHWC);
    }

    public static HostFilter download(DeviceBuffer buffer, ConvSpec spec, Layout layout) {
        double[] ordered = Packed.download(buffer, DType.F32, outputs(spec) * taps(spec), inputs(spec), storedOutputs(spec, layout) * taps(spec),
                layout.storedChannels(inputs(spec)));
        return new HostFilter(spec, layout == Layout.NCHW ? Packed.transpose(ordered, outputs(spec), inputs(spec), taps(spec)) : ordered);
    }

    private static int outputs(ConvSpec spec) {
        return spec.isDepthwise() ? 1 : spec.outputChannels();
    }

    private static int storedOutputs(ConvSpec spec, Layout layout) {
        return spec.isDepthwise() ? 1 : layout.storedChannels(spec.outputChannels());
    }

    private static int inputs(ConvSpec spec) {
        return spec.isDepthwise() ? spec.input().c() : spec.input().c() / spec.groups();
    }

    private static int taps(ConvSpec spec) {
        return spec.kernelHeight() * spec.kernelWidth();
    }
}
