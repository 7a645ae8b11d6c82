package separable.kernel;

import static java.util.Objects.requireNonNull;

import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUstream;
import separable.device.Device;
import separable.device.Launch;
import separable.spec.Activation;
import separable.spec.DType;
import separable.spec.Shape;

/**
 * {@link BatchNorm} with its activation, {@link GlobalAveragePool} and {@link Dropout} in one launch, from the raw output of a network's
 * last convolution: {@code pooled[n, c] = dropout(mean over the pixels of act(BN(y)))}. It rounds where the three would store, so that
 * its bits are theirs.
 *
 * <p>{@code y}: {@code shape}; {@code pooled}: {@code Shape.matrix(n, c)}, both in the given precision; {@code statistics}: fp32
 * {@code [4][channelStride]}: mean, biased variance, scale = gamma / sqrt(variance + epsilon), beta, as y's producer left them.
 */
public final class FusedPool extends DeviceOp<Launch> {

    /** Few, so that the CTAs of a batch are even over the multiprocessors. */
    private static final int THREADS = 64;

    /**
     * On the context that is current on the calling thread, whoever made it.
     *
     * @param activation of the normalisation
     * @param rate       of dropout, in [0, 1); 0: none
     * @param salt       tells the dropout layers of a network apart
     * @throws IllegalArgumentException for another rate
     */
    public FusedPool(Shape shape, DType type, Activation activation, float rate, int salt) {
        super(Device.current(), device -> launch(device, shape, type, activation, rate, salt));
    }

    /** The same on {@code device}, which must stay open as long as this. */
    public FusedPool(Device device, Shape shape, DType type, Activation activation, float rate, int salt) {
        super(device.lend(), share -> launch(share, shape, type, activation, rate, salt));
    }

    private static Launch launch(Device device, Shape shape, DType type, Activation activation, float rate, int salt) {
        requireProblem("shape", shape, type);
        requireNonNull(activation, "activation");
        Shape pooled = Shape.matrix(shape.n(), shape.c());
        DropoutMask dropout = DropoutMask.of(pooled, rate, salt);
        Launch launch = device.kernel("fused_pool_" + type.suffix()).launch()
                .describe("fused pool " + shape + " " + type + " " + activation + " dropout " + rate)
                .grid(VectorGrid.blocks(VectorGrid.vectors(pooled), THREADS), 1, 1).block(THREADS)
                .input("y", shape.bytes(type)).input("statistics", 4L * shape.channelStride() * Float.BYTES);
        dropout.appendState(launch).output("pooled", pooled.bytes(type))
                .i32(shape.n()).i32(shape.h() * shape.w()).i32(shape.channelStride());
        return dropout.append(Bounds.of(activation).append(launch));
    }

    /** @param state the bytes of {@link StepState}; ignored, and best null, where the rate is 0 */
    public void enqueue(CUdeviceptr y, CUdeviceptr statistics, CUdeviceptr state, CUdeviceptr pooled, CUstream stream) {
        launches.enqueue(stream, y, statistics, state, pooled);
    }
}
