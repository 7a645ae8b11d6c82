package separable.kernel;

import static java.util.Objects.requireNonNull;

import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUstream;
import separable.device.Device;
import separable.device.Launch;
import separable.spec.DType;
import separable.spec.Shape;

/**
 * Makes one batch from pictures that lie on the device: gathers them by index, resamples, varies as {@link Augmentation} says, and
 * normalises to {@code (value / 255 - mean) / deviation} a channel.
 *
 * <p>The centre of a picture ({@link BatchSpec#centre}, in whole pixels) is resampled bilinearly to the output with half-pixel centres
 * (PyTorch's {@code align_corners=False}, without antialiasing); one of the output's size is copied exactly. What is drawn follows from
 * the sample's index and the seed and step in {@link StepState}. Rows from {@code state.count} on become zeros with label 0.
 *
 * <p>The pictures are a whole data set, found by index, or a ring of rows filled in the epoch's order for sets that do not fit: the
 * batch is the same bits either way. Mixing takes another row of the same batch, so that both lie in the ring.
 *
 * <p>Crop and flips alone are one launch without a workspace; anything more is two, or three where contrast is varied.
 */
public final class BatchGather extends DeviceOp<BatchGather.Launches> {

    private static final int THREADS = 128;

    /** Output pixels a thread makes, so that drawing the random numbers of a picture costs little. */
    private static final int PIXELS_PER_THREAD = 8;

    /** struct SampleView in augment.cuh. */
    private static final int VIEW_BYTES = 96;

    private static final int DRAW_THREADS = 64;
    private static final int GREY_THREADS = 128;

    /** @param grey null where nothing asks for the mean grey; {@code plain} alone where {@code draw} is null */
    record Launches(Launch plain, Launch draw, Launch grey, Launch gather) {
    }

    private final long workspaceBytes;
    private final long targetBytes;

    /** On the context that is current on the calling thread, whoever made it. */
    public BatchGather(BatchSpec spec, Augmentation augmentation, DType type) {
        super(Device.current(), device -> launches(device, spec, augmentation, type));
        workspaceBytes = workspaceBytes(spec, augmentation);
        targetBytes = targetBytes(spec, augmentation);
    }

    /** @throws IllegalArgumentException when the augmentation does not fit the pictures */
    public BatchGather(Device device, BatchSpec spec, Augmentation augmentation, DType type) {
        super(device.lend(), share -> launches(share, spec, augmentation, type));
        workspaceBytes = workspaceBytes(spec, augmentation);
        targetBytes = targetBytes(spec, augmentation);
    }

    private static Launches launches(Device device, BatchSpec spec, Augmentation augmentation, DType type) {
        requireProblem("spec", spec, type);
        requireNonNull(augmentation, "augmentation");
        requireFitting(spec, augmentation);
        if (augmentation.movesOnly()) {
            return new Launches(plain(device, spec, augmentation, type), null, null, null);
        }
        return new Launches(null, draw(device, spec, augmentation), augmentation.contrast() > 0 ? grey(device, spec) : null,
                gather(device, spec, augmentation, type));
    }

    private static void requireFitting(BatchSpec spec, Augmentation augmentation) {
        Shape output = spec.output();
        if (augmentation.crop() >= Math.min(output.h(), output.w())) {
            throw new IllegalArgumentException(spec + ": crop padding " + augmentation.crop() + " must be from 0 to below the extent");
        }
        if (augmentation.needsColour() && output.c() != 3) {
            throw new IllegalArgumentException(spec + ": saturation and hue need 3 channels, red, green and blue");
        }
    }

    private static Launch plain(Device device, BatchSpec spec, Augmentation augmentation, DType type) {
        Launch launch = overPixels(device, "batch_gather_" + type.suffix(), spec).input("images", imageBytes(spec), 1);
        // How many samples and indices there are is not known here: at least one each.
        launch.input("labels", Integer.BYTES, Integer.BYTES).input("order", Integer.BYTES, Integer.BYTES).input("state", StepState.BYTES)
                .output("x", spec.output().bytes(type)).output("targets", targetBytes(spec, augmentation), Integer.BYTES);
        geometry(launch, spec).i32(augmentation.crop()).i32(augmentation.flips());
        return normalisation(launch, spec);
    }

    private static Launch draw(Device device, BatchSpec spec, Augmentation drawn) {
        int rows = spec.output().n();
        Launch launch = device.kernel("augment_draw").launch().describe(spec.toString()).grid(VectorGrid.blocks(rows, DRAW_THREADS), 1, 1)
                .block(DRAW_THREADS).input("order", Integer.BYTES, Integer.BYTES).input("state", StepState.BYTES)
                .output("workspace", workspaceBytes(spec, drawn)).i32(rows);
        return geometry(launch, spec).i32(drawn.crop()).i32(drawn.flips()).f32(drawn.minArea()).f32((float) Math.toRadians(drawn.rotation()))
                .f32(drawn.brightness()).f32(drawn.contrast()).f32(drawn.saturation()).f32(drawn.hue()).f32(drawn.erase())
                .f32(drawn.mixup()).f32(drawn.cutmix());
    }

    private static Launch grey(Device device, BatchSpec spec) {
        return geometry(device.kernel("augment_grey").launch().describe(spec.toString()).grid(spec.output().n(), 1, 1).block(GREY_THREADS)
                .input("images", imageBytes(spec), 1).output("workspace", (long) spec.output().n() * VIEW_BYTES), spec);
    }

    private static Launch gather(Device device, BatchSpec spec, Augmentation augmentation, DType type) {
        Launch launch = overPixels(device, "augment_gather_" + type.suffix(), spec).input("images", imageBytes(spec), 1)
                .input("labels", Integer.BYTES, Integer.BYTES).input("workspace", workspaceBytes(spec, augmentation))
                .output("x", spec.output().bytes(type)).output("targets", targetBytes(spec, augmentation), Integer.BYTES);
        return normalisation(geometry(launch, spec).i32(augmentation.mixes() ? 1 : 0), spec);
    }

    private static Launch overPixels(Device device, String entry, BatchSpec spec) {
        int blocks = VectorGrid.blocks(spec.output().h() * spec.output().w(), THREADS * PIXELS_PER_THREAD);
        return device.kernel(entry).launch().describe(spec.toString()).grid(blocks, spec.output().n(), 1).block(THREADS);
    }

    /** struct BatchGeometry of picture.cuh. */
    private static Launch geometry(Launch launch, BatchSpec spec) {
        return launch.i32(spec.height()).i32(spec.width()).i32(spec.output().c()).i32(spec.output().h()).i32(spec.output().w())
                .i32(spec.ringRows()).i32((spec.height() - spec.windowHeight()) / 2).i32((spec.width() - spec.windowWidth()) / 2)
                .i32(spec.windowHeight()).i32(spec.windowWidth());
    }

    /** struct Normalisation of picture.cuh. */
    private static Launch normalisation(Launch launch, BatchSpec spec) {
        for (int k = 0; k < BatchSpec.MAX_CHANNELS; k++) {
            launch.f32(spec.scale(k));
        }
        for (int k = 0; k < BatchSpec.MAX_CHANNELS; k++) {
            launch.f32(spec.shift(k));
        }
        return launch;
    }

    private static long imageBytes(BatchSpec spec) {
        return (long) spec.height() * spec.width() * spec.output().c();
    }

    private static long workspaceBytes(BatchSpec spec, Augmentation augmentation) {
        return augmentation.movesOnly() ? 0 : (long) spec.output().n() * VIEW_BYTES;
    }

    private static long targetBytes(BatchSpec spec, Augmentation augmentation) {
        return (long) spec.output().n() * Integer.BYTES * (augmentation.mixes() ? 3 : 1);
    }

    /** Bytes of {@code workspace}: what was drawn for every row. 0 where crop and flips are all. */
    public long workspaceBytes() {
        return workspaceBytes;
    }

    /** Bytes of {@code targets}. */
    public long targetBytes() {
        return targetBytes;
    }

    /**
     * @param images    u8 {@code [samples, height, width, channels]}; of a ring {@code [ringRows, height, width, channels]}, where row i
     *                  of the batch lies in row {@code (state.position + i) % ringRows}
     * @param labels    int32 {@code [samples]}
     * @param order     int32, the epoch's sample indices; row i takes {@code order[state.position + i]}
     * @param x         the batch, in the precision of this instance
     * @param targets   int32 {@code [output.n]}, a label a row; where rows are mixed {@code [3, output.n]}: labels, the other rows' labels,
     *                  and as the bits of fp32 the shares of the first, as {@link SoftmaxCrossEntropy} takes them
     * @param workspace of any content; not used and may be null where {@link #workspaceBytes} is 0
     */
    public void run(CUdeviceptr images, CUdeviceptr labels, CUdeviceptr order, CUdeviceptr state, CUdeviceptr x, CUdeviceptr targets,
                    CUdeviceptr workspace, CUstream stream) {
        if (launches.plain() != null) {
            launches.plain().enqueue(stream, images, labels, order, state, x, targets);
            return;
        }
        launches.draw().enqueue(stream, order, state, workspace);
        if (launches.grey() != null) {
            launches.grey().enqueue(stream, images, workspace);
        }
        launches.gather().enqueue(stream, images, labels, workspace, x, targets);
    }
}
