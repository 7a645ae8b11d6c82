package separable.testing;

import java.util.Arrays;
import separable.device.Device;
import separable.device.DeviceBuffer;
import separable.spec.DType;
import separable.spec.Shape;

/**
 * A matrix in double precision, [rows, columns], stored on the device with columns rounded up to a multiple of 8: one row for bias,
 * gamma and beta, two for batch-norm statistics.
 */
public record HostMatrix(int rows, int columns, double[] values) implements Values {

    public HostMatrix {
        if (values.length != rows * columns) {
            throw new IllegalArgumentException(values.length + " values for " + rows + "x" + columns);
        }
    }

    /** One row. */
    public static HostMatrix row(double... values) {
        return new HostMatrix(1, values.length, values);
    }

    public static HostMatrix zeros(int rows, int columns) {
        return new HostMatrix(rows, columns, new double[rows * columns]);
    }

    /** Uniform in [low, high), representable in fp32. */
    public static HostMatrix random(int rows, int columns, double low, double high, long seed) {
        return new HostMatrix(rows, columns, Packed.random(rows * columns, low, high, seed));
    }

    public HostMatrix roundTo(DType type) {
        return new HostMatrix(rows, columns, Packed.round(values, type));
    }

    public HostMatrix copy() {
        return new HostMatrix(rows, columns, Arrays.copyOf(values, values.length));
    }

    public double get(int row, int column) {
        return values[row * columns + column];
    }

    public void set(int row, int column, double value) {
        values[row * columns + column] = value;
    }

    public void add(int row, int column, double value) {
        values[row * columns + column] += value;
    }

    /** A new fp32 buffer with these values, surplus columns 0. */
    public DeviceBuffer upload(Device device) {
        return upload(device, DType.F32);
    }

    public DeviceBuffer upload(Device device, DType type) {
        return Packed.upload(device, type, values, rows, columns, rows, Shape.roundUp(columns));
    }

    /** What an fp32 buffer holds; fails when a surplus column is not 0. */
    public static HostMatrix download(DeviceBuffer buffer, int rows, int columns) {
        return download(buffer, rows, columns, DType.F32);
    }

    public static HostMatrix download(DeviceBuffer buffer, int rows, int columns, DType type) {
        return new HostMatrix(rows, columns, Packed.download(buffer, type, rows, columns, rows, Shape.roundUp(columns)));
    }
}
