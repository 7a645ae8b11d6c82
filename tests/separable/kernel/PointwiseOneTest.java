package separable.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.Stream;
import jcuda.driver.CUstream;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import separable.device.Device;
import separable.device.DeviceBuffer;
import separable.device.Launch;
import separable.spec.Activation;
import separable.spec.ConvSpec;
import separable.spec.DType;
import separable.spec.NormSpec;
import separable.spec.Shape;
import separable.testing.DeviceExtension;
import separable.testing.Expect;
import separable.testing.HostTensor;
import separable.testing.Poisoned;

/** Both gradients of a pointwise convolution in one kernel, against the plain kernels one after the other with sums in the same order. */
@ExtendWith(DeviceExtension.class)
class PointwiseOneTest {

    private static final float EPSILON = 1e-3f;

    /** What else the kernel reads: see {@link PointwiseOne#launch}. */
    enum Kind {
        NORM(false, false, false), SKIP(false, false, true), STORED(false, true, true), POOL(true, false, false);

        final boolean pooled;
        final boolean stored;
        final boolean added;

        Kind(boolean pooled, boolean stored, boolean added) {
            this.pooled = pooled;
            this.stored = stored;
            this.added = added;
        }
    }

    /** @param ctas blocks over the rows at most */
    record Problem(Shape input, int cout, int slices, int tileRows, int ctas, Kind kind) {

        ConvSpec spec() {
            return ConvSpec.pointwise(input, cout);
        }

        PointwiseBackwardForm form() {
            int slice = Math.min(input.c(), VectorGrid.blocks(VectorGrid.blocks(input.c(), slices), 16) * 16);
            return PointwiseBackwardForm.sharing(spec(), slice, tileRows, ctas);
        }

        PointwiseOne.Tile tile() {
            return PointwiseOne.tile(cout, form().slice()).orElseThrow();
        }

        /** Of a residual branch there is no activation. */
        NormSpec prev() {
            return new NormSpec(kind.stored ? Activation.NONE : Activation.RELU6, EPSILON, 0.1f);
        }
    }

    /** Every tile of the list; rows that fill no tile and no block; slices of which the last is narrower. */
    static List<Problem> problems() {
        Shape ragged = new Shape(3, 7, 5, 8);
        return List.of(
                new Problem(ragged, 8, 1, 64, 8, Kind.NORM),
                new Problem(channels(ragged, 40), 24, 1, 32, 2, Kind.SKIP),
                new Problem(channels(ragged, 144), 24, 1, 32, 3, Kind.STORED),
                new Problem(channels(ragged, 24), 136, 1, 64, 2, Kind.POOL),
                new Problem(channels(ragged, 72), 96, 1, 64, 1, Kind.SKIP),
                new Problem(channels(new Shape(1, 2, 5, 8), 200), 40, 1, 64, 4, Kind.NORM),
                new Problem(channels(ragged, 40), 384, 1, 32, 2, Kind.STORED),
                new Problem(channels(ragged, 96), 168, 1, 32, 3, Kind.NORM),
                new Problem(channels(ragged, 264), 72, 1, 32, 2, Kind.POOL),
                new Problem(channels(ragged, 136), 136, 1, 32, 2, Kind.SKIP),
                new Problem(channels(new Shape(1, 6, 7, 8), 40), 392, 1, 32, 2, Kind.NORM),
                new Problem(channels(ragged, 136), 40, 3, 32, 3, Kind.SKIP),
                new Problem(channels(new Shape(1, 6, 7, 8), 192), 16, 12, 64, 4, Kind.POOL));
    }

    private static Shape channels(Shape shape, int c) {
        return new Shape(shape.n(), shape.h(), shape.w(), c);
    }

    static Stream<Arguments> everyProblem() {
        return problems().stream().flatMap(problem -> Stream.of(DType.BF16, DType.F16).map(type -> Arguments.of(problem, type)));
    }

    /** The operands, and where the kernel and the plain ones leave their results. */
    private static final class Layer implements AutoCloseable {
        final Problem problem;
        final DType type;
        final Device device;
        final CUstream stream;
        final Shape in;
        final Shape out;
        final Norm prev;
        final Norm own;
        final HostTensor g;
        final DeviceBuffer gradient;
        final DeviceBuffer x;
        final DeviceBuffer skip;
        final DeviceBuffer w;
        final float[] dgamma;
        final float[] dbeta;
        final DeviceBuffer gPrev;
        final DeviceBuffer dgammaPrev;
        final DeviceBuffer dbetaPrev;
        final DeviceBuffer sumsPrev;
        final DeviceBuffer dw;

        Layer(Problem problem, DType type, Device device, CUstream stream) {
            this.problem = problem;
            this.type = type;
            this.device = device;
            this.stream = stream;
            in = problem.spec().input();
            out = problem.spec().output();
            prev = new Norm(in, type, problem.prev(), 1, device, stream);
            own = new Norm(out, type, new NormSpec(Activation.RELU6, EPSILON, 0.1f), 2, device, stream);
            g = HostTensor.random(problem.kind.pooled ? Shape.matrix(out.n(), out.c()) : out, 3).roundTo(type);
            gradient = g.upload(device, type);
            x = problem.kind.stored ? HostTensor.random(in, 4).upload(device, type) : null;
            skip = problem.kind.added ? HostTensor.random(in, 5).upload(device, type) : null;
            w = HostTensor.random(Shape.matrix(out.c(), in.c()), -0.3, 0.3, 6).upload(device, type);
            dgamma = random(out.c(), 7);
            dbeta = random(out.c(), 8);
            gPrev = Poisoned.buffer(device, in, type);
            dgammaPrev = Poisoned.floats(device, in.c());
            dbetaPrev = Poisoned.floats(device, in.c());
            sumsPrev = Poisoned.floats(device, 2 * in.c());
            dw = Poisoned.floats(device, in.c() * out.c());
        }

        private static float[] random(int count, long seed) {
            HostTensor values = HostTensor.random(Shape.matrix(1, count), seed);
            float[] floats = new float[count];
            for (int i = 0; i < count; i++) {
                floats[i] = (float) values.values()[i];
            }
            return floats;
        }

        /** {@code c0 = dbeta / n}, {@code c1 = dgamma / (n sqrt(var + epsilon))}, operation for operation. */
        static float[] sums(float[] dgamma, float[] dbeta, Norm norm, int rows) {
            int channels = dgamma.length;
            float perRow = 1f / rows;
            float[] sums = new float[2 * channels];
            for (int c = 0; c < channels; c++) {
                sums[c] = dbeta[c] * perRow;
                sums[channels + c] = dgamma[c] * perRow * norm.inverse(c);
            }
            return sums;
        }

        private DeviceBuffer upload(float[] values) {
            DeviceBuffer buffer = device.allocate((long) values.length * Float.BYTES, "floats");
            buffer.write(values);
            return buffer;
        }

        Layer fused() {
            PointwiseBackwardForm form = problem.form();
            Launch launch = PointwiseOne.launch(device, problem.spec(), type, form, problem.kind.pooled, problem.kind.stored, problem.kind.added,
                    own.spec, prev.spec);
            Fold fold = PointwiseOne.fold(problem.spec(), form);
            DeviceBuffer partials = Poisoned.buffer(device, form.partialBytes(problem.spec()));
            DeviceBuffer workspace = Poisoned.buffer(device, fold.bytes());
            DeviceBuffer tickets = Poisoned.tickets(device, fold.tickets());
            launch.enqueue(stream, gradient.pointer(), own.y.pointer(), own.table.pointer(), upload(sums(dgamma, dbeta, own, out.rows())).pointer(),
                    x == null ? null : x.pointer(), prev.y.pointer(), prev.table.pointer(), skip == null ? null : skip.pointer(), w.pointer(),
                    gPrev.pointer(), dgammaPrev.pointer(), dbetaPrev.pointer(), sumsPrev.pointer(), partials.pointer(), workspace.pointer(),
                    tickets.pointer());
            try (GradientFold adding = new GradientFold(device,
                    List.of(new GradientFold.Part(partials.pointer(), form.parts(), in.c() * out.c(), dw.pointer())))) {
                adding.enqueue(stream);
                assertThat(tickets.readInts(0, fold.tickets())).as("tickets").containsOnly(0);
            }
            return this;
        }

        Layer plain() {
            DeviceBuffer dy = Poisoned.buffer(device, out, type);
            own.op.backwardData(own.y.pointer(), plainGradient().pointer(), own.stats.pointer(), own.gamma.pointer(), upload(dgamma).pointer(),
                    upload(dbeta).pointer(), dy.pointer(), stream);
            DeviceBuffer a = x;
            if (a == null) {
                a = Poisoned.buffer(device, in, type);
                prev.op.forward(prev.y.pointer(), prev.stats.pointer(), prev.gamma.pointer(), prev.beta.pointer(), a.pointer(), stream);
            }
            DeviceBuffer dx = Poisoned.buffer(device, in, type);
            try (PointwiseConv conv = new PointwiseConv(device, problem.spec(), type, problem.form().plainFilter(type)); Add add = new Add(device, in, type)) {
                conv.backwardData(dy.pointer(), w.pointer(), dx.pointer(), stream);
                conv.backwardFilter(a.pointer(), dy.pointer(), dw.pointer(), Poisoned.buffer(device, Math.max(16, conv.workspaceBytes())).pointer(), stream);
                if (skip != null) {
                    add.forward(dx.pointer(), skip.pointer(), dx.pointer(), stream);
                }
            }
            reduce(dx);
            return this;
        }

        private void reduce(DeviceBuffer dx) {
            Fold fold = PointwiseOne.fold(problem.spec(), problem.form());
            PointwiseOne.reduction(device, problem.spec(), type, problem.form(), prev.spec).enqueue(stream, prev.y.pointer(), dx.pointer(),
                    prev.stats.pointer(), prev.gamma.pointer(), prev.beta.pointer(), gPrev.pointer(), dgammaPrev.pointer(), dbetaPrev.pointer(),
                    Poisoned.buffer(device, fold.bytes()).pointer(), Poisoned.tickets(device, fold.tickets()).pointer());
            sumsPrev.write(sums(dgammaPrev.readFloats(0, in.c()), dbetaPrev.readFloats(0, in.c()), prev, in.rows()));
        }

        /** G, of a mean the plain way: spread over the pixels, then masked. */
        private DeviceBuffer plainGradient() {
            if (!problem.kind.pooled) {
                return gradient;
            }
            DeviceBuffer spread = Poisoned.buffer(device, out, type);
            try (GlobalAveragePool pool = new GlobalAveragePool(device, out, type)) {
                pool.backward(gradient.pointer(), spread.pointer(), stream);
            }
            own.op.backwardReduce(own.y.pointer(), spread.pointer(), own.stats.pointer(), own.gamma.pointer(), own.beta.pointer(), spread.pointer(),
                    Poisoned.floats(device, out.c()).pointer(), Poisoned.floats(device, out.c()).pointer(),
                    Poisoned.buffer(device, own.op.workspaceBytes()).pointer(), Poisoned.tickets(device, own.op.tickets()).pointer(), stream);
            return spread;
        }

        HostTensor floats(DeviceBuffer buffer, int rows, int columns) {
            return HostTensor.download(buffer, Shape.matrix(rows, columns), DType.F32);
        }

        @Override
        public void close() {
            prev.op.close();
            own.op.close();
        }
    }

    /** A normalisation with its raw input, its statistics and the table that a fused producer leaves. */
    private static final class Norm {
        final NormSpec spec;
        final BatchNorm op;
        final HostTensor values;
        final DeviceBuffer y;
        final DeviceBuffer stats;
        final DeviceBuffer gamma;
        final DeviceBuffer beta;
        final DeviceBuffer table;
        final float[] rows;
        private final int channels;

        Norm(Shape shape, DType type, NormSpec spec, long seed, Device device, CUstream stream) {
            this.spec = spec;
            channels = shape.c();
            op = new BatchNorm(device, shape, type, spec.activation(), spec.epsilon(), spec.momentum());
            values = HostTensor.random(shape, -2, 4, 10 * seed).roundTo(type);
            y = values.upload(device, type);
            Shape one = Shape.matrix(1, channels);
            // One channel with gamma 0: its output is beta everywhere.
            HostTensor scales = HostTensor.random(one, -3, 5, 10 * seed + 1);
            scales.values()[1] = 0;
            gamma = scales.upload(device, DType.F32);
            beta = HostTensor.random(one, -1, 4, 10 * seed + 2).upload(device, DType.F32);
            stats = Poisoned.floats(device, 2 * channels);
            DeviceBuffer running = device.allocate(2L * channels * Float.BYTES, "running");
            running.zero();
            op.statistics(y.pointer(), stats.pointer(), running.pointer(), Poisoned.buffer(device, op.workspaceBytes()).pointer(),
                    Poisoned.tickets(device, op.tickets()).pointer(), stream);
            rows = table();
            table = device.allocate((long) rows.length * Float.BYTES, "statistics");
            table.write(rows);
        }

        private float[] table() {
            float[] table = new float[4 * channels];
            System.arraycopy(stats.readFloats(0, 2 * channels), 0, table, 0, 2 * channels);
            float[] gammas = gamma.readFloats(0, channels);
            for (int c = 0; c < channels; c++) {
                table[2 * channels + c] = gammas[c] * (1f / (float) Math.sqrt(table[channels + c] + spec.epsilon()));
            }
            System.arraycopy(beta.readFloats(0, channels), 0, table, 3 * channels, channels);
            return table;
        }

        float inverse(int c) {
            return 1f / (float) Math.sqrt(rows[channels + c] + spec.epsilon());
        }
    }

    @ParameterizedTest
    @MethodSource("everyProblem")
    void equalsThePlainKernelsBitForBit(Problem problem, DType type, Device device, separable.device.Stream stream) {
        try (Layer fused = new Layer(problem, type, device, stream.handle()).fused(); Layer plain = new Layer(problem, type, device, stream.handle()).plain()) {
            int cin = fused.in.c();
            Expect.same(HostTensor.download(fused.gPrev, fused.in, type), HostTensor.download(plain.gPrev, fused.in, type), "gPrev");
            Expect.same(fused.floats(fused.dbetaPrev, 1, cin), plain.floats(plain.dbetaPrev, 1, cin), "dbetaPrev");
            Expect.same(fused.floats(fused.dgammaPrev, 1, cin), plain.floats(plain.dgammaPrev, 1, cin), "dgammaPrev");
            Expect.same(fused.floats(fused.sumsPrev, 2, cin), plain.floats(plain.sumsPrev, 2, cin), "sumsPrev");
            Expect.same(fused.floats(fused.dw, fused.out.c(), cin), plain.floats(plain.dw, fused.out.c(), cin), "dw");
        }
    }

    /** The weight gradient in double precision from the stored tensors: what is left is the rounding of dY and A to 16 bits. */
    @ParameterizedTest
    @EnumSource(value = DType.class, names = {"BF16", "F16"})
    void agreesWithADoublePrecisionSum(DType type, Device device, separable.device.Stream stream) {
        Problem problem = new Problem(new Shape(3, 7, 5, 40), 24, 1, 32, 2, Kind.NORM);
        try (Layer layer = new Layer(problem, type, device, stream.handle()).fused()) {
            double[] expected = new double[24 * 40];
            float[] sums = Layer.sums(layer.dgamma, layer.dbeta, layer.own, layer.out.rows());
            for (int row = 0; row < layer.out.rows(); row++) {
                for (int o = 0; o < 24; o++) {
                    double centred = layer.own.values.values()[row * 24 + o] - layer.own.rows[o];
                    double dy = layer.own.rows[48 + o] * (layer.g.values()[row * 24 + o] - sums[o] - centred * sums[24 + o]);
                    for (int i = 0; i < 40; i++) {
                        double norm = (layer.prev.values.values()[row * 40 + i] - layer.prev.rows[i]) * layer.prev.rows[80 + i] + layer.prev.rows[120 + i];
                        expected[o * 40 + i] += dy * Math.min(Math.max(norm, 0), 6);
                    }
                }
            }
            Expect.relativeL2(layer.floats(layer.dw, 24, 40).values(), expected, type == DType.BF16 ? 5e-3 : 1e-3, "dw");
        }
    }

    @ParameterizedTest
    @EnumSource(value = DType.class, names = {"BF16", "F16"})
    void everyInstantiationIsLaunched(DType type) {
        assertThat(problems()).extracting(problem -> problem.tile().entry(type))
                .containsAll(PointwiseOne.TILES.stream().map(tile -> tile.entry(type)).toList());
    }
}
