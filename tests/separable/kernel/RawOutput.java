package separable.kernel;

import separable.device.Device;
import separable.device.DeviceBuffer;
import separable.device.Stream;
import separable.spec.Activation;
import separable.spec.DType;
import separable.spec.Shape;
import separable.testing.HostTensor;
import separable.testing.Poisoned;

/**
 * A raw convolution output with the normalisation behind it, as the producer of a fused schedule leaves them: {@code y}, and
 * {@code table} [4][C]. The first three channels have gamma 0 with beta 0, 6 and 3. Channels are a multiple of eight.
 */
record RawOutput(Shape shape, DType type, Activation activation, DeviceBuffer y, DeviceBuffer table, DeviceBuffer gamma, DeviceBuffer beta,
                 float[] inverse) {

    static final float EPSILON = 1e-3f;

    private static final float[] DEAD_BETA = {0, 6, 3};

    /** Any values: the statistics are not those of {@code y}. */
    static RawOutput random(Device device, Shape shape, DType type, Activation activation, long seed) {
        int channels = shape.c();
        Shape row = Shape.matrix(1, channels);
        double[] mean = HostTensor.random(row, -1, 1, seed + 1).values();
        double[] variance = HostTensor.random(row, 0.5, 2, seed + 2).values();
        double[] gamma = HostTensor.random(row, 0.5, 3, seed + 3).values();
        double[] beta = HostTensor.random(row, -1, 5, seed + 4).values();
        float[] table = new float[4 * channels];
        float[] inverse = new float[channels];
        for (int c = 0; c < channels; c++) {
            if (c < DEAD_BETA.length) {
                gamma[c] = 0;
                beta[c] = DEAD_BETA[c];
            }
            inverse[c] = 1f / (float) Math.sqrt((float) variance[c] + EPSILON);
            table[c] = (float) mean[c];
            table[channels + c] = (float) variance[c];
            table[2 * channels + c] = (float) gamma[c] * inverse[c];
            table[3 * channels + c] = (float) beta[c];
        }
        return new RawOutput(shape, type, activation, HostTensor.random(shape, -3, 3, seed).roundTo(type).upload(device, type), upload(device, table),
                upload(device, floats(gamma)), upload(device, floats(beta)), inverse);
    }

    /** {@code act(BN(y))} by the plain op. */
    DeviceBuffer plain(Device device, Stream stream) {
        DeviceBuffer made = Poisoned.buffer(device, shape, type);
        try (BatchNorm norm = new BatchNorm(device, shape, type, activation, EPSILON, 0)) {
            norm.forward(y.pointer(), table.pointer(), gamma.pointer(), beta.pointer(), made.pointer(), stream.handle());
        }
        return made;
    }

    /** The sums [2][C] that belong to {@code dgamma} and {@code dbeta}. */
    float[] sums(float[] dgamma, float[] dbeta) {
        int channels = shape.c();
        float perRow = 1f / shape.rows();
        float[] sums = new float[2 * channels];
        for (int c = 0; c < channels; c++) {
            sums[c] = dbeta[c] * perRow;
            sums[channels + c] = dgamma[c] * perRow * inverse[c];
        }
        return sums;
    }

    static DeviceBuffer upload(Device device, float[] values) {
        DeviceBuffer buffer = device.allocate((long) values.length * Float.BYTES, "floats");
        buffer.write(values);
        return buffer;
    }

    static float[] floats(double[] values) {
        float[] narrowed = new float[values.length];
        for (int i = 0; i < values.length; i++) {
            narrowed[i] = (float) values[i];
        }
        return narrowed;
    }
}
