package separable.graph;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import separable.kernel.FusedPointwiseBackward;
import separable.kernel.PointwiseBackwardForm;
import separable.spec.Activation;

/**
 * The backward half of the fused schedule: [gradient of a normalisation's input, filter gradient, data gradient, a residual's
 * contribution, mask and sums of the normalisation before] of a convolution become one launch.
 *
 * <p>It begins behind the pool of the head, whose reduction leaves the first sums, and goes from convolution to convolution as long as
 * each gets its sums from a fused launch and leaves those of the one before it. What it cannot take stays plain: the sums' dgamma and
 * dbeta are what a plain op reads.
 */
final class BackwardFusion {

    /** The plain ops that {@link FusedOp.PointwiseBackward} or {@link FusedOp.DepthwiseBackward} does the work of. */
    private record Match(NormedConv layer, Op.BatchNormBackwardData norm, Op.ConvBackwardFilter filter, Op.ConvBackwardData data,
                         Optional<Op.AddForward> sum, NormedConv before, Op.BatchNormBackwardReduce reduceBefore, Optional<Tensor> stored) {}

    private final Uses uses;
    private final FusedKernels kernels;
    private final Map<Tensor, NormedConv> layers;
    private final TensorIds ids;
    private final OpEdits edits;
    /** The sums that a fused launch leaves of a layer's normalisation, by its raw output. */
    private final Map<Tensor, Tensor> sums = new HashMap<>();
    private final Map<Tensor, FusedOp.Pooled> pooled = new HashMap<>();
    private final Set<Op> filters = new HashSet<>();
    private final List<FusedOp.GradientFold.Addends> addends = new ArrayList<>();

    BackwardFusion(Uses uses, FusedKernels kernels, Map<Tensor, NormedConv> layers, TensorIds ids, OpEdits edits) {
        this.uses = uses;
        this.kernels = kernels;
        this.layers = layers;
        this.ids = ids;
        this.edits = edits;
    }

    /** Fuses what can be; returns the launch that ends the step, if any convolution leaves addends of its gradient. */
    Optional<FusedOp.GradientFold> run(List<Op> ops) {
        for (Op op : ops) {
            if (op instanceof Op.GlobalAveragePoolBackward pool) {
                reducePooled(pool);
            } else if (op instanceof Op.BatchNormBackwardData norm && sums.containsKey(norm.x())) {
                NormedConv layer = layer(norm.x()).orElseThrow();
                match(layer).ifPresentOrElse(this::fuse, () -> fuseStem(layer, norm));
            }
        }
        return addends.isEmpty() ? Optional.empty() : Optional.of(new FusedOp.GradientFold("gradients", addends));
    }

    /** Whether this filter gradient is part of a fused launch, which makes the convolution's input on load. */
    boolean includes(Op.ConvBackwardFilter filter) {
        return filters.contains(filter);
    }

    private Optional<NormedConv> layer(Tensor y) {
        return layers.values().stream().filter(each -> each.y().equals(y)).findFirst();
    }

    /** Leaves the gradient before the pool to be made on load, if all that reads it is a pointwise convolution's backward. */
    private void reducePooled(Op.GlobalAveragePoolBackward pool) {
        var reduce = uses.onlyReader(pool.dx(), Op.BatchNormBackwardReduce.class);
        Optional<NormedConv> last = reduce.flatMap(each -> layer(each.x()));
        if (last.isEmpty() || !kernels.head(pool.dx().type()) || !last.get().isPointwise() || match(last.get()).isEmpty()
                || uses.onlyReader(reduce.get().g(), Op.BatchNormBackwardData.class).isEmpty()) {
            return;
        }
        FusedSource.Norm source = last.get().source();
        FusedOp.NormGradient gradient = leaves(reduce.get(), last.get());
        pooled.put(source.y(), new FusedOp.Pooled(pool.dy(), source.norm(), source.y(), source.statistics(), gradient.sums()));
        edits.replace(pool, new FusedOp.PoolReduce(pool.name(), source, pool.dy(), gradient));
        edits.remove(reduce.get());
    }

    private FusedOp.NormGradient leaves(Op.BatchNormBackwardReduce reduce, NormedConv layer) {
        Tensor table = ids.sums(layer.table());
        sums.put(layer.y(), table);
        return new FusedOp.NormGradient(reduce.dgamma(), reduce.dbeta(), table);
    }

    private Optional<Match> match(NormedConv layer) {
        var norm = uses.reader(layer.y(), Op.BatchNormBackwardData.class);
        boolean able = (layer.isPointwise() || layer.isDepthwise()) && kernels.backward(layer.conv().spec(), layer.y().type());
        if (norm.isEmpty() || !able) {
            return Optional.empty();
        }
        Tensor dy = norm.get().dx();
        var filter = uses.reader(dy, Op.ConvBackwardFilter.class);
        var data = uses.reader(dy, Op.ConvBackwardData.class);
        if (filter.isEmpty() || data.isEmpty() || uses.readers(dy).size() != 2) {
            return Optional.empty();
        }
        Tensor dx = data.get().dx();
        Optional<Op.AddForward> sum = uses.onlyReader(dx, Op.AddForward.class).filter(add -> add.b().equals(dx) && !add.a().equals(dx));
        Tensor gradient = sum.map(Op.AddForward::y).orElse(dx);
        Optional<Tensor> stored = uses.producer(layer.conv().x(), Op.AddForward.class).map(Op.AddForward::y);
        Optional<NormedConv> before = before(layer);
        Optional<Op.BatchNormBackwardReduce> reduce = before.flatMap(each -> uses.reader(each.y(), Op.BatchNormBackwardReduce.class))
                .filter(each -> each.dy().equals(gradient));
        boolean fits = reduce.isPresent() && masks(reduce.get(), stored) && (layer.isPointwise() || sum.isEmpty() && stored.isEmpty());
        return fits ? Optional.of(new Match(layer, norm.get(), filter.get(), data.get(), sum, before.get(), reduce.get(), stored)) : Optional.empty();
    }

    /** Whose normalisation the layer's input is, or is the branch of. */
    private Optional<NormedConv> before(NormedConv layer) {
        Tensor x = layer.conv().x();
        return Optional.ofNullable(layers.get(uses.producer(x, Op.AddForward.class).map(Op.AddForward::a).orElse(x)));
    }

    /** Whether the masked gradient is all that is wanted of the gradient: always where nothing is masked. */
    private boolean masks(Op.BatchNormBackwardReduce reduce, Optional<Tensor> stored) {
        return reduce.norm().activation() == Activation.NONE || stored.isEmpty() && uses.readers(reduce.dy()).size() == 1;
    }

    private void fuse(Match match) {
        FusedOp fused = match.layer.isPointwise() ? pointwise(match) : depthwise(match);
        edits.remove(match.norm);
        edits.remove(match.filter);
        edits.remove(match.data);
        edits.remove(match.reduceBefore);
        // Where the plain schedule has the whole gradient, before anyone can read it.
        edits.replace(match.sum.<Op>map(sum -> sum).orElse(match.data), fused);
        filters.add(match.filter);
    }

    private FusedOp depthwise(Match match) {
        return new FusedOp.DepthwiseBackward(match.layer.conv().name(), match.layer.conv().spec(), stored(match.layer, match.norm), match.before.source(),
                match.data.w(), match.reduceBefore.g(), leaves(match.reduceBefore, match.before), match.filter.dw());
    }

    private FusedOp pointwise(Match match) {
        NormedConv layer = match.layer;
        FusedOp.Gradient gradient = pooled.containsKey(layer.y()) ? pooled.get(layer.y()) : stored(layer, match.norm);
        PointwiseBackwardForm form = kernels.form(layer.conv().spec(), layer.y().type());
        Tensor dw = match.filter.dw();
        if (form.form() != FusedPointwiseBackward.Form.DUAL) {
            Tensor partials = ids.partials(match.data.w(), form.parts());
            addends.add(new FusedOp.GradientFold.Addends(partials, dw));
            dw = partials;
        }
        return new FusedOp.PointwiseBackward(layer.conv().name(), layer.conv().spec(), gradient, match.before.source(), match.stored,
                match.sum.map(Op.AddForward::a), match.data.w(), form, match.reduceBefore.g(), leaves(match.reduceBefore, match.before), dw);
    }

    private FusedOp.Stored stored(NormedConv layer, Op.BatchNormBackwardData norm) {
        return new FusedOp.Stored(norm.g(), layer.y(), layer.table(), sums.get(layer.y()));
    }

    /** A convolution whose input wants no gradient. */
    private void fuseStem(NormedConv layer, Op.BatchNormBackwardData norm) {
        boolean stem = !layer.isPointwise() && !layer.isDepthwise() && kernels.backward(layer.conv().spec(), layer.y().type());
        Optional<Op.ConvBackwardFilter> filter = stem ? uses.onlyReader(norm.dx(), Op.ConvBackwardFilter.class) : Optional.empty();
        filter.ifPresent(each -> {
            edits.remove(norm);
            edits.replace(each, new FusedOp.StemBackward(layer.conv().name(), layer.conv().spec(), stored(layer, norm), each.x(), each.dw()));
            filters.add(each);
        });
    }
}
