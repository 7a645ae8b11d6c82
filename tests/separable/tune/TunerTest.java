package separable.tune;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import separable.device.Device;
import separable.device.DeviceException;
import separable.device.Stream;
import separable.kernel.GenericConv;
import separable.spec.ConvSpec;
import separable.spec.DType;
import separable.spec.Layout;
import separable.spec.Padding;
import separable.spec.Pass;
import separable.spec.Precision;
import separable.spec.Shape;
import separable.testing.DeviceExtension;
import separable.tune.Decision.Source;

@ExtendWith(DeviceExtension.class)
class TunerTest {

    private static final Shape INPUT = new Shape(2, 14, 14, 16);
    private static final ConvSpec SPEC = ConvSpec.depthwise(INPUT, 3, 1, 1, Padding.symmetric(1));
    private static final Problem PROBLEM = new Problem(SPEC, DType.F32, Layout.PADDED_NHWC, Pass.FORWARD);
    private static final Tuning QUICK = new Tuning(Effort.QUICK, Tuning.WORKSPACE_LIMIT, Optional.empty(), decision -> { });

    private static Choice choose(Device device, Tuning tuning, FakeCandidate... candidates) {
        try (Tuner tuner = new Tuner(device, tuning, FakeCandidate.market(device, candidates))) {
            return tuner.choose(PROBLEM);
        }
    }

    /** Right numbers for a picture that lies one pixel off. */
    private static FakeCandidate wrong(Device device) {
        ConvSpec shifted = ConvSpec.depthwise(INPUT, 3, 1, 1, new Padding(0, 0, 2, 2));
        GenericConv kernel = new GenericConv(device, shifted, DType.F32);
        return new FakeCandidate("wrong", 0, kernel::forward);
    }

    @Test
    void withoutEffortTheFirstIsTakenByRuleAndNothingRuns(Device device) {
        long allocations = device.allocations();
        FakeCandidate first = new FakeCandidate("first", 0, (a, b, out, stream) -> {
            throw new AssertionError("ran");
        });
        try (Choice choice = choose(device, Tuning.off(), first)) {
            assertThat(choice.candidate()).isSameAs(first);
            assertThat(choice.decision()).extracting(Decision::source, Decision::winner, Decision::scores)
                    .containsExactly(Source.RULE, "first", List.of());
        }
        assertThat(device.allocations()).isEqualTo(allocations);
    }

    @Test
    void theRuleRespectsTheWorkspaceLimit(Device device) {
        FakeCandidate greedy = new FakeCandidate("greedy", 1001, (a, b, out, stream) -> { });
        try (Choice choice = choose(device, Tuning.off().withWorkspaceLimit(1000), greedy)) {
            assertThat(choice.decision().winner()).isEqualTo("GenericConv");
            assertThat(greedy.closed).isTrue();
        }
    }

    @Test
    void whatDoesTenTimesTheWorkLosesAndIsClosed(Device device) {
        FakeCandidate slow = FakeCandidate.generic("slow", device, PROBLEM, 10);
        FakeCandidate fast = FakeCandidate.generic("fast", device, PROBLEM, 1);
        try (Choice choice = choose(device, QUICK, slow, fast)) {
            Decision decision = choice.decision();
            assertThat(decision.winner()).isEqualTo("fast");
            assertThat(decision.source()).isEqualTo(Source.MEASURED);
            assertThat(decision.runnerUp().orElseThrow().candidate()).isEqualTo("slow");
            assertThat(decision.runnerUp().orElseThrow().microseconds() / decision.scores().get(0).microseconds()).isBetween(3.0, 200.0);
            assertThat(decision.summary()).matches("fast [0-9.]+ us; next slow [0-9.]+ us");
            assertThat(slow.closed).isTrue();
            assertThat(fast.closed).isFalse();
        }
        assertThat(fast.closed).isTrue();
    }

    @Test
    void anEqualDoesNotDisplaceTheRulesChoice(Device device) {
        int kept = 0;
        for (int i = 0; i < 5; i++) {
            try (Choice choice = choose(device, QUICK, FakeCandidate.generic("rule", device, PROBLEM, 3), FakeCandidate.generic("twin", device, PROBLEM, 3))) {
                kept += choice.decision().winner().equals("rule") ? 1 : 0;
            }
        }
        assertThat(kept).isGreaterThanOrEqualTo(3);
    }

    @Test
    void aWrongCandidateNeverWinsHoweverFast(Device device) {
        FakeCandidate wrong = wrong(device);
        FakeCandidate right = FakeCandidate.generic("right", device, PROBLEM, 20);
        try (Choice choice = choose(device, QUICK, wrong, right)) {
            assertThat(choice.decision().winner()).isEqualTo("right");
            assertThat(choice.decision().excluded()).singleElement().asString().startsWith("wrong: its result is wrong by");
            assertThat(choice.decision().scores()).hasSize(1);
            assertThat(wrong.closed).isTrue();
        }
    }

    @Test
    void whatWritesNothingIsWrong(Device device) {
        FakeCandidate idle = new FakeCandidate("idle", 0, (a, b, out, stream) -> { });
        try (Choice choice = choose(device, QUICK, idle)) {
            assertThat(choice.decision().winner()).isEqualTo("GenericConv");
            assertThat(choice.decision().excluded()).singleElement().asString().startsWith("idle: its result is wrong by Infinity");
        }
    }

    @Test
    void aCandidateThatFailsIsLeftOutWithItsMessage(Device device) {
        FakeCandidate failing = new FakeCandidate("failing", 0, (a, b, out, stream) -> {
            throw new IllegalStateException("no such algorithm\nand more");
        });
        Offer unmakeable = new Offer("unmakeable", false, true, () -> {
            throw new IllegalArgumentException("not on this device");
        });
        FakeCandidate right = FakeCandidate.generic("right", device, PROBLEM, 1);
        List<Offer> offers = List.of(failing.offer(), unmakeable, right.offer(), Offers.referee(device, PROBLEM));
        try (Tuner tuner = new Tuner(device, QUICK, new Tuner.Market(problem -> offers, problem -> offers)); Choice choice = tuner.choose(PROBLEM)) {
            assertThat(choice.decision().winner()).isEqualTo("right");
            assertThat(choice.decision().excluded()).containsExactlyInAnyOrder("failing failed: no such algorithm", "unmakeable failed: not on this device");
            assertThat(failing.closed).isTrue();
        }
    }

    @Test
    void whatWantsTooMuchWorkspaceIsLeftOut(Device device) {
        FakeCandidate greedy = new FakeCandidate("greedy", 2000, (a, b, out, stream) -> { });
        FakeCandidate right = FakeCandidate.generic("right", device, PROBLEM, 1);
        try (Choice choice = choose(device, QUICK.withWorkspaceLimit(1000), greedy, right)) {
            assertThat(choice.decision().winner()).isEqualTo("right");
            assertThat(choice.decision().excluded()).containsExactly("greedy needs 2000 bytes of workspace, and 1000 are allowed");
        }
    }

    @Test
    void scratchMemoryIsGivenBack(Device device) {
        long bytes = device.liveBytes();
        int open = device.openResources().size();
        choose(device, QUICK, wrong(device), FakeCandidate.generic("right", device, PROBLEM, 1)).close();
        assertThat(device.liveBytes()).isEqualTo(bytes);
        assertThat(device.openResources()).hasSize(open);
    }

    @Test
    void aProblemIsMeasuredOnceAndToldOnce(Device device) {
        List<Decision> told = new ArrayList<>();
        FakeCandidate right = FakeCandidate.generic("right", device, PROBLEM, 1);
        try (Tuner tuner = new Tuner(device, QUICK.withListener(told::add), FakeCandidate.market(device, right))) {
            Decision first = tuner.choose(PROBLEM).decision();
            assertThat(tuner.choose(PROBLEM).decision()).isSameAs(first);
        }
        assertThat(told).hasSize(1);
    }

    @Test
    void aRememberedWinnerIsTakenUnmeasuredWhileItExists(@TempDir Path folder, Device device) {
        FakeCandidate slow = FakeCandidate.generic("slow", device, PROBLEM, 10);
        FakeCandidate fast = FakeCandidate.generic("fast", device, PROBLEM, 1);
        Tuning first = QUICK.withCache(TuningCache.in(folder));
        choose(device, first, slow, fast).close();

        Tuning again = QUICK.withCache(TuningCache.in(folder));
        FakeCandidate unrun = new FakeCandidate("fast", 0, (a, b, out, stream) -> {
            throw new AssertionError("measured again");
        });
        try (Choice choice = choose(device, again, slow, unrun)) {
            assertThat(choice.decision()).extracting(Decision::source, Decision::winner).containsExactly(Source.REMEMBERED, "fast");
            assertThat(choice.decision().runnerUp()).isPresent();
        }
        try (Choice choice = choose(device, QUICK.withCache(TuningCache.in(folder)), slow)) {
            assertThat(choice.decision()).extracting(Decision::source, Decision::winner).containsExactly(Source.MEASURED, "slow");
        }
    }

    @Test
    void quickResultsDoNotServeFullTuning(@TempDir Path folder, Device device) {
        FakeCandidate right = FakeCandidate.generic("right", device, PROBLEM, 1);
        choose(device, QUICK.withCache(TuningCache.in(folder)), right).close();
        Tuning full = new Tuning(Effort.FULL, Tuning.WORKSPACE_LIMIT, Optional.of(TuningCache.in(folder)), decision -> { });
        assertThat(choose(device, full, right).decision().source()).isEqualTo(Source.MEASURED);
        assertThat(choose(device, QUICK.withCache(TuningCache.in(folder)), right).decision().reason()).isEqualTo("remembered, full");
    }

    /** The real market: every variant of every kernel agrees with the generic one. */
    @ParameterizedTest
    @EnumSource(Pass.class)
    void allOurVariantsPassTheReferee(Pass pass, Device device) {
        Shape input = new Shape(3, 13, 11, 20);
        for (Precision precision : Precision.values()) {
            for (ConvSpec spec : List.of(ConvSpec.depthwise(input, 5, 2, 1, Padding.same(13, 11, 5, 5, 2, 1)),
                    ConvSpec.depthwise(input, 3, 1, 2, Padding.symmetric(2)), ConvSpec.pointwise(input, 36),
                    ConvSpec.full(new Shape(3, 13, 11, 3), 36, 3, 2, 1, Padding.symmetric(1)))) {
                Problem problem = new Problem(spec, precision, Layout.PADDED_NHWC, pass);
                List<Candidate> all = ConvolutionCandidates.of(device, problem, Long.MAX_VALUE);
                assertThat(all).hasSizeGreaterThan(1);
                try (Trial trial = new Trial(device, problem, all.get(all.size() - 1), all, Effort.QUICK.rules())) {
                    for (Candidate candidate : all) {
                        assertThat(trial.fault(candidate, Tolerance.of(problem, problem.outType()))).as(candidate + ", " + problem).isEmpty();
                    }
                }
                all.forEach(Candidate::close);
            }
        }
    }

    @Test
    void measuringInACaptureFailsAndLeavesNothingBehind(Device device, Stream stream) {
        long bytes = device.liveBytes();
        FakeCandidate right = FakeCandidate.generic("right", device, PROBLEM, 1);
        assertThatThrownBy(() -> stream.capture(() -> choose(device, QUICK, right))).isInstanceOf(DeviceException.class);
        assertThat(device.liveBytes()).isEqualTo(bytes);
        choose(device, QUICK, right).close();
    }
}
