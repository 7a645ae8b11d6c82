package separable.graph;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import separable.kernel.InferenceConv;
import separable.spec.Activation;
import separable.spec.DType;

/**
 * A graph of inference in which every convolution takes with it what follows it: a bias, a batch normalisation with running statistics,
 * an activation, a residual addition, in this order, each only where it is there. A chain needs a bias or a normalisation, and goes on
 * as long as nothing else reads the value in between. What fits in no chain stays as it is.
 *
 * @param graph the same from the outside
 * @param norms to be folded into the filters before the graph runs
 */
record FoldedGraph(Graph graph, List<FoldedNorm> norms) {

    FoldedGraph {
        norms = List.copyOf(norms);
    }

    /** Without anything folded. */
    static FoldedGraph plain(Graph graph) {
        return new FoldedGraph(graph, List.of());
    }

    static FoldedGraph of(Graph graph) {
        return new Pass(graph).run();
    }

    /** One run over a graph. */
    private static final class Pass {
        private final Graph graph;
        private final Map<Tensor, List<Op>> readers = new HashMap<>();
        private final Set<Op> taken = new HashSet<>();
        /** Folded convolutions by the last op of their chain, where everything that they read is there. */
        private final Map<Op, Op> replacements = new HashMap<>();
        private final List<FoldedNorm> norms = new ArrayList<>();
        private int nextId;

        Pass(Graph graph) {
            this.graph = graph;
            this.nextId = graph.nextId();
            for (Op op : graph.ops()) {
                op.reads().forEach(tensor -> readers.computeIfAbsent(tensor, none -> new ArrayList<>()).add(op));
            }
        }

        FoldedGraph run() {
            for (Op op : graph.ops()) {
                if (op instanceof Op.ConvForward conv && InferenceConv.supports(conv.spec(), conv.x().type())) {
                    take(conv);
                }
            }
            List<Op> ops = new ArrayList<>();
            for (Op op : graph.ops()) {
                if (replacements.containsKey(op)) {
                    ops.add(replacements.get(op));
                } else if (!taken.contains(op)) {
                    ops.add(op);
                }
            }
            return new FoldedGraph(graph.withOps(ops), norms);
        }

        private void take(Op.ConvForward conv) {
            List<Op> chain = new ArrayList<>(List.of(conv));
            Tensor y = conv.y();
            Optional<Op.BiasForward> bias = next(y, Op.BiasForward.class);
            y = append(chain, bias, y);
            Optional<Op.BatchNormForward> norm = next(y, Op.BatchNormForward.class).filter(each -> each.statistics().role() == Role.RUNNING);
            y = append(chain, norm, y);
            if (chain.size() == 1) {
                return;
            }
            Activation activation = norm.map(each -> each.norm().activation()).orElse(Activation.NONE);
            if (activation == Activation.NONE) {
                Optional<Op.ActivationForward> after = next(y, Op.ActivationForward.class);
                y = append(chain, after, y);
                activation = after.map(Op.ActivationForward::activation).orElse(Activation.NONE);
            }
            Tensor summand = y;
            Optional<Op.AddForward> add = next(y, Op.AddForward.class);
            Optional<Tensor> skip = add.map(each -> each.a().equals(summand) ? each.b() : each.a());
            y = append(chain, add, y);
            taken.addAll(chain);
            replacements.put(chain.get(chain.size() - 1), folded(conv, bias, norm, activation, skip, y));
        }

        /** The op that reads {@code x}, when it is the only one, of this kind, and in no other chain; nor may the outside read it. */
        private <T extends Op> Optional<T> next(Tensor x, Class<T> kind) {
            List<Op> all = readers.getOrDefault(x, List.of());
            boolean free = all.size() == 1 && kind.isInstance(all.get(0)) && !taken.contains(all.get(0)) && !x.equals(graph.logits());
            return free ? Optional.of(kind.cast(all.get(0))) : Optional.empty();
        }

        private static Tensor append(List<Op> chain, Optional<? extends Op> op, Tensor y) {
            op.ifPresent(chain::add);
            return op.map(each -> each.writes().get(0)).orElse(y);
        }

        private Op folded(Op.ConvForward conv, Optional<Op.BiasForward> bias, Optional<Op.BatchNormForward> norm, Activation activation,
                          Optional<Tensor> skip, Tensor y) {
            Tensor filter = conv.w();
            Tensor shift = bias.map(Op.BiasForward::bias).orElse(null);
            if (norm.isPresent()) {
                filter = new Tensor(nextId++, filter.name() + " folded", filter.shape(), filter.type(), Role.FOLDED_PARAMETER);
                Tensor beta = norm.get().beta();
                shift = new Tensor(nextId++, beta.name() + " folded", beta.shape(), DType.F32, Role.FOLDED_PARAMETER);
                norms.add(new FoldedNorm(conv, bias.map(Op.BiasForward::bias), norm.get(), filter, shift));
            }
            return new FoldedConv(conv.name(), conv.spec(), activation, conv.x(), filter, shift, skip, y);
        }
    }
}
