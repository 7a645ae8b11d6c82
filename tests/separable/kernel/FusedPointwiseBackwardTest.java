package separable.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import separable.device.Device;
import separable.device.DeviceBuffer;
import separable.kernel.FusedPointwiseBackward.Form;
import separable.kernel.FusedPointwiseBackward.Input;
import separable.spec.Activation;
import separable.spec.ConvSpec;
import separable.spec.DType;
import separable.spec.Layout;
import separable.spec.NormSpec;
import separable.spec.Precision;
import separable.spec.Products;
import separable.spec.Shape;
import separable.testing.DeviceExtension;
import separable.testing.Expect;
import separable.testing.HostFilter;
import separable.testing.HostTensor;
import separable.testing.Poisoned;

/** {@link FusedPointwiseBackward} against the plain ops one after the other, folded alike: every tensor bit for bit. */
@ExtendWith(DeviceExtension.class)
class FusedPointwiseBackwardTest {

    /** @param parts CTAs over the rows of the data gradient; 0 for the rule's */
    private record Problem(Shape in, int cout, int tile, int parts) {

        FusedGrid grid(Precision precision) {
            GemmTile with = GemmTile.fusedTiles(precision.type(), precision.products()).get(tile);
            return new FusedGrid(with, parts, VectorGrid.blocks(in.c(), with.columns()));
        }
    }

    /** Rows that are no multiple of a tile; several CTAs, of which the last has fewer tiles or none, and one. */
    private static final Problem[] PROBLEMS = {
            new Problem(new Shape(2, 13, 11, 136), 24, 0, 2), new Problem(new Shape(1, 7, 9, 24), 136, 1, 1),
            new Problem(new Shape(3, 19, 11, 40), 8, 1, 4), new Problem(new Shape(7, 10, 10, 8), 40, 2, 3)};

    /** The first of the tiles that are for wide layers alone. */
    private static final int FIRST_WIDE = 3;

    /** For each of those, of which rows and columns are left over, of the filter too. */
    private static Stream<Problem> wide(Precision precision) {
        return IntStream.range(FIRST_WIDE, GemmTile.fusedTiles(precision.type(), precision.products()).size())
                .mapToObj(tile -> new Problem(new Shape(2, 13, 11, 136), 40, tile, 2));
    }

    /** Every kind of gradient and input, with and without a skip, spread over the problems; tf32 where the device has it. */
    static Stream<Arguments> problems() {
        Stream<Arguments> wide = Stream.of(Precision.values()).flatMap(precision -> wide(precision).flatMap(problem -> Stream.of(
                Arguments.of(precision, FusedGradient.STORED, Input.NORM, true, problem),
                Arguments.of(precision, FusedGradient.STORED, Input.STORED, false, problem),
                Arguments.of(precision, FusedGradient.pooled(Activation.RELU6), Input.NORM, false, problem),
                Arguments.of(precision, FusedGradient.pooled(Activation.RELU), Input.STORED, true, problem))));
        return Stream.concat(wide, Stream.of(Precision.values()).flatMap(precision -> Stream.of(
                Arguments.of(precision, FusedGradient.STORED, Input.NORM, false, PROBLEMS[0]),
                Arguments.of(precision, FusedGradient.STORED, Input.STORED, true, PROBLEMS[0]),
                Arguments.of(precision, FusedGradient.STORED, Input.NORM, true, PROBLEMS[1]),
                Arguments.of(precision, FusedGradient.STORED, Input.STORED, false, PROBLEMS[1]),
                Arguments.of(precision, FusedGradient.STORED, Input.STORED, true, PROBLEMS[2]),
                Arguments.of(precision, FusedGradient.STORED, Input.NORM, false, PROBLEMS[3]),
                Arguments.of(precision, FusedGradient.STORED, Input.STORED, true, PROBLEMS[3]),
                Arguments.of(precision, FusedGradient.pooled(Activation.RELU6), Input.NORM, false, PROBLEMS[0]),
                Arguments.of(precision, FusedGradient.pooled(Activation.RELU), Input.STORED, true, PROBLEMS[0]))));
    }

    /** One problem's operands, and what the backward pass leaves. */
    private static final class Layer {
        final Device device;
        final separable.device.Stream stream;
        final Precision precision;
        final DType type;
        final FusedGradient gradient;
        final Input input;
        final Problem problem;
        final ConvSpec spec;
        final NormSpec previousNorm;
        final RawOutput y;
        final RawOutput previous;
        final DeviceBuffer g;
        final DeviceBuffer x;
        final DeviceBuffer skip;
        final DeviceBuffer w;
        final float[] dgammaOfY;
        final float[] dbetaOfY;

        Layer(Device device, separable.device.Stream stream, Precision precision, FusedGradient gradient, Input input, boolean withSkip, Problem problem) {
            this.device = device;
            this.stream = stream;
            this.precision = precision;
            this.type = precision.type();
            this.gradient = gradient;
            this.input = input;
            this.problem = problem;
            spec = ConvSpec.pointwise(problem.in, problem.cout);
            previousNorm = new NormSpec(input == Input.NORM ? Activation.RELU6 : Activation.NONE, RawOutput.EPSILON, 0.1f);
            Shape out = spec.output();
            y = RawOutput.random(device, out, type, gradient.activation(), 1);
            previous = RawOutput.random(device, problem.in, type, previousNorm.activation(), 11);
            g = HostTensor.random(gradient.pooled() ? Shape.matrix(out.n(), out.c()) : out, 21).roundTo(type).upload(device, type);
            x = HostTensor.random(problem.in, 22).roundTo(type).upload(device, type);
            skip = withSkip ? HostTensor.random(problem.in, 23).roundTo(type).upload(device, type) : null;
            w = HostFilter.random(spec, 24).roundTo(type).upload(device, type);
            dgammaOfY = RawOutput.floats(HostTensor.random(Shape.matrix(1, out.c()), -9, 9, 25).values());
            dbetaOfY = RawOutput.floats(HostTensor.random(Shape.matrix(1, out.c()), -9, 9, 26).values());
        }

        FusedPointwiseBackward op() {
            return new FusedPointwiseBackward(device, new FusedPointwiseBackward.Problem(spec, type, precision.products(), gradient, input, skip != null,
                    previousNorm, Form.DUAL), rule -> problem.grid(precision));
        }

        /** The gradient of y by the plain ops: G, its mask where it is pooled, then through the normalisation. */
        DeviceBuffer plainGradient() {
            Shape out = spec.output();
            BatchNorm norm = new BatchNorm(device, out, type, gradient.activation(), RawOutput.EPSILON, 0);
            DeviceBuffer masked = g;
            if (gradient.pooled()) {
                masked = Poisoned.buffer(device, out, type);
                new GlobalAveragePool(device, out, type).backward(g.pointer(), masked.pointer(), stream.handle());
                norm.backwardReduce(y.y().pointer(), masked.pointer(), y.table().pointer(), y.gamma().pointer(), y.beta().pointer(), masked.pointer(),
                        Poisoned.floats(device, out.c()).pointer(), Poisoned.floats(device, out.c()).pointer(),
                        Poisoned.buffer(device, norm.workspaceBytes()).pointer(), Poisoned.tickets(device, norm.tickets()).pointer(), stream.handle());
            }
            DeviceBuffer dy = Poisoned.buffer(device, out, type);
            norm.backwardData(y.y().pointer(), masked.pointer(), y.table().pointer(), y.gamma().pointer(),
                    RawOutput.upload(device, dgammaOfY).pointer(), RawOutput.upload(device, dbetaOfY).pointer(), dy.pointer(), stream.handle());
            return dy;
        }

        Result plain(Variant filter) {
            Result result = new Result();
            DeviceBuffer dy = plainGradient();
            DeviceBuffer dx = Poisoned.buffer(device, problem.in, type);
            PointwiseConv conv = new PointwiseConv(device, spec, type, filter);
            new PointwiseConv(device, spec, type, Layout.PADDED_NHWC, precision.products()).backwardData(dy.pointer(), w.pointer(), dx.pointer(), stream.handle());
            if (skip != null) {
                DeviceBuffer sum = Poisoned.buffer(device, problem.in, type);
                new Add(device, problem.in, type).forward(dx.pointer(), skip.pointer(), sum.pointer(), stream.handle());
                dx = sum;
            }
            TiledBackwardReduce twin = new TiledBackwardReduce(device, spec, type, precision.products(), gradient, input, previousNorm, Form.DUAL,
                    rule -> problem.grid(precision));
            DeviceBuffer tickets = Poisoned.tickets(device, twin.tickets());
            twin.backwardReduce(previous.y().pointer(), dx.pointer(), previous.table().pointer(), previous.gamma().pointer(), previous.beta().pointer(),
                    result.g.pointer(), result.dgamma.pointer(), result.dbeta.pointer(), Poisoned.buffer(device, twin.workspaceBytes()).pointer(),
                    tickets.pointer(), stream.handle());
            assertThat(tickets.readInts(0, twin.tickets())).as("the twin's tickets").containsOnly(0);
            DeviceBuffer a = input == Input.STORED ? x : previous.plain(device, stream);
            conv.backwardFilter(a.pointer(), dy.pointer(), result.dw.pointer(), Poisoned.buffer(device, conv.workspaceBytes()).pointer(), stream.handle());
            return result;
        }

        /** @param inPlace the skip gradient is overwritten */
        Result fused(boolean inPlace) {
            Result result = new Result();
            DeviceBuffer added = skip == null || !inPlace ? skip : HostTensor.download(skip, problem.in, type).upload(device, type);
            result.g = inPlace && skip != null ? added : result.g;
            try (FusedPointwiseBackward op = op()) {
                DeviceBuffer tickets = Poisoned.tickets(device, op.tickets());
                op.enqueue(g.pointer(), y.y().pointer(), y.table().pointer(), RawOutput.upload(device, y.sums(dgammaOfY, dbetaOfY)).pointer(),
                        input == Input.STORED ? x.pointer() : null, previous.y().pointer(), previous.table().pointer(),
                        added == null ? null : added.pointer(), w.pointer(), result.g.pointer(), result.dgamma.pointer(), result.dbeta.pointer(),
                        result.sums.pointer(), result.dw.pointer(), Poisoned.buffer(device, op.workspaceBytes()).pointer(), tickets.pointer(),
                        stream.handle());
                assertThat(tickets.readInts(0, op.tickets())).as("tickets").containsOnly(0);
            }
            return result;
        }

        final class Result {
            DeviceBuffer g = Poisoned.buffer(device, problem.in, type);
            final DeviceBuffer dgamma = Poisoned.floats(device, problem.in.c());
            final DeviceBuffer dbeta = Poisoned.floats(device, problem.in.c());
            final DeviceBuffer sums = Poisoned.floats(device, 2 * problem.in.c());
            final DeviceBuffer dw = Poisoned.floats(device, problem.in.c() * problem.cout);

            HostTensor gradient() {
                return HostTensor.download(g, problem.in, type);
            }

            float[] dgamma() {
                return dgamma.readFloats(0, problem.in.c());
            }

            float[] dbeta() {
                return dbeta.readFloats(0, problem.in.c());
            }

            float[] dw() {
                return dw.readFloats(0, problem.in.c() * problem.cout);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("problems")
    void isThePlainOpsOneAfterTheOther(Precision precision, FusedGradient gradient, Input input, boolean skip, Problem problem, Device device,
                                       separable.device.Stream stream) {
        assumeTrue(precision.products().on(device.computeCapability()) == precision.products());
        Layer layer = new Layer(device, stream, precision, gradient, input, skip, problem);
        Layer.Result fused = layer.fused(false);
        Variant filter;
        try (FusedPointwiseBackward op = layer.op()) {
            filter = op.filterVariant();
        }
        Layer.Result plain = layer.plain(filter);
        Expect.same(fused.gradient(), plain.gradient(), "g");
        assertThat(fused.dgamma()).as("dgamma").containsExactly(plain.dgamma());
        assertThat(fused.dbeta()).as("dbeta").containsExactly(plain.dbeta());
        assertThat(fused.dw()).as("dw").containsExactly(plain.dw());
        assertThat(fused.sums.readFloats(0, 2 * problem.in.c())).as("sums").containsExactly(layer.previous.sums(fused.dgamma(), fused.dbeta()));
        checkSums(layer, fused);

        Layer.Result again = layer.fused(true);
        Expect.same(again.gradient(), fused.gradient(), "g of a second run, in place of the skip");
        assertThat(again.dgamma()).as("dgamma of a second run").containsExactly(fused.dgamma());
        assertThat(again.dw()).as("dw of a second run").containsExactly(fused.dw());
    }

    /** dgamma and dbeta against sums in double precision over the stored g. */
    private static void checkSums(Layer layer, Layer.Result fused) {
        int channels = layer.problem.in.c();
        double[] g = fused.gradient().values();
        double[] raw = HostTensor.download(layer.previous.y(), layer.problem.in, layer.type).values();
        double[] table = HostTensor.download(layer.previous.table(), Shape.matrix(4, channels), DType.F32).values();
        double[] dgamma = new double[channels];
        double[] dbeta = new double[channels];
        for (int i = 0; i < g.length; i++) {
            int c = i % channels;
            dbeta[c] += g[i];
            dgamma[c] += g[i] * (raw[i] - table[c]) / Math.sqrt(table[channels + c] + RawOutput.EPSILON);
        }
        Expect.close(HostTensor.download(fused.dgamma, Shape.matrix(1, channels), DType.F32).values(), dgamma, DType.F32, "dgamma");
        Expect.close(HostTensor.download(fused.dbeta, Shape.matrix(1, channels), DType.F32).values(), dbeta, DType.F32, "dbeta");
    }

    @Test
    void refusesAnActivationBeforeAStoredSum(Device device) {
        ConvSpec spec = ConvSpec.pointwise(new Shape(1, 4, 4, 8), 8);
        assertThatThrownBy(() -> new FusedPointwiseBackward(device, spec, DType.F32, Products.EXACT, FusedGradient.STORED, Input.STORED, true,
                new NormSpec(Activation.RELU6, 1e-5f, 0.1f), Form.DUAL))
                .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("has no activation, not RELU6");
    }
}
