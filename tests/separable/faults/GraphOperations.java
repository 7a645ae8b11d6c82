package separable.faults;

import java.util.List;
import separable.device.CapturedGraph;
import separable.device.DeviceBuffer;
import separable.graph.Graph;
import separable.graph.Parameters;
import separable.graph.Plan;
import separable.graph.PlanOptions;
import separable.graph.Schedule;
import separable.kernel.StepMetrics;
import separable.kernel.StepState;
import separable.layer.BatchNorm;
import separable.layer.Conv;
import separable.layer.Dense;
import separable.layer.DepthwiseConv;
import separable.layer.GlobalAveragePool;
import separable.layer.Initial;
import separable.layer.Network;
import separable.layer.PadRule;
import separable.layer.PointwiseConv;
import separable.layer.SoftmaxCrossEntropy;
import separable.layer.Weights;
import separable.optim.Adam;
import separable.optim.UpdateStep;
import separable.spec.Activation;
import separable.spec.DType;
import separable.spec.Shape;

/** Parameters, plans and updates of a network with one layer of each kind that has something of its own on the device. */
final class GraphOperations {

    private static final int BATCH = 2;
    private static final int CLASSES = 3;
    private static final PlanOptions PLAIN = PlanOptions.standard().withSchedule(Schedule.PLAIN);
    private static final PlanOptions FUSED = PlanOptions.standard().withSchedule(Schedule.FUSED);
    /** Making a plan loads kernel after kernel, all in the same way. */
    private static final int FUSED_TURNS = 40;
    static final int SIDE = 4;

    private GraphOperations() {
    }

    static Network network() {
        return new Network.Builder()
                .add("depthwise", new DepthwiseConv(3, 1, 1, PadRule.SYMMETRIC, Weights.withoutBias(Initial.HE_UNIFORM)))
                .add("norm", new BatchNorm(Activation.RELU6, 1e-5f, 0.1f))
                .add("classifier", new Dense(CLASSES, Weights.withBias(Initial.HE_UNIFORM)))
                .build("small", new Shape(1, SIDE, SIDE, 1));
    }

    /** A launch of every kind that the fused schedule has. */
    private static Network fusable() {
        Weights weights = Weights.withoutBias(Initial.HE_UNIFORM);
        BatchNorm relu6 = new BatchNorm(Activation.RELU6, 1e-5f, 0.1f);
        return new Network.Builder()
                .add("stem", new Conv(8, 3, 1, PadRule.SYMMETRIC, weights)).add("stem.norm", relu6)
                .add("depthwise", new DepthwiseConv(3, 1, 1, PadRule.SYMMETRIC, weights)).add("depthwise.norm", relu6)
                .add("pointwise", new PointwiseConv(8, weights)).add("pointwise.norm", relu6)
                .add("pool", new GlobalAveragePool()).add("classifier", new Dense(CLASSES, Weights.withBias(Initial.HE_UNIFORM)))
                .build("fusable", new Shape(1, SIDE, SIDE, 1));
    }

    private static Parameters initialised(Workplace place) {
        return initialised(place, network(), DType.F32);
    }

    private static Parameters initialised(Workplace place, Network network, DType type) {
        Parameters parameters = place.keep(new Parameters(place.device, network.state(), type));
        parameters.initialise(3, place.stream);
        return parameters;
    }

    private static Plan training(Workplace place, Parameters parameters, Network network, DType type, PlanOptions options) {
        StepState state = place.keep(new StepState(place.device));
        state.write(StepState.Values.epoch(5, 0, BATCH, 0.1f, BATCH));
        DeviceBuffer metrics = place.keep(place.device.allocate(StepMetrics.BYTES, "metrics"));
        Graph graph = network.trainingGraph(BATCH, type, new SoftmaxCrossEntropy(0));
        Plan plan = place.keep(Plan.training(place.device, graph, parameters, state, metrics, options));
        float[] pictures = new float[BATCH * SIDE * SIDE];
        for (int at = 0; at < pictures.length; at++) {
            pictures[at] = at % 7 - 3;
        }
        plan.writeInput(pictures);
        plan.writeLabels(new int[] {0, 2});
        return plan;
    }

    private static Operation planning(String name, Network network, DType type, PlanOptions options) {
        return new Operation(name, place -> {
            Parameters parameters = initialised(place, network, type);
            StepState state = place.keep(new StepState(place.device));
            DeviceBuffer metrics = place.keep(place.device.allocate(StepMetrics.BYTES, "metrics"));
            Graph graph = network.trainingGraph(BATCH, type, new SoftmaxCrossEntropy(0));
            return () -> {
                Plan plan = place.keep(Plan.training(place.device, graph, parameters, state, metrics, options));
                return plan::launches;
            };
        });
    }

    private static Operation enqueuing(String name, Network network, DType type, PlanOptions options) {
        return new Operation(name, place -> {
            Parameters parameters = initialised(place, network, type);
            Plan plan = training(place, parameters, network, type, options);
            return () -> {
                plan.enqueue(place.stream);
                place.stream.synchronize();
                return () -> parameters.gradients().readFloats(0, parameters.elements());
            };
        });
    }

    static List<Operation> all() {
        return List.of(
                new Operation("new Parameters", place ->
                        () -> place.keep(new Parameters(place.device, network().state(), DType.BF16))::elements),
                new Operation("Parameters.initialise", place -> {
                    Parameters parameters = place.keep(new Parameters(place.device, network().state(), DType.BF16));
                    return () -> {
                        parameters.initialise(3, place.stream);
                        return () -> parameters.weights().readFloats(0, parameters.elements());
                    };
                }),
                new Operation("Parameters.export and load", place -> {
                    Parameters parameters = initialised(place);
                    return () -> {
                        parameters.load(parameters.export());
                        return () -> parameters.weights().readFloats(0, parameters.elements());
                    };
                }),
                new Operation("Parameters.close", place -> {
                    Parameters parameters = initialised(place);
                    return () -> {
                        parameters.close();
                        return place.device::liveBytes;
                    };
                }),
                new Operation("Plan.inference", place -> {
                    Parameters parameters = initialised(place);
                    Graph graph = network().inferenceGraph(BATCH, DType.F32);
                    return () -> {
                        Plan plan = place.keep(Plan.inference(place.device, graph, parameters, PlanOptions.standard()));
                        return () -> plan.graph().name();
                    };
                }),
                new Operation("Plan.refresh and enqueue", place -> {
                    Parameters parameters = initialised(place);
                    Plan plan = place.keep(Plan.inference(place.device, network().inferenceGraph(BATCH, DType.F32), parameters, PlanOptions.standard()));
                    plan.writeInput(new float[BATCH * SIDE * SIDE]);
                    return () -> {
                        plan.refresh(place.stream);
                        plan.enqueue(place.stream);
                        place.stream.synchronize();
                        return () -> plan.read(plan.graph().logits());
                    };
                }),
                planning("Plan.training", network(), DType.F32, PLAIN),
                planning("Plan.training, fused", fusable(), DType.BF16, FUSED).within(FUSED_TURNS),
                enqueuing("Plan.enqueue", network(), DType.F32, PLAIN),
                enqueuing("Plan.enqueue, fused", fusable(), DType.BF16, FUSED),
                new Operation("a captured Plan", place -> {
                    Parameters parameters = initialised(place);
                    Plan plan = training(place, parameters, network(), DType.F32, PLAIN);
                    return () -> {
                        try (CapturedGraph graph = place.stream.capture(() -> plan.enqueue(place.stream))) {
                            graph.launch(place.stream);
                            place.stream.synchronize();
                        }
                        return () -> parameters.gradients().readFloats(0, parameters.elements());
                    };
                }),
                new Operation("Optimizer.bind and UpdateStep.enqueue", place -> {
                    Parameters parameters = initialised(place);
                    StepState state = place.keep(new StepState(place.device));
                    state.write(StepState.Values.epoch(5, 0, BATCH, 0.1f, BATCH));
                    return () -> {
                        parameters.initialise(3, place.stream);
                        try (UpdateStep update = Adam.decoupled(0.1f).bind(place.device, parameters, state)) {
                            update.enqueue(place.stream);
                            place.stream.synchronize();
                        }
                        return () -> parameters.weights().readFloats(0, parameters.elements());
                    };
                }));
    }
}
