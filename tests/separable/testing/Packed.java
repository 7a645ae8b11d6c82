package separable.testing;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import separable.device.Device;
import separable.device.DeviceBuffer;
import separable.spec.DType;

/** Moves a [rows, columns] matrix of doubles to the device and back, where it is stored with surplus rows and columns of zeros. */
final class Packed {

    private Packed() {
    }

    static DeviceBuffer upload(Device device, DType type, double[] values, int rows, int columns, int storedRows, int storedColumns) {
        DeviceBuffer buffer = device.allocate((long) storedRows * storedColumns * type.bytes(), "test values");
        float[] stored = new float[storedRows * storedColumns];
        for (int row = 0; row < rows; row++) {
            for (int column = 0; column < columns; column++) {
                stored[row * storedColumns + column] = (float) values[row * columns + column];
            }
        }
        if (type == DType.F32) {
            buffer.write(stored);
        } else {
            buffer.write(Narrow.bits(stored, type));
        }
        return buffer;
    }

    static double[] download(DeviceBuffer buffer, DType type, int rows, int columns, int storedRows, int storedColumns) {
        int count = storedRows * storedColumns;
        float[] stored = type == DType.F32 ? buffer.readFloats(0, count) : Narrow.values(buffer.readShorts(0, count), type);
        double[] values = new double[rows * columns];
        for (int row = 0; row < storedRows; row++) {
            for (int column = 0; column < storedColumns; column++) {
                float value = stored[row * storedColumns + column];
                if (row < rows && column < columns) {
                    values[row * columns + column] = value;
                } else {
                    assertThat(value).as("surplus element [%d, %d] of %s", row, column, buffer).isEqualTo(0f);
                }
            }
        }
        return values;
    }

    /** {@code count} matrices [rows, columns] with rows and columns exchanged. */
    static double[] transpose(double[] values, int count, int rows, int columns) {
        double[] transposed = new double[values.length];
        for (int i = 0; i < values.length; i++) {
            int matrix = i / (rows * columns);
            int row = i / columns % rows;
            transposed[(matrix * columns + i % columns) * rows + row] = values[i];
        }
        return transposed;
    }

    /** Uniform in [low, high), rounded to fp32 so that an upload is exact. */
    static double[] random(int count, double low, double high, long seed) {
        Random random = new Random(seed);
        return random.doubles(count, low, high).map(value -> (float) value).toArray();
    }

    static double[] round(double[] values, DType type) {
        double[] rounded = new double[values.length];
        for (int i = 0; i < values.length; i++) {
            rounded[i] = Narrow.round(values[i], type);
        }
        return rounded;
    }
}
