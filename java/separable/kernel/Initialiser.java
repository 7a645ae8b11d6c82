package separable.kernel;

import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUstream;
import separable.device.Device;
import separable.device.Kernel;

/**
 * Fills fp32 parameters with their first values: a logical {@code [rows, cols]} matrix inside a stored
 * {@code [paddedRows, paddedCols]} one, surplus elements 0. Element (r, c) depends on {@code r * cols + c}, {@code salt} and
 * {@code seed} alone, not on the padding: its random words are Philox4x32-10's (Salmon et al. 2011), made normal by Box and Muller
 * (1958). A filter {@code [Cout, KH, KW, Cin]} has {@code Cout * KH * KW} rows.
 *
 * <p>For the start of a run, not for a step: unlike the other classes it takes its problem with the call, and allocates.
 */
public final class Initialiser extends DeviceOp<Initialiser.Kernels> {

    record Kernels(Kernel normal, Kernel uniform, Kernel constant) {
    }

    /** On the context that is current on the calling thread, whoever made it. */
    public Initialiser() {
        super(Device.current(), Initialiser::kernels);
    }

    /** On {@code device}, which must stay open as long as this. */
    public Initialiser(Device device) {
        super(device.lend(), Initialiser::kernels);
    }

    private static Kernels kernels(Device device) {
        return new Kernels(device.kernel("initialise_normal_f32"), device.kernel("initialise_uniform_f32"),
                device.kernel("initialise_constant_f32"));
    }

    /**
     * Normal with {@code mean} and standard {@code deviation}.
     *
     * @param w          fp32 {@code [paddedRows, paddedCols]}, overwritten
     * @param rows       of the matrix, at least 1, as {@code cols}
     * @param paddedRows rows in memory, no fewer; {@code paddedCols} alike
     * @param salt       tells the parameters of a network apart
     * @throws IllegalArgumentException for other extents, or 2^31 elements in memory
     */
    public void normal(CUdeviceptr w, int rows, int cols, int paddedRows, int paddedCols, float mean, float deviation, long seed,
                       int salt, CUstream stream) {
        fill(launches.normal(), w, rows, cols, paddedRows, paddedCols, mean, deviation, seed, salt, stream);
    }

    /**
     * Uniform in (low, high].
     *
     * @param w          fp32 {@code [paddedRows, paddedCols]}, overwritten
     * @param rows       of the matrix, at least 1, as {@code cols}
     * @param paddedRows rows in memory, no fewer; {@code paddedCols} alike
     * @param salt       tells the parameters of a network apart
     * @throws IllegalArgumentException for other extents, or 2^31 elements in memory
     */
    public void uniform(CUdeviceptr w, int rows, int cols, int paddedRows, int paddedCols, float low, float high, long seed,
                        int salt, CUstream stream) {
        fill(launches.uniform(), w, rows, cols, paddedRows, paddedCols, low, high, seed, salt, stream);
    }

    /**
     * {@code value} in every element.
     *
     * @param w          fp32 {@code [paddedRows, paddedCols]}, overwritten
     * @param rows       of the matrix, at least 1, as {@code cols}
     * @param paddedRows rows in memory, no fewer; {@code paddedCols} alike
     * @throws IllegalArgumentException for other extents, or 2^31 elements in memory
     */
    public void constant(CUdeviceptr w, int rows, int cols, int paddedRows, int paddedCols, float value, CUstream stream) {
        fill(launches.constant(), w, rows, cols, paddedRows, paddedCols, value, 0, 0, 0, stream);
    }

    private static void fill(Kernel kernel, CUdeviceptr w, int rows, int cols, int paddedRows, int paddedCols, float first,
                             float second, long seed, int salt, CUstream stream) {
        String problem = "initialise " + rows + "x" + cols + " in " + paddedRows + "x" + paddedCols;
        if (rows < 1 || cols < 1 || paddedRows < rows || paddedCols < cols || (long) paddedRows * paddedCols > Integer.MAX_VALUE) {
            throw new IllegalArgumentException(problem + ": extents must be at least 1, the padded ones no smaller, "
                    + "and the padded elements below 2^31");
        }
        kernel.launch().describe(problem)
                .grid(VectorGrid.blocks(paddedRows * paddedCols, VectorGrid.THREADS), 1, 1).block(VectorGrid.THREADS)
                .output("w", (long) paddedRows * paddedCols * Float.BYTES, Float.BYTES).i32(rows).i32(cols).i32(paddedRows).i32(paddedCols).f32(first).f32(second).i64(seed).i32(salt)
                .enqueue(stream, w);
    }
}
