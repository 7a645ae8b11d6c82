package separable.graph;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUstream;
import separable.device.Closing;
import separable.device.Device;
import separable.device.DeviceBuffer;
import separable.device.Range;
import separable.device.Stream;
import separable.kernel.StepState;
import separable.spec.DType;
import separable.spec.Precision;
import separable.spec.Products;
import separable.tune.Choice;
import separable.tune.Decision;
import separable.tune.Tuner;

/**
 * A graph compiled for one device, batch size and precision: kernels chosen, memory laid out, addresses bound. After that
 * {@link #enqueue} allocates nothing, waits for nothing, and may be captured.
 *
 * <p>The caller writes {@link #input} and {@link #labels} before each run. A plan belongs to one thread. The parameters,
 * the step state and the metrics are the caller's and outlive the plan.
 */
public final class Plan implements AutoCloseable {

    private final Graph graph;
    /** What passes made the graph of, the first first. */
    private final List<Graph> before;
    private final Lifetimes lifetimes;
    private final FoldedWeights folded;
    private final Memory memory;
    private final List<Candidate> chosen;
    private final List<Enqueue> bound = new ArrayList<>();
    private final Enqueue[] steps;
    /** How many of the steps are not of the backward pass. */
    private final int forward;
    private final Optional<DeviceBuffer> metrics;
    private final String precision;

    /**
     * A training step up to the gradients; the optimizer's update is enqueued after it. In fp16 gradients are those of the loss times
     * {@link separable.kernel.LossScale#factor}.
     *
     * @param forward from a network's {@code trainingGraph}
     * @param state   batch count, seed and step, read by loss and dropout
     * @param metrics a ring of 16-byte slots; the loss writes slot {@code state.slot}
     * @throws IllegalArgumentException when no kernel can carry out an op
     * @throws separable.device.DeviceException when the device lacks the memory
     */
    public static Plan training(Device device, Graph forward, Parameters parameters, StepState state, DeviceBuffer metrics, PlanOptions options) {
        Graph plain = Backward.of(forward);
        boolean fuses = options.schedule() == Schedule.FUSED;
        return new Plan(device, FoldedGraph.plain(fuses ? fused(device, plain, options) : plain), fuses ? List.of(plain) : List.of(), parameters,
                Optional.of(state), Optional.of(metrics), options);
    }

    private static Graph fused(Device device, Graph training, PlanOptions options) {
        return Fusion.of(training, new DeviceFusedKernels(device));
    }

    /**
     * A forward pass with loss and counts, from a network's {@code evaluationGraph}. With {@link PlanOptions#foldNorms} it computes with
     * the weights and running statistics of its making, or of the last {@link #refresh}.
     */
    public static Plan evaluation(Device device, Graph graph, Parameters parameters, StepState state, DeviceBuffer metrics, PlanOptions options) {
        return new Plan(device, folding(graph, options), options.foldNorms() ? List.of(graph) : List.of(), parameters, Optional.of(state),
                Optional.of(metrics), options);
    }

    /**
     * A forward pass to the logits, from a network's {@code inferenceGraph}. With {@link PlanOptions#foldNorms} it computes with the
     * weights and running statistics of its making, or of the last {@link #refresh}.
     */
    public static Plan inference(Device device, Graph graph, Parameters parameters, PlanOptions options) {
        if (graph.labels().isPresent()) {
            throw new IllegalArgumentException(graph.name() + ": the graph has a loss, which needs a step state and metrics; use Plan.evaluation");
        }
        return new Plan(device, folding(graph, options), options.foldNorms() ? List.of(graph) : List.of(), parameters, Optional.empty(),
                Optional.empty(), options);
    }

    private static FoldedGraph folding(Graph graph, PlanOptions options) {
        return options.foldNorms() ? FoldedGraph.of(graph) : FoldedGraph.plain(graph);
    }

    private Plan(Device device, FoldedGraph source, List<Graph> before, Parameters parameters, Optional<StepState> state,
                 Optional<DeviceBuffer> metrics, PlanOptions options) {
        this.graph = source.graph();
        this.before = before;
        this.forward = forwardOps(graph);
        this.precision = precision(device, graph.type(), options.products());
        this.metrics = metrics;
        this.lifetimes = Lifetimes.of(graph);
        this.chosen = choose(device, graph, options);
        try {
            this.folded = new FoldedWeights(device, source, parameters);
        } catch (RuntimeException failure) {
            throw Closing.after(failure, chosen);
        }
        try {
            this.memory = new Memory(device, graph, lifetimes, chosen, parameters, folded, options);
        } catch (RuntimeException failure) {
            throw Closing.after(failure, withFolded());
        }
        try {
            this.steps = bind(state.map(StepState::pointer).orElse(null), metrics.map(DeviceBuffer::pointer).orElse(null));
        } catch (RuntimeException failure) {
            throw Closing.after(failure, owned());
        }
    }

    /** For people: how much is rounded, and what was asked for where that is more than the device can. */
    private static String precision(Device device, DType type, Products asked) {
        Products products = asked.on(device.computeCapability());
        return Precision.of(type, products) + (products == asked ? "" : ", no " + asked + ": it needs compute capability 8.0");
    }

    private static List<Candidate> choose(Device device, Graph graph, PlanOptions options) {
        try (Tuner tuner = new Tuner(device, options.tuning())) {
            Products products = options.products().of(graph.type()).on(device.computeCapability());
            Optional<FoldingAlike> alike = options.foldAlike() ? Optional.of(new FoldingAlike(device, products, fused(device, graph, options))) : Optional.empty();
            return new Candidates(device, tuner, products, alike).choose(graph);
        }
    }

    private List<AutoCloseable> withFolded() {
        List<AutoCloseable> owned = new ArrayList<>(chosen);
        owned.add(folded);
        return owned;
    }

    private List<AutoCloseable> owned() {
        List<AutoCloseable> owned = withFolded();
        owned.add(memory);
        owned.addAll(bound);
        return owned;
    }

    private Enqueue[] bind(CUdeviceptr state, CUdeviceptr ring) {
        for (int at = 0; at < chosen.size(); at++) {
            bound.add(chosen.get(at).binder().apply(new Addresses(memory::address, memory.workspace(at), memory.tickets(at), state, ring)));
        }
        return bound.toArray(Enqueue[]::new);
    }

    /** Enqueues one run. @throws separable.device.DeviceException naming the launch that the driver refused */
    public void enqueue(Stream stream) {
        enqueue(stream.handle());
    }

    /** Enqueues one run on a stream that may be the application's own. */
    public void enqueue(CUstream stream) {
        memory.requireOpen();
        Range.begin("forward");
        try {
            enqueue(0, forward, stream);
        } finally {
            Range.end();
        }
        if (forward < steps.length) {
            Range.begin("backward");
            try {
                enqueue(forward, steps.length, stream);
            } finally {
                Range.end();
            }
        }
    }

    /**
     * Enqueues one op of a run alone, as for measuring it. It computes what it computes in a run if those before it have run and
     * none after it.
     *
     * @param op its place in {@link #ops}
     * @throws IndexOutOfBoundsException when there is no such op
     * @throws separable.device.DeviceException naming the launch that the driver refused
     */
    public void enqueue(int op, Stream stream) {
        memory.requireOpen();
        if (op < 0 || op >= steps.length) {
            throw new IndexOutOfBoundsException(graph.name() + ": op " + op + " of " + steps.length);
        }
        steps[op].on(stream.handle());
    }

    private void enqueue(int from, int to, CUstream stream) {
        for (int at = from; at < to; at++) {
            steps[at].on(stream);
        }
    }

    /**
     * Enqueues the folding of the weights and running statistics that the parameters hold when the stream comes to it; runs after that
     * compute with them. To be called after they have changed, also where runs are captured. Nothing in a plan that folds nothing.
     */
    public void refresh(Stream stream) {
        memory.requireOpen();
        folded.refresh(stream.handle());
    }

    /** How many of the first ops come before the gradients: up to the loss, or all. */
    private static int forwardOps(Graph graph) {
        for (int at = 0; at < graph.ops().size(); at++) {
            if (graph.ops().get(at) instanceof Op.SoftmaxCrossEntropy) {
                return at + 1;
            }
        }
        return graph.ops().size();
    }

    /** The ops in order, gradients included. */
    public Graph graph() {
        return graph;
    }

    /** The batch of pictures, {@link Graph#input} in shape and type. */
    public CUdeviceptr input() {
        return memory.address(graph.input());
    }

    /** int32, one a picture; of mixed pictures three planes, see {@link separable.kernel.SoftmaxCrossEntropy}. */
    public CUdeviceptr labels() {
        return memory.address(labelsTensor());
    }

    /** {@link Graph#logits} in shape and type; valid from a run until the next. */
    public CUdeviceptr logits() {
        return memory.address(graph.logits());
    }

    /** The ring given when the plan was made. */
    public DeviceBuffer metrics() {
        return metrics.orElseThrow(() -> new IllegalStateException(graph.name() + ": a plan without loss has no metrics"));
    }

    /** Kernel calls in one run. */
    public int launches() {
        return steps.length;
    }

    /** What each op moves, in the order of the ops. */
    public List<OpTraffic> traffic() {
        List<OpTraffic> traffic = new ArrayList<>();
        for (int at = 0; at < chosen.size(); at++) {
            traffic.add(OpTraffic.of(graph.ops().get(at), at >= forward));
        }
        return traffic;
    }

    /** The ops in order, with what they cost and what carries them out. */
    public List<PlannedOp> ops() {
        List<OpTraffic> traffic = traffic();
        return IntStream.range(0, chosen.size())
                .mapToObj(at -> new PlannedOp(traffic.get(at), ConvOp.multiplyAdds(graph.ops().get(at)), chosen.get(at).kernel())).toList();
    }

    /** How the kernels of convolutions were chosen, in the order of the ops. */
    public List<Decision> decisions() {
        return chosen.stream().flatMap(candidate -> candidate.choice().stream()).map(Choice::decision).toList();
    }

    /** Bytes of activations, gradients and workspaces. */
    public long arenaBytes() {
        return memory.layout().bytes();
    }

    /** Writes a batch of pictures, NHWC without surplus channels. Waits for the device. */
    public void writeInput(float[] values) {
        memory.write(graph.input(), HostValues.toDevice(values, graph.input().shape(), graph.input().type()));
    }

    /** Writes all of {@link #labels}: a class index a picture. Waits for the device. */
    public void writeLabels(int[] values) {
        if (values.length != labelsTensor().shape().n()) {
            throw new IllegalArgumentException(graph.name() + ": " + values.length + " labels for a batch of " + graph.batch());
        }
        memory.write(labelsTensor(), values);
    }

    /** All of {@link #labels}. Waits for the device. */
    public int[] readLabels() {
        int[] labels = new int[labelsTensor().shape().n()];
        ByteBuffer.wrap(memory.read(labelsTensor())).order(ByteOrder.nativeOrder()).asIntBuffer().get(labels);
        return labels;
    }

    /**
     * The values of an activation or gradient, row-major without surplus channels. Waits for the device.
     *
     * <p>Logits and input can always be read; other tensors keep their values only with {@link PlanOptions#keepingEverything}.
     */
    public float[] read(Tensor tensor) {
        return HostValues.fromDevice(memory.read(tensor), tensor.shape(), tensor.type());
    }

    /** Sets every byte of the arena, for tests that look for reads of what no op wrote. */
    void fillArena(byte value) {
        memory.fill(value);
    }

    private Tensor labelsTensor() {
        return graph.labels().orElseThrow(() -> new IllegalStateException(graph.name() + ": a plan without loss has no labels"));
    }

    /** A row an op: layer, op, shapes, bytes read and written, kernel; then the totals. */
    public String describe() {
        return PlanTable.of(graph, precision, chosen, traffic(), memory.layout().bytes());
    }

    /** {@link Graph#describe} before and after each pass, {@link Lifetimes#describe}, {@link ArenaLayout#describe} and {@link #describe}, one after the other. */
    public String describeStages() {
        StringBuilder passes = new StringBuilder();
        before.forEach(each -> passes.append("ops\n").append(each.describe()).append('\n'));
        return passes + (before.isEmpty() ? "ops\n" : "fused ops\n") + graph.describe() + "\nlifetimes\n" + lifetimes.describe() + "\narena\n" + memory.layout().describe()
                + "\nplan\n" + describe();
    }

    /** Gives the arena, the tickets and the kernels back. */
    @Override
    public void close() {
        Closing.all(owned());
    }
}
