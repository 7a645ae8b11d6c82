package separable.kernel;

import static java.util.Objects.requireNonNull;

import java.util.List;
import java.util.function.UnaryOperator;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUstream;
import separable.device.Device;
import separable.device.Kernel;
import separable.device.Launch;
import separable.spec.Activation;
import separable.spec.ConvSpec;
import separable.spec.DType;
import separable.spec.NormSpec;
import separable.spec.Pass;
import separable.spec.Products;
import separable.spec.Shape;

/**
 * Both gradients of a pointwise convolution of the fused schedule, in one launch. With M = N*H*W pixels, dY [M, Cout] the gradient of its
 * raw output and A [M, Cin] its input, both made on load:
 * <pre>
 *   dY = scale * (G - c0 - (y - mean) * c1)                  G: stored, or that of a mean over all pixels ({@link FusedGradient})
 *   A  = act(BN(yPrevious)), or x, a stored residual sum     ({@link Input})
 *   gPrevious = dY w (+ skip), 0 where the activation before is not strictly inside its bounds
 *   dbeta = sum gPrevious      dgamma = sum gPrevious * (yPrevious - mean) / sqrt(variance + epsilon)
 *   dw = dY^T A
 * </pre>
 *
 * <p>{@code g, y}: {@code spec.output()}, or {@code dp}: [N, Cout] in place of g; {@code x, yPrevious, skip, gPrevious}: {@code spec.input()};
 * {@code w}: as {@link PointwiseConv}'s; all in the given precision. {@code statistics} [4][Cout], {@code statisticsPrevious} [4][Cin]: mean,
 * biased variance, scale, beta; {@code sums} [2][Cout], {@code sumsPrevious} [2][Cin]: {@code c0 = dbeta / n} and
 * {@code c1 = dgamma / (n * sqrt(variance + epsilon))} of the normalisation behind and of the one before; {@code dgamma, dbeta} [Cin], of the one
 * before; {@code dw} [Cout, Cin], or of the forms ONE and SLICE [parts, Cout, Cin], which {@link GradientFold} adds up: all fp32. Everything
 * written is overwritten. {@code skip}, the gradient of a residual branch that joins
 * here, may be {@code gPrevious}. The results are those of the plain ops to the bit if they are folded alike ({@link TiledBackwardReduce},
 * {@link #filterVariant}).
 *
 * <p>Refusals, lifetimes and threads: {@link ConvKernel}.
 */
public final class FusedPointwiseBackward extends DeviceOp<FusedPointwiseBackward.Launches> {

    /** What the weight gradient reads as the convolution's input. */
    public enum Input {
        /** {@code act(BN(yPrevious))}. */
        NORM,
        /** {@code x}, a residual sum; yPrevious is then the branch's output, whose normalisation has no activation. */
        STORED
    }

    /** How the two gradients share a launch; {@link PointwiseBackwardForm} chooses. */
    public enum Form {
        /** A CTA computes both from one reading of the tensors; the weight gradient stays in its registers. On tensor cores. */
        ONE,
        /** The same for a slice of the input channels. */
        SLICE,
        /** Some CTAs compute the one, some the other. */
        DUAL
    }

    /**
     * @param parts  of dw that are left to be added
     * @param filter the plain way to sum dw in the same order
     */
    record Launches(Launch backward, Fold fold, int parts, Variant filter) {
    }

    /** On the context that is current on the calling thread; see the other constructor. */
    public FusedPointwiseBackward(ConvSpec spec, DType type, Products products, FusedGradient gradient, Input input, boolean skip, NormSpec previous, Form form) {
        super(Device.current(), device -> launches(device, new Problem(spec, type, products, gradient, input, skip, previous, form), UnaryOperator.identity()));
    }

    /**
     * @param spec     a pointwise convolution
     * @param products of fp32 operands
     * @param skip     whether the gradient of a residual branch is added
     * @param previous the normalisation before; without activation where {@code input} is STORED
     * @param form     that of {@link PointwiseBackwardForm#of}, or DUAL
     * @throws IllegalArgumentException when {@code spec} is another kind of convolution, a stored sum is said to have an activation, or the
     *                                  form is not one that the problem has on this device
     */
    public FusedPointwiseBackward(Device device, ConvSpec spec, DType type, Products products, FusedGradient gradient, Input input, boolean skip, NormSpec previous,
                                  Form form) {
        this(device, new Problem(spec, type, products, gradient, input, skip, previous, form), UnaryOperator.identity());
    }

    /** @param choice changes the grid of the data gradient that the rule takes for DUAL; for tests */
    FusedPointwiseBackward(Device device, Problem problem, UnaryOperator<FusedGrid> choice) {
        super(device.lend(), share -> launches(share, problem, choice));
    }

    /** As ONE or SLICE with another division than the rule's; for tests. */
    FusedPointwiseBackward(Device device, Problem problem, PointwiseBackwardForm form) {
        super(device.lend(), share -> one(share, problem, form));
    }

    /** The parts of the problem, each of which must be there. */
    record Problem(ConvSpec spec, DType type, Products products, FusedGradient gradient, Input input, boolean skip, NormSpec previous, Form form) {

        Problem {
            requireProblem("spec", spec, type);
            requireNonNull(products, "products");
            requireNonNull(gradient, "gradient");
            requireNonNull(input, "input");
            requireNonNull(previous, "previous");
            requireNonNull(form, "form");
            FusedProblem.requirePointwise("fused pointwise gradients", spec, type);
            if (input == Input.STORED && previous.activation() != Activation.NONE) {
                throw new IllegalArgumentException("fused pointwise gradients of " + spec
                        + ": the normalisation before a stored sum has no activation, not " + previous.activation());
            }
        }

        @Override
        public String toString() {
            return spec + " " + type + (gradient.pooled() ? " behind a mean" : "") + " of " + input + (skip ? " with skip" : "");
        }
    }

    private static Launches launches(Device device, Problem problem, UnaryOperator<FusedGrid> choice) {
        FusedProblem.requireProducts("fused pointwise gradients", device, problem.spec(), problem.type(), problem.products());
        return problem.form() == Form.DUAL ? dual(device, problem, choice.apply(dataGrid(device, problem)))
                : one(device, problem, divided(device, problem.spec(), problem.type(), problem.form()));
    }

    /** The rule's division, which must be of the form that was asked for. */
    private static PointwiseBackwardForm divided(Device device, ConvSpec spec, DType type, Form form) {
        PointwiseBackwardForm rule = PointwiseBackwardForm.of(device, spec, type);
        if (rule.form() != form) {
            throw new IllegalArgumentException("fused pointwise gradients of " + spec + " " + type + " as " + form + ": on this device they are computed as "
                    + rule.form());
        }
        return rule;
    }

    /** The grid of the data gradient, which its reduction's twin takes too. */
    static FusedGrid dataGrid(Device device, Problem problem) {
        return problem.form() == Form.DUAL ? dualGrid(device, problem, dualTile(device, problem)).data()
                : divided(device, problem.spec(), problem.type(), problem.form()).grid(problem.spec());
    }

    private static GemmTile dualTile(Device device, Problem problem) {
        List<GemmTile> tiles = problem.gradient().pooled() ? GemmTile.fusedPoolTiles(problem.type(), problem.products())
                : GemmTile.fusedTiles(problem.type(), problem.products());
        return DualGrid.tile(tiles, problem.spec(), problem.type(), device.multiprocessors());
    }

    private static DualGrid dualGrid(Device device, Problem problem, GemmTile tile) {
        return DualGrid.of(tile, problem.spec(), problem.type(), dualKernel(device, problem, tile).residents(tile.threads(), 0));
    }

    private static Kernel dualKernel(Device device, Problem problem, GemmTile tile) {
        String operation = "fused_pw_dual_" + (problem.gradient().pooled() ? "pool_" : "") + (problem.input() == Input.NORM ? "norm" : "stored");
        return device.kernel(tile.entry(operation, problem.type()));
    }

    private static Launches one(Device device, Problem problem, PointwiseBackwardForm form) {
        ConvSpec spec = problem.spec();
        DType type = problem.type();
        Shape in = spec.input();
        Shape out = spec.output();
        Fold fold = form.grid(spec).fold(FusedProblem.GRADIENT_SUMS, in.channelStride());
        Launch launch = device.kernel(PointwiseOne.entry(spec, type, form)).launch().describe("fused pointwise gradients " + problem + " as " + form)
                .grid(form.parts() * form.slices(spec), 1, 1).block(PointwiseOne.THREADS)
                .sharedBytes(form.layout().sharedBytes(out.channelStride(), form.slice()));
        fold.append(operands(launch, problem, form.parts()))
                .i32(in.rows()).i32(in.channelStride()).i32(out.channelStride()).i32(problem.gradient().pooled() ? out.h() * out.w() : 0)
                .i32(form.slice()).i32(form.tileRows()).i32(form.apart() ? 1 : 0).f32(problem.previous().epsilon());
        Bounds.of(problem.previous().activation()).append(launch);
        Bounds.of(problem.gradient().activation()).append(launch);
        return new Launches(launch, fold, form.parts(), GemmVariant.ofRows(type, form.rows(), form.parts()));
    }

    private static Launches dual(Device device, Problem problem, FusedGrid data) {
        ConvSpec spec = problem.spec();
        Shape in = spec.input();
        Shape out = spec.output();
        DualGrid grid = new DualGrid(data, dualGrid(device, problem, data.tile()).filter());
        FilterSplit split = grid.filter();
        Fold sums = data.fold(FusedProblem.GRADIENT_SUMS, in.channelStride());
        Fold fold = new Fold(sums.bytes() + split.workspaceBytes(), sums.tickets() + split.tickets());
        Launch launch = dualKernel(device, problem, data.tile()).launch().describe("fused pointwise gradients " + problem)
                .grid(grid.ctas(), 1, 1).block(data.tile().threads());
        fold.append(operands(launch, problem, 1))
                .i32(in.rows()).i32(in.channelStride()).i32(out.channelStride())
                .i32(data.parts()).i32(split.splits()).i32(split.depthPerSplit()).f32(problem.previous().epsilon());
        Bounds.of(problem.previous().activation()).append(launch);
        if (problem.gradient().pooled()) {
            Bounds.of(problem.gradient().activation()).append(launch.i32(out.h() * out.w()));
        }
        return new Launches(launch, fold, 1, variant(problem, split));
    }

    /** Plain filter gradients have none of the large tiles: 64x64 adds the same parts in the same order, for one group of threads has the whole depth in both. */
    private static Variant variant(Problem problem, FilterSplit split) {
        GemmTile tile = split.tile();
        return GemmTile.filterTiles(problem.type(), problem.products()).contains(tile) ? new GemmVariant(Pass.BACKWARD_FILTER, tile, split.splits())
                : GemmVariant.ofRows(problem.type(), split.depthPerSplit(), split.splits());
    }

    /** The pointers but for workspace and tickets. The kernels of DUAL have a parameter for x only where there is one. */
    private static Launch operands(Launch launch, Problem problem, int parts) {
        ConvSpec spec = problem.spec();
        DType type = problem.type();
        Shape in = spec.input();
        Shape out = spec.output();
        boolean pooled = problem.gradient().pooled();
        launch.input(pooled ? "dp" : "g", (pooled ? Shape.matrix(out.n(), out.c()) : out).bytes(type)).input("y", out.bytes(type))
                .input("statistics", FusedProblem.tableBytes(out)).input("sums", FusedProblem.sumsBytes(out));
        boolean stored = problem.input() == Input.STORED;
        FusedProblem.inputWhere(stored || problem.form() != Form.DUAL, launch, "x", stored ? in.bytes(type) : 0);
        return launch.input("yPrevious", in.bytes(type)).input("statisticsPrevious", FusedProblem.tableBytes(in))
                .input("skip", problem.skip() ? in.bytes(type) : 0)
                .input("w", FusedProblem.filterElements(spec) * type.bytes())
                .output("gPrevious", in.bytes(type), "skip")
                .output("dgamma", FusedProblem.channelBytes(in)).output("dbeta", FusedProblem.channelBytes(in))
                .output("sumsPrevious", FusedProblem.sumsBytes(in)).output("dw", parts * FusedProblem.filterElements(spec) * Float.BYTES);
    }

    /** Bytes of the workspace, of any content. */
    public long workspaceBytes() {
        return launches.fold().bytes();
    }

    /** Ints of the tickets: 0 before the first use and left 0. */
    public int tickets() {
        return launches.fold().tickets();
    }

    /** Parts of {@code dw} that are left to be added: 1 where it is the gradient itself. */
    public int parts() {
        return launches.parts();
    }

    /** The variant of {@link PointwiseConv} that sums its filter gradient in the same order. */
    public Variant filterVariant() {
        return launches.filter();
    }

    /**
     * {@code gPrevious}, {@code dgamma}, {@code dbeta}, {@code sumsPrevious} and {@code dw}.
     *
     * @param g    or dp, where the gradient is pooled
     * @param x    null unless the input is STORED
     * @param skip null unless there is one
     */
    public void enqueue(CUdeviceptr g, CUdeviceptr y, CUdeviceptr statistics, CUdeviceptr sums, CUdeviceptr x, CUdeviceptr yPrevious,
                        CUdeviceptr statisticsPrevious, CUdeviceptr skip, CUdeviceptr w, CUdeviceptr gPrevious, CUdeviceptr dgamma,
                        CUdeviceptr dbeta, CUdeviceptr sumsPrevious, CUdeviceptr dw, CUdeviceptr workspace, CUdeviceptr tickets, CUstream stream) {
        launches.backward().give(g).give(y).give(statistics).give(sums).give(x).give(yPrevious).give(statisticsPrevious).give(skip).give(w)
                .give(gPrevious).give(dgamma).give(dbeta).give(sumsPrevious).give(dw).give(workspace).give(tickets).enqueueGiven(stream);
    }
}
