package separable.kernel;

import java.util.List;
import separable.device.Device;
import separable.device.DeviceBuffer;
import separable.spec.DType;
import separable.spec.NormSpec;
import separable.spec.Shape;
import separable.testing.HostTensor;

/**
 * A batch normalisation as a fused kernel finds it: random statistics, gamma and beta, and the table of fused.cuh made of them. Of
 * every eight channels the first three have gamma 0 and beta 0, 6 and 3: at and between the corners of ReLU6.
 *
 * @param plain mean and variance, fp32 [2][C]
 * @param table [4][C]
 */
record NormTable(NormSpec norm, DeviceBuffer plain, DeviceBuffer gamma, DeviceBuffer beta, DeviceBuffer table) {

    static NormTable random(int channels, NormSpec norm, long seed, Device device) {
        float[] mean = floats(HostTensor.random(Shape.matrix(1, channels), -0.5, 0.5, seed));
        float[] variance = floats(HostTensor.random(Shape.matrix(1, channels), 0.2, 2, seed + 1));
        float[] gamma = floats(HostTensor.random(Shape.matrix(1, channels), 1, 4, seed + 2));
        float[] beta = floats(HostTensor.random(Shape.matrix(1, channels), 0, 4, seed + 3));
        for (int c = 0; c < channels; c++) {
            if (c % 8 < 3) {
                gamma[c] = 0;
                beta[c] = List.of(0f, 6f, 3f).get(c % 8);
            }
        }
        return new NormTable(norm, rows(device, mean, variance), rows(device, gamma), rows(device, beta),
                rows(device, mean, variance, scale(gamma, variance, norm.epsilon()), beta));
    }

    /** As the kernels compute it, to the bit: square root and quotient are rounded to nearest. */
    static float[] scale(float[] gamma, float[] variance, float epsilon) {
        float[] scale = new float[gamma.length];
        for (int c = 0; c < scale.length; c++) {
            scale[c] = gamma[c] * (1 / (float) Math.sqrt(variance[c] + epsilon));
        }
        return scale;
    }

    private static float[] floats(HostTensor values) {
        float[] narrow = new float[values.values().length];
        for (int i = 0; i < narrow.length; i++) {
            narrow[i] = (float) values.values()[i];
        }
        return narrow;
    }

    private static DeviceBuffer rows(Device device, float[]... rows) {
        HostTensor all = HostTensor.zeros(Shape.matrix(rows.length, rows[0].length));
        for (int r = 0; r < rows.length; r++) {
            for (int c = 0; c < rows[r].length; c++) {
                all.set(r, 0, 0, c, rows[r][c]);
            }
        }
        return all.upload(device, DType.F32);
    }
}
