package separable.graph;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * When each tensor of the arena holds a value: from the op that writes it to the last one that reads it, by index into
 * the graph's ops. Input and labels live from before the first op, and they and the logits until after the last: the
 * caller writes and reads them between runs.
 */
public final class Lifetimes {

    /** Both ends included. */
    public record Span(int first, int last) {

        public Span {
            if (first > last) {
                throw new IllegalArgumentException("a lifetime from op " + first + " to op " + last);
            }
        }

        public boolean overlaps(Span other) {
            return first <= other.last && other.first <= last;
        }

        Span with(int op) {
            return new Span(Math.min(first, op), Math.max(last, op));
        }

        Span with(Span other) {
            return with(other.first).with(other.last);
        }
    }

    private final Map<Tensor, Span> spans;

    private Lifetimes(Map<Tensor, Span> spans) {
        this.spans = spans;
    }

    /** @throws IllegalArgumentException when an op reads what no earlier op wrote */
    public static Lifetimes of(Graph graph) {
        Map<Tensor, Span> spans = new LinkedHashMap<>();
        List<Op> ops = graph.ops();
        Span always = new Span(-1, ops.size());
        spans.put(graph.input(), always);
        graph.labels().ifPresent(labels -> spans.put(labels, always));
        for (int at = 0; at < ops.size(); at++) {
            read(spans, ops.get(at), at);
            write(spans, ops.get(at), at);
        }
        spans.computeIfPresent(graph.logits(), (logits, span) -> span.with(ops.size()));
        return new Lifetimes(spans);
    }

    private static void read(Map<Tensor, Span> spans, Op op, int at) {
        for (Tensor tensor : op.reads()) {
            if (tensor.role().inArena()) {
                Span span = spans.get(tensor);
                if (span == null) {
                    throw new IllegalArgumentException(op.name() + ": " + op.getClass().getSimpleName() + " reads '" + tensor
                            + "' before any op wrote it");
                }
                spans.put(tensor, span.with(at));
            }
        }
    }

    private static void write(Map<Tensor, Span> spans, Op op, int at) {
        for (Tensor tensor : op.writes()) {
            if (tensor.role().inArena()) {
                spans.merge(tensor, new Span(at, at), Span::with);
            }
        }
    }

    /** Tensors of the arena, in order of first use. */
    public List<Tensor> tensors() {
        return List.copyOf(spans.keySet());
    }

    public Span of(Tensor tensor) {
        Span span = spans.get(tensor);
        if (span == null) {
            throw new IllegalArgumentException("tensor '" + tensor + "' is not in the arena of this graph");
        }
        return span;
    }

    /** One line a tensor: first op, last op, bytes, name. */
    public String describe() {
        StringBuilder text = new StringBuilder();
        spans.forEach((tensor, span) -> text.append(String.format(Locale.ROOT, "%5d %5d %12d  %s%n", span.first(), span.last(), tensor.bytes(), tensor)));
        return text.toString();
    }
}
