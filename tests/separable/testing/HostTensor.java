package separable.testing;

import java.util.Arrays;
import java.util.function.DoubleUnaryOperator;
import separable.device.Device;
import separable.device.DeviceBuffer;
import separable.spec.DType;
import separable.spec.Layout;
import separable.spec.Shape;

/** An activation in double precision: {@code values} are [n, h, w, c] without surplus channels. */
public record HostTensor(Shape shape, double[] values) implements Values {

    public HostTensor {
        if (values.length != shape.rows() * shape.c()) {
            throw new IllegalArgumentException(values.length + " values for " + shape);
        }
    }

    public static HostTensor of(Shape shape, double... values) {
        return new HostTensor(shape, values);
    }

    public static HostTensor zeros(Shape shape) {
        return new HostTensor(shape, new double[shape.rows() * shape.c()]);
    }

    /** Uniform in [-1, 1), representable in fp32. */
    public static HostTensor random(Shape shape, long seed) {
        return random(shape, -1, 1, seed);
    }

    public static HostTensor random(Shape shape, double low, double high, long seed) {
        return new HostTensor(shape, Packed.random(shape.rows() * shape.c(), low, high, seed));
    }

    /** What arrives on the device when it is uploaded as {@code type}: round the input so, and the oracle computes from the same numbers. */
    public HostTensor roundTo(DType type) {
        return new HostTensor(shape, Packed.round(values, type));
    }

    public HostTensor map(DoubleUnaryOperator function) {
        return new HostTensor(shape, Arrays.stream(values).map(function).toArray());
    }

    public double get(int n, int y, int x, int c) {
        return values[index(n, y, x, c)];
    }

    /** As {@link #get}, but 0 outside the picture. */
    public double tap(int n, int y, int x, int c) {
        return y < 0 || y >= shape.h() || x < 0 || x >= shape.w() ? 0 : get(n, y, x, c);
    }

    public void set(int n, int y, int x, int c, double value) {
        values[index(n, y, x, c)] = value;
    }

    public void add(int n, int y, int x, int c, double value) {
        values[index(n, y, x, c)] += value;
    }

    private int index(int n, int y, int x, int c) {
        if (n < 0 || n >= shape.n() || y < 0 || y >= shape.h() || x < 0 || x >= shape.w() || c < 0 || c >= shape.c()) {
            throw new IndexOutOfBoundsException("[" + n + ", " + y + ", " + x + ", " + c + "] of " + shape);
        }
        return ((n * shape.h() + y) * shape.w() + x) * shape.c() + c;
    }

    /** A new buffer with these values as the layer graph stores them, surplus channels 0. */
    public DeviceBuffer upload(Device device, DType type) {
        return upload(device, type, Layout.PADDED_NHWC);
    }

    public DeviceBuffer upload(Device device, DType type, Layout layout) {
        double[] ordered = layout == Layout.NCHW ? Packed.transpose(values, shape.n(), shape.h() * shape.w(), shape.c()) : values;
        return Packed.upload(device, type, ordered, shape.rows(), shape.c(), shape.rows(), layout.storedChannels(shape.c()));
    }

    /** What a buffer holds; fails when a surplus channel is not 0. */
    public static HostTensor download(DeviceBuffer buffer, Shape shape, DType type) {
        return download(buffer, shape, type, Layout.PADDED_NHWC);
    }

    public static HostTensor download(DeviceBuffer buffer, Shape shape, DType type, Layout layout) {
        double[] ordered = Packed.download(buffer, type, shape.rows(), shape.c(), shape.rows(), layout.storedChannels(shape.c()));
        return new HostTensor(shape, layout == Layout.NCHW ? Packed.transpose(ordered, shape.n(), shape.c(), shape.h() * shape.w()) : ordered);
    }
}
