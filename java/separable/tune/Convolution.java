package separable.tune;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUstream;
import separable.device.Closing;
import separable.device.Device;
import separable.device.DeviceBuffer;
import separable.spec.ConvSpec;
import separable.spec.DType;
import separable.spec.Layout;
import separable.spec.Pass;

/**
 * Any convolution, by whatever is best for it here, in Java GPU code that exists already: give it the shapes, and the passes take your
 * own pointers and stream.
 * <!-- snippet tests/separable/tune/ConvolutionExampleTest.java any-convolution -->
 * <pre>{@code
 * ConvSpec spec = ConvSpec.depthwise(new Shape(8, 56, 56, 24), 7, 1, 1, Padding.symmetric(3));
 * try (Convolution convolution = new Convolution(spec, DType.F32, Layout.NHWC)) {
 *     System.out.print(convolution.describe());
 *     CUdeviceptr workspace = new CUdeviceptr();
 *     cuMemAlloc(workspace, Math.max(1, convolution.workspaceBytes()));
 *     convolution.forward(x, w, y, workspace, stream);
 *     convolution.backwardData(dy, w, dx, workspace, stream);
 *     convolution.backwardFilter(x, dy, dw, workspace, stream);
 *     cuStreamSynchronize(stream);
 *     cuMemFree(workspace);
 * }
 * }</pre>
 *
 * <p><b>Operands.</b> {@code x, dx}: {@code spec.input()}; {@code y, dy}: {@code spec.output()}; {@code w}: the filter; all in the given
 * precision and laid out as {@link Layout} says, where PyTorch's contiguous tensors are {@link Layout#NCHW}. {@code dw} is laid out like
 * {@code w}, in fp32. Formulas: {@link separable.kernel.GenericConv}. Outputs are overwritten. Addresses are multiples of 16 bytes. Each
 * pass needs {@link #workspaceBytes(Pass)} of scratch memory of any content; passes that do not run at the same time may share it.
 *
 * <p><b>Choice.</b> Made pass by pass in the constructor, never later, and told by {@link #describe}. By rule it is our kernel for this
 * kind of filter, where there is none cuDNN, and without cuDNN a generic kernel, which takes anything. With {@link Effort#QUICK} or
 * {@link Effort#FULL} it is the fastest in a measurement, and {@link TuningCache} remembers it. Every candidate gives the same bits every
 * time; two candidates differ in the order of sums, and cuDNN rounds {@code dw} to 16 bits where the precision has 16.
 *
 * <p><b>Streams.</b> The passes enqueue to the caller's stream, capturing or not; they allocate nothing and wait for nothing. One object
 * may be used on several streams, with a workspace for each; its filter gradients share counters, so enqueue those to one stream, or to
 * streams that wait for each other. All objects on one CUDA context share one cuDNN handle, made when cuDNN is first asked and closed with
 * the last of them; it is turned to the stream of each call. Use one object from one thread at a time; different objects may be used
 * by different threads at once.
 *
 * <p><b>Errors.</b> {@link IllegalArgumentException} for a pointer or stream that cannot be right, {@link IllegalStateException} after
 * {@link #close}, both before anything is enqueued; {@link separable.device.DeviceException} or
 * {@link separable.cudnn.CudnnException} for what the driver or cuDNN refuses.
 */
public final class Convolution implements AutoCloseable {

    private final ConvSpec spec;
    private final DType type;
    private final Layout layout;
    private final Map<Pass, Choice> choices = new EnumMap<>(Pass.class);
    private final List<AutoCloseable> owned = new ArrayList<>();
    private DeviceBuffer tickets;
    private boolean closed;

    /** All three passes, chosen by rule. */
    public Convolution(Device device, ConvSpec spec, DType type, Layout layout) {
        this(device, spec, type, layout, Tuning.off(), EnumSet.allOf(Pass.class));
    }

    /**
     * @param device to be closed after this
     * @param tuning how to choose; when that measures, not while this thread captures a stream
     * @param passes those wanted: the others are not chosen, and not there
     * @throws IllegalArgumentException when no kernel can index the problem
     * @throws separable.device.DeviceException when the device fails
     */
    public Convolution(Device device, ConvSpec spec, DType type, Layout layout, Tuning tuning, Set<Pass> passes) {
        this(device, false, spec, type, layout, tuning, passes);
    }

    /**
     * All three passes, chosen by rule, for the context that is current on this thread, whoever made it.
     *
     * @throws IllegalStateException when there is none
     */
    public Convolution(ConvSpec spec, DType type, Layout layout) {
        this(spec, type, layout, Tuning.off());
    }

    /** All three passes for the context that is current on this thread. */
    public Convolution(ConvSpec spec, DType type, Layout layout, Tuning tuning) {
        this(Device.current(), true, spec, type, layout, tuning, EnumSet.allOf(Pass.class));
    }

    private Convolution(Device device, boolean ownsDevice, ConvSpec spec, DType type, Layout layout, Tuning tuning, Set<Pass> passes) {
        if (ownsDevice) {
            owned.add(device);
        }
        this.spec = Objects.requireNonNull(spec, "spec");
        this.type = Objects.requireNonNull(type, "type");
        this.layout = Objects.requireNonNull(layout, "layout");
        try (Tuner tuner = new Tuner(device, tuning)) {
            int most = 0;
            for (Pass pass : passes) {
                Choice choice = tuner.choose(new Problem(spec, type, layout, pass));
                owned.add(choice);
                choices.put(pass, choice);
                most = Math.max(most, choice.candidate().tickets());
            }
            if (most > 0) {
                tickets = device.allocate((long) most * Integer.BYTES, "tickets of " + spec);
                owned.add(tickets);
                tickets.zero();
            }
        } catch (RuntimeException failure) {
            throw Closing.after(failure, owned);
        }
    }

    /** Elements of {@code w} and {@code dw} in memory. */
    public long filterElements() {
        return layout.filterElements(spec);
    }

    /** Bytes of scratch memory that {@code pass} needs. */
    public long workspaceBytes(Pass pass) {
        return choice(pass).candidate().workspaceBytes();
    }

    /** Bytes of scratch memory that serve any pass. */
    public long workspaceBytes() {
        return choices.keySet().stream().mapToLong(this::workspaceBytes).max().orElse(0);
    }

    /** How the kernel of {@code pass} was chosen. */
    public Decision decision(Pass pass) {
        return choice(pass).decision();
    }

    /** {@code y} from {@code x} and {@code w}. {@code workspace} may be null when {@link #workspaceBytes(Pass)} is 0. */
    public void forward(CUdeviceptr x, CUdeviceptr w, CUdeviceptr y, CUdeviceptr workspace, CUstream stream) {
        enqueue(Pass.FORWARD, x, w, y, workspace, stream);
    }

    /** {@code dx} from {@code dy} and {@code w}. {@code workspace} may be null when {@link #workspaceBytes(Pass)} is 0. */
    public void backwardData(CUdeviceptr dy, CUdeviceptr w, CUdeviceptr dx, CUdeviceptr workspace, CUstream stream) {
        enqueue(Pass.BACKWARD_DATA, dy, w, dx, workspace, stream);
    }

    /** {@code dw}, fp32, from {@code x} and {@code dy}. {@code workspace} may be null when {@link #workspaceBytes(Pass)} is 0. */
    public void backwardFilter(CUdeviceptr x, CUdeviceptr dy, CUdeviceptr dw, CUdeviceptr workspace, CUstream stream) {
        enqueue(Pass.BACKWARD_FILTER, x, dy, dw, workspace, stream);
    }

    private void enqueue(Pass pass, CUdeviceptr a, CUdeviceptr b, CUdeviceptr out, CUdeviceptr workspace, CUstream stream) {
        Candidate candidate = choice(pass).candidate();
        if (workspace == null && candidate.workspaceBytes() > 0) {
            throw new IllegalArgumentException(this + ": workspace is null, and the " + pass + " pass needs " + candidate.workspaceBytes() + " bytes");
        }
        candidate.enqueue(a, b, out, workspace, tickets == null ? null : tickets.pointer(), stream);
    }

    private Choice choice(Pass pass) {
        if (closed) {
            throw new IllegalStateException(this + " was used after it was closed");
        }
        Choice choice = choices.get(pass);
        if (choice == null) {
            throw new IllegalStateException(this + " was made without the " + pass + " pass");
        }
        return choice;
    }

    /** A line a pass: what computes it and why, and what was left out. */
    public String describe() {
        return choices.values().stream().map(choice -> choice.decision() + "\n").collect(Collectors.joining());
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            Closing.all(owned);
        }
    }

    /** The problem and, pass by pass, the kernel. */
    @Override
    public String toString() {
        return "convolution " + spec + " " + type + " " + layout + choices.entrySet().stream()
                .map(choice -> choice.getKey() + " by " + choice.getValue().candidate().name()).collect(Collectors.joining(", ", " (", ")"));
    }
}
