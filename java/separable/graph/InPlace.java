package separable.graph;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Which tensors share memory because an op may write its output over an input that nobody reads later. Every tensor
 * belongs to the storage of one root; a root belongs to its own.
 */
public final class InPlace {

    private final Map<Tensor, Tensor> roots;

    private InPlace(Map<Tensor, Tensor> roots) {
        this.roots = roots;
    }

    /** Every tensor in storage of its own. */
    public static InPlace none() {
        return new InPlace(Map.of());
    }

    public static InPlace of(Graph graph, Lifetimes lifetimes) {
        InPlace shared = new InPlace(new HashMap<>());
        List<Op> ops = graph.ops();
        for (int at = 0; at < ops.size(); at++) {
            for (Reuse reuse : ops.get(at).reuses()) {
                if (legal(reuse, at, lifetimes) && !shared.roots.containsKey(reuse.output())) {
                    shared.roots.put(reuse.output(), shared.root(reuse.input()));
                }
            }
        }
        return shared;
    }

    /** The input dies here, the output is born here, and they are of one size. The caller's tensors never die. */
    private static boolean legal(Reuse reuse, int at, Lifetimes lifetimes) {
        return lifetimes.of(reuse.input()).last() == at && lifetimes.of(reuse.output()).first() == at
                && reuse.input().bytes() == reuse.output().bytes();
    }

    public Tensor root(Tensor tensor) {
        return roots.getOrDefault(tensor, tensor);
    }

    /** The time from the first birth to the last death among the tensors of each storage, in order of first use. */
    Map<Tensor, Lifetimes.Span> spans(Lifetimes lifetimes) {
        Map<Tensor, Lifetimes.Span> spans = new LinkedHashMap<>();
        for (Tensor tensor : lifetimes.tensors()) {
            spans.merge(root(tensor), lifetimes.of(tensor), Lifetimes.Span::with);
        }
        return spans;
    }
}
