package separable.kernel;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.function.Function;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.RandomGenerator;
import net.jqwik.api.lifecycle.AfterContainer;
import net.jqwik.api.lifecycle.AfterTry;
import net.jqwik.api.lifecycle.BeforeContainer;
import net.jqwik.api.lifecycle.BeforeTry;
import net.jqwik.api.statistics.Statistics;
import net.jqwik.api.statistics.StatisticsCollector;
import net.jqwik.api.statistics.StatisticsReport;
import net.jqwik.api.statistics.StatisticsReport.StatisticsReportMode;
import separable.cudnn.Cudnn;
import separable.cudnn.CudnnHandle;
import separable.device.Device;
import separable.spec.ConvSpec;
import separable.spec.DType;
import separable.testing.Expect;
import separable.testing.HostFilter;
import separable.testing.OpenResources;
import separable.testing.Values;

/**
 * Random convolutions through every class that supports them, all three passes, against plain loops in double precision and against
 * each other; with cuDNN on the machine against that too.
 *
 * <p>The problems are the same in every run. {@code -Dseparable.properties.seed=N} (any number, 0 by default) gives others.
 */
class ConvolutionPropertiesTest {

    private static final int TRIES = 400;

    /** Problems that a class should get at least, or the property says little about it. */
    private static final int LEAST_TRIES = 10;

    private static final long SEED = Long.getLong("separable.properties.seed", 0);

    private static Device device;
    private static Optional<CudnnHandle> cudnn;
    private OpenResources before;

    // jqwik runs no extensions of JUnit Jupiter, so the device is opened here.

    @BeforeContainer
    static void open() {
        device = Device.open();
        boolean works = Cudnn.find().isAvailable() && CudnnHandle.refusal(Cudnn.find(), device).isEmpty();
        cudnn = works ? Optional.of(new CudnnHandle(Cudnn.find(), device)) : Optional.empty();
    }

    @AfterContainer
    static void close() {
        cudnn.ifPresent(CudnnHandle::close);
        device.close();
    }

    @BeforeTry
    void remember() {
        before = new OpenResources(device);
    }

    @AfterTry
    void closeWhatTheTryOpened() {
        before.closeNew();
    }

    @Provide
    Arbitrary<ConvProblem> problems() {
        RandomGenerator<ConvProblem> generator = RandomConvolutions.problems().generator(TRIES);
        return Arbitraries.fromGenerator(random -> generator.next(new Random(random.nextLong() + SEED)));
    }

    @Property(tries = TRIES, seed = "4")
    @StatisticsReport(StatisticsReportMode.OFF)
    void everyClassAgreesWithPlainLoopsAndWithTheOthers(@ForAll("problems") ConvProblem problem)
            throws Exception {
        List<ConvContender> contenders = ConvContender.supporting(device, problem.spec(), problem.type(), problem.layout());
        cudnn.flatMap(handle -> ConvContender.cudnn(handle, device, problem.spec(), problem.type(), problem.layout())).ifPresent(contenders::add);
        try {
            check(problem, contenders);
        } finally {
            for (ConvContender contender : contenders) {
                contender.close();
            }
        }
        requireThatEveryClassHadItsShare(contenders);
        requireThatEveryKindAppears(problem);
    }

    private static void check(ConvProblem problem, List<ConvContender> contenders) {
        ConvSpec spec = problem.spec();
        int taps = spec.kernelHeight() * spec.kernelWidth();
        compare("y of " + problem, problem.type(), taps * spec.input().c() / spec.groups(),
                ConvOracle.forward(problem.x(), problem.w()), contenders, contender -> problem.forward(device, contender.forward()));
        compare("dx of " + problem, problem.type(), taps * spec.outputChannels() / spec.groups(),
                ConvOracle.backwardData(problem.dy(), problem.w()), contenders, contender -> problem.backwardData(device, contender.backwardData()));
        HostFilter dw = ConvOracle.backwardFilter(spec, problem.x(), problem.dy());
        compare("dw of " + problem, DType.F32, spec.output().rows(), dw, contenders.stream().filter(contender -> !contender.isCudnn()).toList(),
                contender -> contender.filterGradient(device, problem));
        // cuDNN rounds a filter gradient to the precision of what it is computed from.
        compare("dw of " + problem, problem.type(), spec.output().rows(), dw, contenders.stream().filter(ConvContender::isCudnn).toList(),
                contender -> contender.filterGradient(device, problem));
    }

    /** @param terms products in a sum, none of them above 1: in fp32 a sum may lose a few units in the last place of each */
    private static void compare(String what, DType type, int terms, Values expected, List<ConvContender> contenders,
                                Function<ConvContender, Values> compute) {
        Values first = null;
        for (ConvContender contender : contenders) {
            Values actual = compute.apply(contender);
            Expect.close(actual.values(), expected.values(), terms * 0x1p-20, Expect.rounding(type), contender.name() + ": " + what);
            if (first != null) {
                Expect.close(actual.values(), first.values(), terms * 0x1p-20, 2 * Expect.rounding(type),
                        contender.name() + " and " + contenders.get(0).name() + ": " + what);
            }
            first = first == null ? actual : first;
        }
    }

    private static void requireThatEveryClassHadItsShare(List<ConvContender> contenders) {
        StatisticsCollector classes = Statistics.label("classes");
        contenders.forEach(contender -> classes.collect(contender.name()));
        classes.coverage(coverage -> {
            for (String name : List.of("GenericConv", "DepthwiseConv nchw", "DepthwiseConv nhwc", "DepthwiseConv padded-nhwc",
                    "PointwiseConv nhwc", "PointwiseConv padded-nhwc", "Conv nhwc", "Conv padded-nhwc")) {
                coverage.check(name).count(count -> count >= LEAST_TRIES);
            }
            if (cudnn.isPresent()) {
                coverage.check("cuDNN nhwc").count(count -> count >= LEAST_TRIES);
                coverage.check("cuDNN nchw").count(count -> count >= LEAST_TRIES);
            }
        });
    }

    private static void requireThatEveryKindAppears(ConvProblem problem) {
        ConvSpec spec = problem.spec();
        requireEach("precision", Arrays.stream(DType.values()), problem.type());
        requireEach("stride", IntStream.rangeClosed(1, 3).boxed(), spec.stride());
        requireEach("dilation", IntStream.rangeClosed(1, 2).boxed(), spec.dilation());
        requireEach("kernel height", IntStream.rangeClosed(1, 7).boxed(), spec.kernelHeight());
        requireEach("kernel width", IntStream.rangeClosed(1, 7).boxed(), spec.kernelWidth());
    }

    private static <T> void requireEach(String label, Stream<T> wanted, T seen) {
        StatisticsCollector values = Statistics.label(label);
        values.collect(seen);
        values.coverage(coverage -> wanted.forEach(value -> coverage.check(value).count(count -> count >= 1)));
    }
}
