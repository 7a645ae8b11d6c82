package separable.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.stream.Stream;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUstream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import separable.device.Device;
import separable.device.DeviceBuffer;
import separable.kernel.FusedPointwiseBackward.Form;
import separable.kernel.FusedPointwiseBackward.Input;
import separable.spec.Activation;
import separable.spec.ConvSpec;
import separable.spec.DType;
import separable.spec.NormSpec;
import separable.spec.Products;
import separable.spec.Shape;
import separable.testing.DeviceExtension;
import separable.testing.Expect;
import separable.testing.HostTensor;
import separable.testing.Poisoned;

/** {@link FusedPointwiseBackward} as ONE and SLICE against the plain kernels one after the other, folded alike: every tensor bit for bit. */
@ExtendWith(DeviceExtension.class)
class PointwiseOneTest {

    /** What else the kernel reads. */
    enum Kind {
        NORM(FusedGradient.STORED, Input.NORM, false), SKIP(FusedGradient.STORED, Input.NORM, true), SUM(FusedGradient.STORED, Input.STORED, true),
        POOL(FusedGradient.pooled(Activation.RELU6), Input.NORM, false);

        final FusedGradient gradient;
        final Input input;
        final boolean added;

        Kind(FusedGradient gradient, Input input, boolean added) {
            this.gradient = gradient;
            this.input = input;
            this.added = added;
        }
    }

    /**
     * @param tileRows of the layout of shared memory with the data gradient apart; below 0 in the input's place
     * @param ctas     blocks over the rows at most; 0: the rule's division; below 0 so many of one tile each, for fewer rows
     */
    record Problem(Shape input, int cout, int slices, int tileRows, int ctas, Kind kind) {

        ConvSpec spec() {
            return ConvSpec.pointwise(input, cout);
        }

        PointwiseBackwardForm form(Device device, DType type) {
            if (ctas < 0) {
                return new PointwiseBackwardForm(Form.ONE, input.c(), tileRows, true, tileRows, -ctas);
            }
            int slice = Math.min(input.c(), VectorGrid.blocks(VectorGrid.blocks(input.c(), slices), 16) * 16);
            return ctas == 0 ? PointwiseBackwardForm.of(device, spec(), type)
                    : PointwiseBackwardForm.sharing(spec(), slice, new PointwiseOne.Layout(Math.abs(tileRows), tileRows > 0), ctas);
        }

        NormSpec previous() {
            return new NormSpec(kind.input == Input.STORED ? Activation.NONE : Activation.RELU6, RawOutput.EPSILON, 0.1f);
        }
    }

    /** Every instantiation; rows that fill no tile and no block; blocks without rows; slices of which the last is narrower; the rule's choice. */
    static List<Problem> problems() {
        Shape ragged = new Shape(3, 7, 5, 8);
        Shape few = new Shape(1, 2, 5, 8);
        return List.of(
                new Problem(new Shape(3, 7, 7, 8), 8, 1, 128, 1, Kind.NORM),
                new Problem(channels(ragged, 40), 24, 1, 32, 2, Kind.SKIP),
                new Problem(channels(ragged, 144), 24, 1, 32, 3, Kind.SUM),
                new Problem(channels(ragged, 24), 136, 1, 64, 2, Kind.POOL),
                new Problem(channels(ragged, 72), 96, 1, -64, 1, Kind.SKIP),
                new Problem(channels(few, 200), 40, 1, 64, 4, Kind.NORM),
                new Problem(channels(ragged, 40), 384, 1, 32, 2, Kind.SUM),
                new Problem(channels(ragged, 96), 168, 1, 32, 3, Kind.NORM),
                new Problem(channels(ragged, 264), 72, 1, -32, 2, Kind.POOL),
                new Problem(channels(ragged, 136), 136, 1, 32, 2, Kind.SKIP),
                new Problem(channels(few, 40), 392, 1, 32, 2, Kind.NORM),
                new Problem(channels(ragged, 136), 40, 3, -32, 3, Kind.SKIP),
                new Problem(channels(few, 192), 16, 12, 64, 4, Kind.POOL),
                new Problem(channels(few, 16), 24, 1, 32, -3, Kind.NORM),
                new Problem(channels(ragged, 96), 16, 1, 64, 0, Kind.SUM));
    }

    private static Shape channels(Shape shape, int c) {
        return new Shape(shape.n(), shape.h(), shape.w(), c);
    }

    static Stream<Arguments> everyProblem() {
        return problems().stream().flatMap(problem -> Stream.of(DType.BF16, DType.F16).map(type -> Arguments.of(problem, type)));
    }

    /** One problem's operands, and where the fused kernel or the plain ones leave their results. */
    private static final class Layer {
        final Problem problem;
        final DType type;
        final Device device;
        final CUstream stream;
        final PointwiseBackwardForm form;
        final Shape in;
        final Shape out;
        final RawOutput y;
        final RawOutput previous;
        final HostTensor g;
        final DeviceBuffer gradient;
        final DeviceBuffer x;
        final DeviceBuffer skip;
        final DeviceBuffer w;
        final float[] dgammaOfY;
        final float[] dbetaOfY;
        final DeviceBuffer gPrevious;
        final DeviceBuffer dgamma;
        final DeviceBuffer dbeta;
        final DeviceBuffer dw;
        HostTensor sums;

        Layer(Problem problem, DType type, Device device, CUstream stream) {
            this.problem = problem;
            this.type = type;
            this.device = device;
            this.stream = stream;
            form = problem.form(device, type);
            in = problem.spec().input();
            out = problem.spec().output();
            y = RawOutput.random(device, out, type, problem.kind.gradient.activation(), 1);
            previous = RawOutput.random(device, in, type, problem.previous().activation(), 11);
            g = HostTensor.random(problem.kind.gradient.pooled() ? Shape.matrix(out.n(), out.c()) : out, 21).roundTo(type);
            gradient = g.upload(device, type);
            x = problem.kind.input == Input.STORED ? HostTensor.random(in, 22).upload(device, type) : null;
            skip = problem.kind.added ? HostTensor.random(in, 23).upload(device, type) : null;
            w = HostTensor.random(Shape.matrix(out.c(), in.c()), -0.3, 0.3, 24).upload(device, type);
            dgammaOfY = RawOutput.floats(HostTensor.random(Shape.matrix(1, out.c()), -9, 9, 25).values());
            dbetaOfY = RawOutput.floats(HostTensor.random(Shape.matrix(1, out.c()), -9, 9, 26).values());
            gPrevious = Poisoned.buffer(device, in, type);
            dgamma = Poisoned.floats(device, in.c());
            dbeta = Poisoned.floats(device, in.c());
            dw = Poisoned.floats(device, in.c() * out.c());
        }

        private FusedPointwiseBackward op() {
            FusedPointwiseBackward.Problem made = new FusedPointwiseBackward.Problem(problem.spec(), type, Products.EXACT, problem.kind.gradient, problem.kind.input,
                    problem.kind.added, problem.previous(), form.form());
            return problem.ctas == 0 ? new FusedPointwiseBackward(device, made, grid -> grid) : new FusedPointwiseBackward(device, made, form);
        }

        Layer fused() {
            DeviceBuffer sumsPrevious = Poisoned.floats(device, 2 * in.c());
            try (FusedPointwiseBackward op = op()) {
                DeviceBuffer partials = Poisoned.floats(device, op.parts() * in.c() * out.c());
                DeviceBuffer tickets = Poisoned.tickets(device, op.tickets());
                op.enqueue(gradient.pointer(), y.y().pointer(), y.table().pointer(), RawOutput.upload(device, y.sums(dgammaOfY, dbetaOfY)).pointer(),
                        pointer(x), previous.y().pointer(), previous.table().pointer(), pointer(skip), w.pointer(), gPrevious.pointer(),
                        dgamma.pointer(), dbeta.pointer(), sumsPrevious.pointer(), partials.pointer(),
                        Poisoned.buffer(device, op.workspaceBytes()).pointer(), tickets.pointer(), stream);
                fold(partials, op.parts());
                assertThat(tickets.readInts(0, op.tickets())).as("tickets").containsOnly(0);
            }
            sums = floats(sumsPrevious, 2, in.c());
            return this;
        }

        private void fold(DeviceBuffer partials, int parts) {
            try (GradientFold fold = new GradientFold(device,
                    List.of(new GradientFold.Part(partials.pointer(), parts, in.c() * out.c(), dw.pointer())))) {
                fold.enqueue(stream);
            }
        }

        Layer plain() {
            DeviceBuffer dy = plainGradient();
            DeviceBuffer a = x == null ? plainInput() : x;
            DeviceBuffer dx = Poisoned.buffer(device, in, type);
            try (FusedPointwiseBackward fused = op(); PointwiseConv conv = new PointwiseConv(device, problem.spec(), type, fused.filterVariant());
                    Add add = new Add(device, in, type)) {
                conv.backwardData(dy.pointer(), w.pointer(), dx.pointer(), stream);
                conv.backwardFilter(a.pointer(), dy.pointer(), dw.pointer(), Poisoned.buffer(device, Math.max(16, conv.workspaceBytes())).pointer(), stream);
                if (skip != null) {
                    add.forward(dx.pointer(), skip.pointer(), dx.pointer(), stream);
                }
            }
            reduce(dx);
            float[] made = previous.sums(dgamma.readFloats(0, in.c()), dbeta.readFloats(0, in.c()));
            sums = floats(RawOutput.upload(device, made), 2, in.c());
            return this;
        }

        private DeviceBuffer plainInput() {
            DeviceBuffer a = Poisoned.buffer(device, in, type);
            try (BatchNorm norm = new BatchNorm(device, in, type, problem.previous().activation(), RawOutput.EPSILON, 0)) {
                norm.forward(previous.y().pointer(), previous.table().pointer(), previous.gamma().pointer(), previous.beta().pointer(), a.pointer(), stream);
            }
            return a;
        }

        /** dY by the plain ops: a mean's gradient is spread over the pixels and masked first. */
        private DeviceBuffer plainGradient() {
            DeviceBuffer masked = gradient;
            DeviceBuffer dy = Poisoned.buffer(device, out, type);
            try (BatchNorm norm = new BatchNorm(device, out, type, problem.kind.gradient.activation(), RawOutput.EPSILON, 0);
                    GlobalAveragePool pool = new GlobalAveragePool(device, out, type)) {
                if (problem.kind.gradient.pooled()) {
                    masked = Poisoned.buffer(device, out, type);
                    pool.backward(gradient.pointer(), masked.pointer(), stream);
                    norm.backwardReduce(y.y().pointer(), masked.pointer(), y.table().pointer(), y.gamma().pointer(), y.beta().pointer(), masked.pointer(),
                            Poisoned.floats(device, out.c()).pointer(), Poisoned.floats(device, out.c()).pointer(),
                            Poisoned.buffer(device, norm.workspaceBytes()).pointer(), Poisoned.tickets(device, norm.tickets()).pointer(), stream);
                }
                norm.backwardData(y.y().pointer(), masked.pointer(), y.table().pointer(), y.gamma().pointer(),
                        RawOutput.upload(device, dgammaOfY).pointer(), RawOutput.upload(device, dbetaOfY).pointer(), dy.pointer(), stream);
            }
            return dy;
        }

        private void reduce(DeviceBuffer dx) {
            try (TiledBackwardReduce twin = twin()) {
                twin.backwardReduce(previous.y().pointer(), dx.pointer(), previous.table().pointer(), previous.gamma().pointer(), previous.beta().pointer(),
                        gPrevious.pointer(), dgamma.pointer(), dbeta.pointer(), Poisoned.buffer(device, twin.workspaceBytes()).pointer(),
                        Poisoned.tickets(device, twin.tickets()).pointer(), stream);
            }
        }

        private TiledBackwardReduce twin() {
            return problem.ctas == 0
                    ? new TiledBackwardReduce(device, problem.spec(), type, Products.EXACT, problem.kind.gradient, problem.kind.input, problem.previous(), form.form())
                    : new TiledBackwardReduce(device, problem.spec(), type, Products.EXACT, problem.kind.gradient, problem.kind.input, problem.previous(), Form.DUAL,
                            rule -> form.grid(problem.spec()));
        }

        private static CUdeviceptr pointer(DeviceBuffer buffer) {
            return buffer == null ? null : buffer.pointer();
        }

        HostTensor floats(DeviceBuffer buffer, int rows, int columns) {
            return HostTensor.download(buffer, Shape.matrix(rows, columns), DType.F32);
        }
    }

    @ParameterizedTest
    @MethodSource("everyProblem")
    void equalsThePlainKernelsBitForBit(Problem problem, DType type, Device device, separable.device.Stream stream) {
        Layer fused = new Layer(problem, type, device, stream.handle()).fused();
        Layer plain = new Layer(problem, type, device, stream.handle()).plain();
        int cin = fused.in.c();
        Expect.same(HostTensor.download(fused.gPrevious, fused.in, type), HostTensor.download(plain.gPrevious, fused.in, type), "gPrevious");
        Expect.same(fused.floats(fused.dbeta, 1, cin), plain.floats(plain.dbeta, 1, cin), "dbeta");
        Expect.same(fused.floats(fused.dgamma, 1, cin), plain.floats(plain.dgamma, 1, cin), "dgamma");
        Expect.same(fused.sums, plain.sums, "sumsPrevious");
        Expect.same(fused.floats(fused.dw, fused.out.c(), cin), plain.floats(plain.dw, fused.out.c(), cin), "dw");
    }

    /** The weight gradient in double precision from the stored tensors: what is left is the rounding of dY and A to 16 bits. */
    @ParameterizedTest
    @EnumSource(value = DType.class, names = {"BF16", "F16"})
    void agreesWithADoublePrecisionSum(DType type, Device device, separable.device.Stream stream) {
        Layer layer = new Layer(new Problem(new Shape(3, 7, 5, 40), 24, 1, 32, 2, Kind.NORM), type, device, stream.handle()).fused();
        int cin = layer.in.c();
        int cout = layer.out.c();
        float[] own = layer.y.table().readFloats(0, 4 * cout);
        float[] before = layer.previous.table().readFloats(0, 4 * cin);
        float[] sums = layer.y.sums(layer.dgammaOfY, layer.dbetaOfY);
        double[] y = HostTensor.download(layer.y.y(), layer.out, type).values();
        double[] raw = HostTensor.download(layer.previous.y(), layer.in, type).values();
        double[] expected = new double[cout * cin];
        for (int row = 0; row < layer.out.rows(); row++) {
            for (int o = 0; o < cout; o++) {
                int at = row * cout + o;
                double dy = own[2 * cout + o] * (layer.g.values()[at] - sums[o] - (y[at] - own[o]) * sums[cout + o]);
                for (int i = 0; i < cin; i++) {
                    double norm = (raw[row * cin + i] - before[i]) * before[2 * cin + i] + before[3 * cin + i];
                    expected[o * cin + i] += dy * Math.min(Math.max(norm, 0), 6);
                }
            }
        }
        Expect.relativeL2(layer.floats(layer.dw, cout, cin).values(), expected, type == DType.BF16 ? 5e-3 : 1e-3, "dw");
    }

    @Test
    void everyInstantiationIsLaunched(Device device) {
        List<String> launched = problems().stream()
                .map(problem -> PointwiseOne.entry(problem.spec(), DType.BF16, problem.form(device, DType.BF16))).toList();
        assertThat(launched).containsAll(PointwiseOne.TILES.stream().map(tile -> tile.entry(DType.BF16)).toList());
    }

    @Test
    void refusesAFormThatTheRuleDoesNotTake(Device device) {
        ConvSpec spec = ConvSpec.pointwise(new Shape(2, 16, 16, 16), 16);
        assertThatThrownBy(() -> new FusedPointwiseBackward(device, spec, DType.F32, Products.EXACT, FusedGradient.STORED, Input.NORM, false,
                new NormSpec(Activation.RELU6, 1e-5f, 0.1f), Form.ONE)).isInstanceOf(IllegalArgumentException.class).hasMessageContaining("computed as DUAL");
    }

    /** The rule counts on blocks that the launch bounds promise: the driver has room for no fewer. */
    @Test
    void asManyBlocksFitAMultiprocessorAsTheRuleCountsOn(Device device) {
        int limit = device.sharedMemoryPerBlock();
        for (PointwiseOne.Tile tile : PointwiseOne.TILES) {
            PointwiseOne.Layout layout = new PointwiseOne.Layout(32, false);
            int shared = layout.sharedBytes(tile.cout(), tile.slice());
            int counted = Math.min(Math.min(tile.resident(), device.blocksPerMultiprocessor()), layout.residents(limit, tile.cout(), tile.slice()));
            if (counted > 0) {
                assertThat(device.kernel(tile.entry(DType.BF16)).occupancy(PointwiseOne.THREADS, shared)).as("%s", tile).isGreaterThanOrEqualTo(counted);
            }
        }
    }
}
