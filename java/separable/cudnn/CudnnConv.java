package separable.cudnn;

import java.util.ArrayList;
import java.util.List;
import jcuda.CudaException;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUstream;
import separable.device.ArgumentChecks;
import separable.spec.ConvSpec;
import separable.spec.DType;
import separable.spec.Layout;
import separable.spec.Padding;
import separable.spec.Pass;
import separable.spec.Products;
import separable.spec.Shape;

/**
 * Convolution by cuDNN, any kind: depthwise, grouped, pointwise, general. The passes compute what those of
 * {@code separable.kernel} compute, on operands that lie as {@link Layout} says:
 * <pre>
 *   forward          y  from x and w
 *   backwardData     dx from dy and w
 *   backwardFilter   dw from x and dy
 * </pre>
 * {@code x, dx}: {@code spec.input()}; {@code y, dy}: {@code spec.output()}; {@code w}: all in the given precision; {@code dw}: fp32
 * with the layout of {@code w}. Sums are fp32, outputs are overwritten. In bf16 and fp16 cuDNN rounds {@code dw} to 16 bits
 * before it becomes fp32.
 *
 * <p>Each pass uses the algorithm last chosen for it, at first none: choose before {@link #workspaceBytes} and before the pass.
 * Only algorithms that give the same bits every time are chosen, unless one is named. The passes enqueue to the given stream
 * (capturing or not), allocate nothing, and wait for nothing; they refuse wrong pointers and streams as
 * {@link separable.device.Launch} does. Not safe for use by several threads.
 *
 * <p>Formula and algorithms: NVIDIA's cuDNN 9 manual under {@code cudnnConvolutionForward},
 * {@code cudnnConvolutionBackwardData} and {@code cudnnConvolutionBackwardFilter}.
 */
public final class CudnnConv implements AutoCloseable {

    /** cuDNN's part of the workspace comes first and is rounded up to this, so that the filter's copy behind it is aligned. */
    private static final long ALIGNMENT = 256;

    private final CudnnHandle handle;
    private final ConvSpec spec;
    private final DType type;
    private final Layout layout;
    private final Products products;
    private final Descriptors descriptors;
    private final FilterCopy copy;
    private final Scale scale = new Scale();
    private final Choice[] chosen = new Choice[ConvPass.values().length];
    private boolean closed;

    /** An algorithm, the place of the filter's copy in the workspace, in bytes behind what cuDNN uses, and what the pass must be given. */
    private static final class Choice {
        final CudnnAlgorithm algorithm;
        final long copyOffset;
        final ArgumentChecks arguments;
        CUdeviceptr filterCopy;

        Choice(CudnnAlgorithm algorithm, long copyOffset, ArgumentChecks arguments) {
            this.algorithm = algorithm;
            this.copyOffset = copyOffset;
            this.arguments = arguments;
        }
    }

    /** Like the constructor with products, {@link Products#EXACT}. */
    public CudnnConv(CudnnHandle handle, ConvSpec spec, DType type, Layout layout) {
        this(handle, spec, type, layout, Products.EXACT);
    }

    /**
     * @param handle to be closed after this
     * @throws IllegalArgumentException when {@link #refusal} has something to say
     * @throws IllegalStateException when the handle is closed
     * @throws CudnnException when cuDNN refuses the description
     */
    public CudnnConv(CudnnHandle handle, ConvSpec spec, DType type, Layout layout, Products products) {
        String refusal = refusal(spec, layout);
        if (!refusal.isEmpty()) {
            throw new IllegalArgumentException("cuDNN cannot compute " + spec + " in " + layout + ": " + refusal
                    + "; separable.tune.Convolution finds a kernel for any problem");
        }
        handle.requireOpen();
        this.handle = handle;
        this.spec = spec;
        this.type = type;
        this.layout = layout;
        this.products = products.of(type);
        this.copy = new FilterCopy(handle.device(), spec, type, layout);
        this.descriptors = new Descriptors(spec, type, layout, products, toString());
    }

    /** Whether cuDNN is there and can describe the problem. Whether it has an algorithm for a pass, {@link #algorithms} says. */
    public static boolean supports(Cudnn cudnn, ConvSpec spec, DType type, Layout layout) {
        return cudnn.isAvailable() && refusal(spec, layout).isEmpty();
    }

    /** Why cuDNN has no words for a problem, or an empty text when it has. */
    public static String refusal(ConvSpec spec, Layout layout) {
        if (layout == Layout.PADDED_NHWC && spec.groups() != 1 && !spec.isDepthwise()) {
            return "with channels rounded up, groups must be 1 or as many as channels: use NHWC or NCHW";
        }
        if (layout.filterElements(spec) > Integer.MAX_VALUE) {
            return "it takes at most " + Integer.MAX_VALUE + " filter elements";
        }
        // cuDNN pads both ends alike. What it pads too much must not make its output larger than ours.
        Shape in = spec.input();
        Shape out = spec.output();
        Padding padding = spec.padding();
        if (extent(in.h(), padding.top(), spec.kernelHeight(), spec) != out.h()
                || extent(in.w(), padding.left(), spec.kernelWidth(), spec) != out.w()) {
            return "it pads top and bottom alike, and left and right, which here gives another output";
        }
        return "";
    }

    private static int extent(int size, int padding, int kernel, ConvSpec spec) {
        return Math.floorDiv(size + 2 * padding - (kernel - 1) * spec.dilation() - 1, spec.stride()) + 1;
    }

    /**
     * What cuDNN's rules of thumb take for suitable, the fastest first; deterministic or not, within the limit. Needs no run.
     *
     * @param workspaceLimit bytes
     * @return empty when cuDNN has nothing for this problem on this GPU
     */
    public List<CudnnAlgorithm> suggestedAlgorithms(Pass pass, long workspaceLimit) {
        // Where nothing is accepted the rules are not asked: JCudnn garbles their refusals.
        if (algorithms(pass, workspaceLimit).isEmpty()) {
            return List.of();
        }
        ConvPass calls = ConvPass.of(pass);
        return accepted(calls, heuristics(calls), workspaceLimit);
    }

    private List<Integer> heuristics(ConvPass calls) {
        String what = "asking for algorithms for the " + calls.pass + " pass of";
        List<Integer> numbers = new ArrayList<>();
        int status;
        try {
            status = Status.of(() -> handle.call(open -> calls.heuristics(open, descriptors, numbers)));
        } catch (ArrayIndexOutOfBoundsException e) {
            // JCudnn copies as many answers as cuDNN says it gave, and a call that fails says nothing.
            throw Status.lost(what, this, e);
        }
        if (status != Status.SUCCESS) {
            throw Status.failure(status, what, this);
        }
        return numbers;
    }

    /** Every algorithm that cuDNN accepts for the problem, deterministic or not, within the limit, in cuDNN's order. */
    public List<CudnnAlgorithm> algorithms(Pass pass, long workspaceLimit) {
        requireOpen();
        ConvPass calls = ConvPass.of(pass);
        return accepted(calls, calls.everyAlgorithm(), workspaceLimit);
    }

    private List<CudnnAlgorithm> accepted(ConvPass calls, List<Integer> numbers, long workspaceLimit) {
        List<CudnnAlgorithm> accepted = new ArrayList<>();
        long[] bytes = new long[1];
        for (int number : numbers) {
            int status = Status.of(() -> handle.call(open -> calls.workspace(open, descriptors, number, bytes)));
            if (status == Status.SUCCESS) {
                CudnnAlgorithm algorithm = new CudnnAlgorithm(calls.pass, number, calls.name(number), workspaceBytes(calls, bytes[0]),
                        calls.isDeterministic(number));
                if (algorithm.workspaceBytes() <= workspaceLimit) {
                    accepted.add(algorithm);
                }
            } else if (!Status.isRefusal(status)) {
                throw Status.failure(status, "asking for the workspace of " + calls.name(number) + " for the " + calls.pass + " pass of", this);
            }
        }
        return accepted;
    }

    private long workspaceBytes(ConvPass calls, long cudnnBytes) {
        return copy.isNeeded(calls) ? roundUp(cudnnBytes) + copy.bytes() : cudnnBytes;
    }

    private static long roundUp(long bytes) {
        return (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    }

    /** Makes {@code algorithm}, one of {@link #algorithms}, that of its pass from now on. */
    public void choose(CudnnAlgorithm algorithm) {
        requireOpen();
        ConvPass calls = ConvPass.of(algorithm.pass());
        long offset = algorithm.workspaceBytes() - (copy.isNeeded(calls) ? copy.bytes() : 0);
        if (offset < 0) {
            throw new IllegalArgumentException(algorithm + " is an algorithm of another problem than " + this);
        }
        chosen[calls.ordinal()] = new Choice(algorithm, offset, arguments(algorithm));
    }

    /** What a pass takes, in the order of its method. */
    private ArgumentChecks arguments(CudnnAlgorithm algorithm) {
        ArgumentChecks arguments = new ArgumentChecks(handle.device(), this);
        long input = layout.bytes(spec.input(), type);
        long output = layout.bytes(spec.output(), type);
        long filter = layout.filterElements(spec);
        switch (algorithm.pass()) {
            case FORWARD -> arguments.input("x", input).input("w", filter * type.bytes()).output("y", output);
            case BACKWARD_DATA -> arguments.input("dy", output).input("w", filter * type.bytes()).output("dx", input);
            case BACKWARD_FILTER -> arguments.input("x", input).input("dy", output).output("dw", filter * Float.BYTES);
        }
        return arguments.output("workspace", algorithm.workspaceBytes());
    }

    /**
     * Chooses the first suggested algorithm that is deterministic and within the limit, for a pass.
     *
     * @return the choice
     * @throws IllegalArgumentException when cuDNN has none
     */
    public CudnnAlgorithm choose(Pass pass, long workspaceLimit) {
        for (CudnnAlgorithm algorithm : suggestedAlgorithms(pass, workspaceLimit)) {
            if (algorithm.deterministic()) {
                choose(algorithm);
                return algorithm;
            }
        }
        throw new IllegalArgumentException("cuDNN has no deterministic algorithm with at most " + workspaceLimit
                + " bytes of workspace for the " + pass + " pass of " + this + ": raise the limit, or use separable.tune.Convolution, which takes another kernel then");
    }

    /**
     * Chooses an algorithm by cuDNN's name, deterministic or not.
     *
     * @throws IllegalArgumentException naming those that are there
     */
    public CudnnAlgorithm choose(Pass pass, String name, long workspaceLimit) {
        List<CudnnAlgorithm> there = algorithms(pass, workspaceLimit);
        for (CudnnAlgorithm algorithm : there) {
            if (algorithm.name().equals(name)) {
                choose(algorithm);
                return algorithm;
            }
        }
        throw new IllegalArgumentException("cuDNN has no algorithm '" + name + "' with at most " + workspaceLimit
                + " bytes of workspace for the " + pass + " pass of " + this + ": there are " + there);
    }

    /** Bytes of the workspace that a pass needs, of any content; depends on the algorithm chosen. */
    public long workspaceBytes(Pass pass) {
        return choice(ConvPass.of(pass)).algorithm.workspaceBytes();
    }

    /** {@code y} from {@code x} and {@code w}. {@code workspace} may be null when {@link #workspaceBytes} is 0. */
    public void forward(CUdeviceptr x, CUdeviceptr w, CUdeviceptr y, CUdeviceptr workspace, CUstream stream) {
        dataPass(ConvPass.FORWARD, x, w, y, workspace, stream);
    }

    /** {@code dx} from {@code dy} and {@code w}. */
    public void backwardData(CUdeviceptr dy, CUdeviceptr w, CUdeviceptr dx, CUdeviceptr workspace, CUstream stream) {
        dataPass(ConvPass.BACKWARD_DATA, dy, w, dx, workspace, stream);
    }

    private void dataPass(ConvPass calls, CUdeviceptr a, CUdeviceptr w, CUdeviceptr out, CUdeviceptr workspace, CUstream stream) {
        Choice choice = prepare(calls, a, w, out, workspace, stream);
        if (copy.isNeeded(calls)) {
            copy.toCudnn(w, choice.filterCopy, stream);
        }
        run(calls, choice, a, copy.isNeeded(calls) ? choice.filterCopy : w, out, workspace, stream);
    }

    /** {@code dw}, fp32, from {@code x} and {@code dy}. */
    public void backwardFilter(CUdeviceptr x, CUdeviceptr dy, CUdeviceptr dw, CUdeviceptr workspace, CUstream stream) {
        ConvPass calls = ConvPass.BACKWARD_FILTER;
        Choice choice = prepare(calls, x, dy, dw, workspace, stream);
        run(calls, choice, x, dy, copy.isNeeded(calls) ? choice.filterCopy : dw, workspace, stream);
        if (copy.isNeeded(calls)) {
            copy.gradientFromCudnn(choice.filterCopy, dw, stream);
        }
    }

    /** Checks what was given; a call with the same as the last one allocates nothing. */
    private Choice prepare(ConvPass calls, CUdeviceptr a, CUdeviceptr b, CUdeviceptr out, CUdeviceptr workspace, CUstream stream) {
        requireOpen();
        Choice choice = choice(calls);
        if (choice.arguments.accept(stream, a, b, out, workspace) && copy.isNeeded(calls)) {
            choice.filterCopy = workspace.withByteOffset(choice.copyOffset);
        }
        handle.requireOpen();
        return choice;
    }

    private Choice choice(ConvPass calls) {
        Choice choice = chosen[calls.ordinal()];
        if (choice == null) {
            throw new IllegalStateException("no algorithm was chosen for the " + calls.pass + " pass of " + this + ": call choose first");
        }
        return choice;
    }

    private void run(ConvPass calls, Choice choice, CUdeviceptr a, CUdeviceptr b, CUdeviceptr out, CUdeviceptr workspace, CUstream stream) {
        int status;
        // Nobody else may turn the handle to another stream in between.
        synchronized (handle) {
            handle.bind(stream);
            try {
                status = calls.run(handle.handle(), descriptors, choice.algorithm.number(), scale, a, b, out, workspace, choice.copyOffset);
            } catch (CudaException e) {
                status = Status.code(e);
            }
        }
        if (status != Status.SUCCESS) {
            throw Status.failure(status, "enqueuing " + choice.algorithm + " for the " + calls.pass + " pass of", this);
        }
    }

    private void requireOpen() {
        if (closed) {
            throw new IllegalStateException(this + " was used after it was closed");
        }
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            descriptors.close();
        }
    }

    @Override
    public String toString() {
        return "cuDNN convolution " + spec + " " + type + " " + layout + (type == DType.F32 ? " " + products : "");
    }
}
