package separable.graph;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import separable.device.Arena;
import separable.graph.ArenaLayout.Block;
import separable.graph.Lifetimes.Span;
import separable.layer.SoftmaxCrossEntropy;
import separable.model.MobileNetV2;
import separable.spec.DType;

/** When tensors live, what they share, and where they lie. */
class ArenaLayoutTest {

    private static final Graph FORWARD = MobileNetV2.standard().withInput(64, 3, 2).network()
            .trainingGraph(4, DType.F32, new SoftmaxCrossEntropy(0.1f));
    private static final Graph GRAPH = Backward.of(FORWARD);

    @Test
    void blocksAliveTogetherNeverOverlap() {
        Random random = new Random(5);
        for (int round = 0; round < 200; round++) {
            List<Block> blocks = new ArrayList<>();
            for (int at = 0; at < 30; at++) {
                int first = random.nextInt(20);
                blocks.add(new Block("b" + at, 1 + random.nextInt(3000), new Span(first, first + random.nextInt(6))));
            }
            requireDisjoint(ArenaLayout.of(blocks));
        }
    }

    @Test
    void deadMemoryIsUsedAgain() {
        ArenaLayout layout = ArenaLayout.of(List.of(new Block("a", 1000, new Span(0, 1)), new Block("b", 500, new Span(1, 2)),
                new Block("c", 900, new Span(2, 3))));
        assertThat(layout.offset(0)).isZero();
        assertThat(layout.offset(1)).isEqualTo(1024);
        assertThat(layout.offset(2)).isZero();
        assertThat(layout.bytes()).isEqualTo(1536);
    }

    @Test
    void aNetworksTensorsNeverOverlapWhileAlive() {
        Lifetimes lifetimes = Lifetimes.of(GRAPH);
        List<Block> blocks = new ArrayList<>();
        InPlace.of(GRAPH, lifetimes).spans(lifetimes).forEach((tensor, span) -> blocks.add(new Block(tensor.name(), tensor.bytes(), span)));
        ArenaLayout layout = ArenaLayout.of(blocks);
        requireDisjoint(layout);
        long most = 0;
        for (int op = 0; op < GRAPH.ops().size(); op++) {
            Span now = new Span(op, op);
            most = Math.max(most, blocks.stream().filter(block -> block.life().overlaps(now)).mapToLong(Block::bytes).sum());
        }
        assertThat(layout.bytes()).as("close to what is alive at the worst moment, %d", most).isBetween(most, most + most / 10);
    }

    @Test
    void everyReadLiesInItsTensorsLife() {
        Lifetimes lifetimes = Lifetimes.of(GRAPH);
        Map<Tensor, Integer> written = new HashMap<>();
        for (int at = 0; at < GRAPH.ops().size(); at++) {
            for (Tensor tensor : GRAPH.ops().get(at).reads()) {
                if (tensor.role().inArena()) {
                    assertThat(lifetimes.of(tensor).last()).isGreaterThanOrEqualTo(at);
                    assertThat(lifetimes.of(tensor).first()).isLessThanOrEqualTo(written.getOrDefault(tensor, at));
                }
            }
            for (Tensor tensor : GRAPH.ops().get(at).writes()) {
                written.putIfAbsent(tensor, at);
            }
        }
        assertThat(lifetimes.of(GRAPH.logits()).last()).as("the caller reads the logits").isEqualTo(GRAPH.ops().size());
        assertThat(lifetimes.of(GRAPH.input())).isEqualTo(new Span(-1, GRAPH.ops().size()));
    }

    @Test
    void tensorsOfOneStorageLiveOneAfterTheOther() {
        Lifetimes lifetimes = Lifetimes.of(GRAPH);
        InPlace storage = InPlace.of(GRAPH, lifetimes);
        Map<Tensor, List<Tensor>> members = new HashMap<>();
        lifetimes.tensors().forEach(tensor -> members.computeIfAbsent(storage.root(tensor), key -> new ArrayList<>()).add(tensor));
        assertThat(members.values()).as("something is shared at all").anyMatch(group -> group.size() > 1);
        for (List<Tensor> group : members.values()) {
            for (int at = 1; at < group.size(); at++) {
                assertThat(lifetimes.of(group.get(at)).first()).isEqualTo(lifetimes.of(group.get(at - 1)).last());
            }
        }
    }

    @Test
    void aSkipGradientIsNotOverwrittenByTheBlocksOwnBackward() {
        Lifetimes lifetimes = Lifetimes.of(GRAPH);
        InPlace storage = InPlace.of(GRAPH, lifetimes);
        // features.3 is the first residual block; its project normalisation has no activation, so g is the skip gradient.
        Op.BatchNormBackwardData project = GRAPH.ops().stream().filter(Op.BatchNormBackwardData.class::isInstance)
                .map(Op.BatchNormBackwardData.class::cast).filter(op -> op.name().equals("features.3.conv.3")).findFirst().orElseThrow();
        assertThat(storage.root(project.dx())).isNotEqualTo(storage.root(project.g()));
    }

    @Test
    void readingWhatNobodyWroteIsAnError() {
        List<Op> shuffled = new ArrayList<>(GRAPH.ops());
        Op first = shuffled.remove(0);
        shuffled.add(first);
        assertThatThrownBy(() -> Lifetimes.of(GRAPH.withOps(shuffled))).hasMessageContaining("features.0.0").hasMessageContaining("before any op wrote it");
    }

    private static void requireDisjoint(ArenaLayout layout) {
        List<Block> blocks = layout.blocks();
        for (int a = 0; a < blocks.size(); a++) {
            assertThat(layout.offset(a) % Arena.ALIGNMENT).isZero();
            assertThat(layout.offset(a) + blocks.get(a).bytes()).isLessThanOrEqualTo(layout.bytes());
            for (int b = 0; b < a; b++) {
                boolean apart = layout.offset(a) + blocks.get(a).bytes() <= layout.offset(b)
                        || layout.offset(b) + blocks.get(b).bytes() <= layout.offset(a);
                if (blocks.get(a).life().overlaps(blocks.get(b).life()) && !apart) {
                    throw new AssertionError(blocks.get(a) + " at " + layout.offset(a) + " overlaps " + blocks.get(b) + " at " + layout.offset(b));
                }
            }
        }
    }
}
