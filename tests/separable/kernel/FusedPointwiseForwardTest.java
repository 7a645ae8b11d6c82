package separable.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.Arrays;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import separable.device.Device;
import separable.device.DeviceBuffer;
import separable.spec.Activation;
import separable.spec.ConvSpec;
import separable.spec.DType;
import separable.spec.Layout;
import separable.spec.NormSpec;
import separable.spec.Padding;
import separable.spec.Precision;
import separable.spec.Products;
import separable.spec.Shape;
import separable.testing.DeviceExtension;
import separable.testing.Expect;
import separable.testing.HostFilter;
import separable.testing.HostTensor;
import separable.testing.Poisoned;

/** {@link FusedPointwiseForward} against the plain ops one after the other, folded alike: every tensor bit for bit. */
@ExtendWith(DeviceExtension.class)
class FusedPointwiseForwardTest {

    private static final NormSpec OUTPUT = new NormSpec(Activation.RELU6, 1e-5f, 0.1f);

    /** @param tile which of the fused tiles; {@code parts} CTAs over the rows */
    private record Problem(Shape in, int cout, int tile, int parts) {

        FusedGrid grid(Precision precision) {
            GemmTile with = GemmTile.fusedTiles(precision.type(), precision.products()).get(tile);
            return new FusedGrid(with, parts, VectorGrid.blocks(cout, with.columns()));
        }
    }

    /** Rows that are no multiple of a tile; several CTAs, of which the last has fewer tiles or none, and one. */
    private static final Problem[] PROBLEMS = {
            new Problem(new Shape(2, 13, 11, 24), 136, 0, 2), new Problem(new Shape(1, 7, 9, 136), 8, 1, 1),
            new Problem(new Shape(3, 19, 11, 8), 40, 1, 4), new Problem(new Shape(7, 10, 10, 40), 24, 2, 3)};

    /** The first of the tiles that are for wide layers alone. */
    private static final int FIRST_WIDE = 3;

    /** For each of those, of which rows and columns are left over. */
    private static Stream<Problem> wide(Precision precision) {
        return IntStream.range(FIRST_WIDE, GemmTile.fusedTiles(precision.type(), precision.products()).size())
                .mapToObj(tile -> new Problem(new Shape(2, 13, 11, 40), 136, tile, 2));
    }

    /** Every kind of input with every tile; tf32 where the device has it. */
    static Stream<Arguments> problems() {
        return Stream.of(Precision.values()).flatMap(precision -> Stream.of(FusedInput.values()).flatMap(input ->
                Stream.concat(Stream.of(PROBLEMS[0], PROBLEMS[input.sums() ? 1 : 2], PROBLEMS[3]), wide(precision))
                        .map(problem -> Arguments.of(precision, input, problem))));
    }

    /** What a forward pass leaves. */
    private static final class Result {
        final DeviceBuffer y;
        final DeviceBuffer sum;
        final DeviceBuffer statistics;
        final DeviceBuffer running;

        Result(Device device, ConvSpec spec, DType type) {
            int channels = spec.output().c();
            y = Poisoned.buffer(device, spec.output(), type);
            sum = Poisoned.buffer(device, spec.input(), type);
            statistics = Poisoned.floats(device, 4 * channels);
            running = device.allocate(2L * channels * Float.BYTES, "running");
            running.zero();
        }
    }

    @ParameterizedTest
    @MethodSource("problems")
    void isThePlainOpsOneAfterTheOther(Precision precision, FusedInput input, Problem problem, Device device, separable.device.Stream stream) {
        assumeTrue(precision.products().on(device.computeCapability()) == precision.products());
        DType type = precision.type();
        ConvSpec spec = ConvSpec.pointwise(problem.in, problem.cout);
        Activation activation = input == FusedInput.NORM ? Activation.RELU6 : Activation.NONE;
        RawOutput x = RawOutput.random(device, problem.in, type, activation, 1);
        RawOutput skip = RawOutput.random(device, problem.in, type, Activation.NONE, 11);
        DeviceBuffer w = HostFilter.random(spec, 21).roundTo(type).upload(device, type);
        RawOutput of = RawOutput.random(device, spec.output(), type, Activation.RELU6, 31);

        Result plain = new Result(device, spec, type);
        DeviceBuffer a = input.normalises() ? x.plain(device, stream) : x.y();
        if (input.sums()) {
            DeviceBuffer added = input == FusedInput.SUM_NORM ? skip.plain(device, stream) : skip.y();
            new Add(device, problem.in, type).forward(a.pointer(), added.pointer(), plain.sum.pointer(), stream.handle());
            a = plain.sum;
        }
        new PointwiseConv(device, spec, type, Layout.PADDED_NHWC, precision.products()).forward(a.pointer(), w.pointer(), plain.y.pointer(), stream.handle());
        TiledStatistics twin = new TiledStatistics(device, spec, type, precision.products(), input, OUTPUT, rule -> problem.grid(precision));
        DeviceBuffer tickets = Poisoned.tickets(device, twin.tickets());
        twin.statistics(plain.y.pointer(), plain.statistics.pointer(), plain.running.pointer(),
                Poisoned.buffer(device, twin.workspaceBytes()).pointer(), tickets.pointer(), stream.handle());

        Result fused = run(device, stream, precision, input, problem, x, skip, w, of);
        Expect.same(HostTensor.download(fused.y, spec.output(), type), HostTensor.download(plain.y, spec.output(), type), "y");
        if (input.sums()) {
            Expect.same(HostTensor.download(fused.sum, problem.in, type), HostTensor.download(plain.sum, problem.in, type), "sum");
        }
        int two = 2 * problem.cout;
        assertThat(fused.statistics.readFloats(0, two)).as("mean and variance").containsExactly(plain.statistics.readFloats(0, two));
        assertThat(fused.running.readFloats(0, two)).as("running").containsExactly(plain.running.readFloats(0, two));
        checkTable(fused, spec, type, of);
        Result again = run(device, stream, precision, input, problem, x, skip, w, of);
        assertThat(again.statistics.readFloats(0, 2 * two)).as("statistics of a second run").containsExactly(fused.statistics.readFloats(0, 2 * two));
    }

    private static Result run(Device device, separable.device.Stream stream, Precision precision, FusedInput input, Problem problem, RawOutput x, RawOutput skip,
                              DeviceBuffer w, RawOutput of) {
        ConvSpec spec = ConvSpec.pointwise(problem.in, problem.cout);
        Result result = new Result(device, spec, precision.type());
        try (FusedPointwiseForward op = new FusedPointwiseForward(device, spec, precision.type(), precision.products(), input, x.activation(), OUTPUT,
                rule -> problem.grid(precision))) {
            DeviceBuffer tickets = Poisoned.tickets(device, op.tickets());
            op.enqueue(x.y().pointer(), input.normalises() ? x.table().pointer() : null, input.sums() ? skip.y().pointer() : null,
                    input == FusedInput.SUM_NORM ? skip.table().pointer() : null, input.sums() ? result.sum.pointer() : null, w.pointer(),
                    of.gamma().pointer(), of.beta().pointer(), result.y.pointer(), result.statistics.pointer(), result.running.pointer(),
                    Poisoned.buffer(device, op.workspaceBytes()).pointer(), tickets.pointer(), stream.handle());
            assertThat(tickets.readInts(0, op.tickets())).as("tickets").containsOnly(0);
        }
        return result;
    }

    /** The table against sums in double precision over the stored y. */
    private static void checkTable(Result fused, ConvSpec spec, DType type, RawOutput of) {
        int channels = spec.output().c();
        BatchNormOracle oracle = new BatchNormOracle(HostTensor.download(fused.y, spec.output(), type), OUTPUT.epsilon());
        double[] table = HostTensor.download(fused.statistics, Shape.matrix(4, channels), DType.F32).values();
        float[] gamma = of.gamma().readFloats(0, channels);
        double[] scale = new double[channels];
        for (int c = 0; c < channels; c++) {
            scale[c] = gamma[c] / Math.sqrt(oracle.variance[c] + OUTPUT.epsilon());
        }
        Expect.close(Arrays.copyOf(table, channels), oracle.mean, DType.F32, "mean");
        Expect.close(Arrays.copyOfRange(table, channels, 2 * channels), oracle.variance, DType.F32, "variance");
        Expect.close(Arrays.copyOfRange(table, 2 * channels, 3 * channels), scale, DType.F32, "scale");
        assertThat(fused.statistics.readFloats(3L * channels * Float.BYTES, channels)).as("beta").containsExactly(of.beta().readFloats(0, channels));
    }

    /** A mean of 1000 deviations, from two channels that each product adds up; sum y^2 - n mean^2 would be wrong by 6e-2. */
    @ParameterizedTest
    @EnumSource(names = {"RAW", "NORM"})
    void statisticsSurviveALargeMean(FusedInput input, Device device, separable.device.Stream stream) {
        Problem problem = new Problem(new Shape(3, 29, 29, 8), 8, 0, 7);
        ConvSpec spec = ConvSpec.pointwise(problem.in, problem.cout);
        RawOutput x = RawOutput.random(device, problem.in, DType.F32, Activation.NONE, 1);
        HostTensor plain = HostTensor.download(x.plain(device, stream), problem.in, DType.F32);
        HostFilter filter = HostFilter.zeros(spec);
        for (int c = 0; c < problem.cout; c++) {
            filter.set(c, 0, 0, 2, input == FusedInput.NORM ? 1500 : 0);    // gamma 0, beta 3: a constant
            filter.set(c, 0, 0, 3, 1);
        }
        assertThat(plain.get(0, 0, 0, 2)).isEqualTo(3);
        Result result = run(device, stream, Precision.FP32, input, problem, x, x, filter.upload(device, DType.F32),
                RawOutput.random(device, spec.output(), DType.F32, Activation.RELU6, 31));
        BatchNormOracle oracle = new BatchNormOracle(HostTensor.download(result.y, spec.output(), DType.F32), OUTPUT.epsilon());
        double[] table = HostTensor.download(result.statistics, Shape.matrix(4, problem.cout), DType.F32).values();
        Expect.close(Arrays.copyOf(table, problem.cout), oracle.mean, 1e-6, 2e-7, "mean");
        Expect.close(Arrays.copyOfRange(table, problem.cout, 2 * problem.cout), oracle.variance, 0, 2e-6, "variance");
    }

    @Test
    void refusesWhatItCannotCompute(Device device) {
        ConvSpec spec = ConvSpec.pointwise(new Shape(1, 4, 4, 8), 8);
        assertThatThrownBy(() -> new FusedPointwiseForward(device, spec, DType.F32, Products.EXACT, FusedInput.SUM_RAW, Activation.RELU6, OUTPUT))
                .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("SUM_RAW has no activation");
        ConvSpec depthwise = ConvSpec.depthwise(new Shape(1, 4, 4, 8), 3, 1, 1, Padding.symmetric(1));
        assertThatThrownBy(() -> new FusedPointwiseForward(device, depthwise, DType.F32, Products.EXACT, FusedInput.RAW, Activation.NONE, OUTPUT))
                .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("it takes a 1x1 kernel");
    }
}
