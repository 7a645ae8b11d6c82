package separable.kernel;

import static java.util.Objects.requireNonNull;

import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUstream;
import separable.device.Device;
import separable.device.Launch;
import separable.spec.DType;
import separable.spec.Shape;

/**
 * Makes one batch from a data set that lies on the device: gathers pictures by index, resamples, crops and flips them at random
 * where asked, and normalises to {@code (value / 255 - mean) / deviation} a channel.
 *
 * <p>A picture of another size than the output is resampled bilinearly with half-pixel centres (PyTorch's
 * {@code align_corners=False}, without antialiasing); one of the same size is copied exactly. The random crop shifts the result
 * by up to {@code cropPadding} output pixels each way, black coming in; the flip mirrors it with probability 1/2. Both follow
 * from the sample's index and the seed and step in {@link StepState}. Rows from {@code state.count} on become zeros with label 0.
 *
 * <p>The pictures are a whole data set, found by index, or a ring of rows filled in the epoch's order for sets that do not fit: the
 * batch is the same bits either way.
 */
public final class BatchGather extends DeviceOp<Launch> {

    /** Channels a picture may have. */
    public static final int MAX_CHANNELS = 4;

    private static final int THREADS = 128;

    /** Output pixels a thread makes, so that drawing the random numbers of a picture costs little. */
    private static final int PIXELS_PER_THREAD = 8;

    /**
     * On the context that is current on the calling thread, whoever made it.
     *
     * @param sourceHeight rows of a stored picture
     * @param sourceWidth  columns of a stored picture
     * @param output       the batch: n rows of h x w pixels, with the source's channels
     * @param mean         of every channel, on the scale 0 to 1
     * @param deviation    of every channel, on the scale 0 to 1
     * @param cropPadding  0 for no random crop
     * @param ringRows     rows of the ring the pictures come from, at least the batch's; 0 for a whole data set
     */
    public BatchGather(int sourceHeight, int sourceWidth, Shape output, DType type, float[] mean, float[] deviation, int cropPadding,
                       boolean flip, int ringRows) {
        super(Device.current(), device -> launch(device, sourceHeight, sourceWidth, output, type, mean, deviation, cropPadding, flip, ringRows));
    }

    /**
     * @param sourceHeight rows of a stored picture
     * @param sourceWidth  columns of a stored picture
     * @param output       the batch: n rows of h x w pixels, with the source's channels
     * @param mean         of every channel, on the scale 0 to 1
     * @param deviation    of every channel, on the scale 0 to 1
     * @param cropPadding  0 for no random crop
     * @param ringRows     rows of the ring the pictures come from, at least the batch's; 0 for a whole data set
     */
    public BatchGather(Device device, int sourceHeight, int sourceWidth, Shape output, DType type, float[] mean,
                       float[] deviation, int cropPadding, boolean flip, int ringRows) {
        super(device.lend(), share -> launch(share, sourceHeight, sourceWidth, output, type, mean, deviation, cropPadding, flip, ringRows));
    }

    private static Launch launch(Device device, int sourceHeight, int sourceWidth, Shape output, DType type, float[] mean,
                                 float[] deviation, int cropPadding, boolean flip, int ringRows) {
        requireProblem("output", output, type);
        requireNonNull(mean, "mean");
        requireNonNull(deviation, "deviation");
        requireUsable(sourceHeight, sourceWidth, output, mean, deviation, cropPadding, ringRows);
        int blocks = VectorGrid.blocks(output.h() * output.w(), THREADS * PIXELS_PER_THREAD);
        // How many samples and indices there are is not known here: at least one each.
        Launch launch = device.kernel("batch_gather_" + type.suffix()).launch()
                .describe("batch " + output + " of pictures " + sourceHeight + "x" + sourceWidth)
                .grid(blocks, output.n(), 1).block(THREADS)
                .input("images", (long) sourceHeight * sourceWidth * output.c(), 1).input("labels", Integer.BYTES, Integer.BYTES).input("order", Integer.BYTES, Integer.BYTES)
                .input("state", StepState.BYTES).output("x", output.bytes(type))
                .output("labelsOut", (long) output.n() * Integer.BYTES, Integer.BYTES)
                .i32(sourceHeight).i32(sourceWidth).i32(output.c()).i32(output.h()).i32(output.w())
                .i32(cropPadding).i32(flip ? 1 : 0).i32(ringRows);
        for (int k = 0; k < MAX_CHANNELS; k++) {
            launch.f32(k < output.c() ? (float) (1 / (255.0 * deviation[k])) : 0);
        }
        for (int k = 0; k < MAX_CHANNELS; k++) {
            launch.f32(k < output.c() ? (float) (-(double) mean[k] / deviation[k]) : 0);
        }
        return launch;
    }

    private static void requireUsable(int height, int width, Shape output, float[] mean, float[] deviation, int cropPadding,
                                      int ringRows) {
        String problem = "batch " + output + " of pictures " + height + "x" + width;
        if (height < 1 || width < 1 || output.c() > MAX_CHANNELS || (long) height * width * output.c() > Integer.MAX_VALUE) {
            throw new IllegalArgumentException(problem + ": a picture needs at least one pixel and from 1 to " + MAX_CHANNELS
                    + " channels");
        }
        if (mean.length != output.c() || deviation.length != output.c()) {
            throw new IllegalArgumentException(problem + ": " + mean.length + " means and " + deviation.length
                    + " deviations for " + output.c() + " channels");
        }
        for (float d : deviation) {
            if (!(d > 0)) {
                throw new IllegalArgumentException(problem + ": deviation " + d + " must be above 0");
            }
        }
        if (cropPadding < 0 || cropPadding >= Math.min(output.h(), output.w())) {
            throw new IllegalArgumentException(problem + ": crop padding " + cropPadding + " must be from 0 to below the extent");
        }
        if (ringRows != 0 && ringRows < output.n()) {
            throw new IllegalArgumentException(problem + ": a ring of " + ringRows + " rows must hold at least one batch");
        }
    }

    /**
     * @param images    u8 {@code [samples, height, width, channels]}; of a ring {@code [ringRows, height, width, channels]}, where row i
     *                  of the batch lies in row {@code (state.position + i) % ringRows}
     * @param labels    int32 {@code [samples]}
     * @param order     int32, the epoch's sample indices; row i takes {@code order[state.position + i]}
     * @param x         the batch, in the precision of this instance
     * @param labelsOut int32 {@code [output.n]}
     */
    public void run(CUdeviceptr images, CUdeviceptr labels, CUdeviceptr order, CUdeviceptr state, CUdeviceptr x,
                    CUdeviceptr labelsOut, CUstream stream) {
        launches.enqueue(stream, images, labels, order, state, x, labelsOut);
    }
}
