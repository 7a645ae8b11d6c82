package separable.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.function.DoubleSupplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import separable.device.Device;
import separable.device.DeviceBuffer;
import separable.spec.Activation;
import separable.spec.DType;
import separable.spec.Shape;
import separable.testing.DeviceExtension;
import separable.testing.Expect;
import separable.testing.FiniteDifferences;
import separable.testing.HostTensor;
import separable.testing.Poisoned;

@ExtendWith(DeviceExtension.class)
class BatchNormTest {

    private static final float EPSILON = 1e-3f;
    private static final float MOMENTUM = 0.1f;

    /** One layer with its buffers on the device; outputs poisoned. */
    private static final class Layer {
        final Device device;
        final separable.device.Stream stream;
        final Shape shape;
        final Shape perChannel;
        final DType type;
        final BatchNorm op;
        final DeviceBuffer x;
        final DeviceBuffer gamma;
        final DeviceBuffer beta;
        final DeviceBuffer stats;
        final DeviceBuffer running;
        final DeviceBuffer workspace;
        final DeviceBuffer tickets;
        final DeviceBuffer dgamma;
        final DeviceBuffer dbeta;

        Layer(Device device, separable.device.Stream stream, DType type, Activation activation, HostTensor x, double[] gamma, double[] beta) {
            this.device = device;
            this.stream = stream;
            this.type = type;
            shape = x.shape();
            perChannel = BatchNormOracle.channelShape(shape);
            op = new BatchNorm(device, shape, type, activation, EPSILON, MOMENTUM);
            this.x = x.upload(device, type);
            this.gamma = new HostTensor(perChannel, gamma).upload(device, DType.F32);
            this.beta = new HostTensor(perChannel, beta).upload(device, DType.F32);
            stats = Poisoned.floats(device, 2 * shape.channelStride());
            running = device.allocate(2L * shape.channelStride() * Float.BYTES, "running");
            running.zero();
            workspace = Poisoned.buffer(device, op.workspaceBytes());
            tickets = Poisoned.tickets(device, op.tickets());
            dgamma = Poisoned.floats(device, shape.channelStride());
            dbeta = Poisoned.floats(device, shape.channelStride());
        }

        Layer statistics() {
            op.statistics(x.pointer(), stats.pointer(), running.pointer(), workspace.pointer(), tickets.pointer(), stream.handle());
            assertThat(tickets.readInts(0, op.tickets())).as("tickets").containsOnly(0);
            return this;
        }

        HostTensor forward() {
            DeviceBuffer y = Poisoned.buffer(device, shape, type);
            op.forward(x.pointer(), stats.pointer(), gamma.pointer(), beta.pointer(), y.pointer(), stream.handle());
            return HostTensor.download(y, shape, type);
        }

        HostTensor backwardReduce(HostTensor dy) {
            DeviceBuffer g = Poisoned.buffer(device, shape, type);
            op.backwardReduce(x.pointer(), dy.upload(device, type).pointer(), stats.pointer(), gamma.pointer(), beta.pointer(), g.pointer(),
                    dgamma.pointer(), dbeta.pointer(), workspace.pointer(), tickets.pointer(), stream.handle());
            assertThat(tickets.readInts(0, op.tickets())).as("tickets").containsOnly(0);
            return HostTensor.download(g, shape, type);
        }

        HostTensor backwardData(HostTensor g) {
            DeviceBuffer dx = Poisoned.buffer(device, shape, type);
            op.backwardData(x.pointer(), g.upload(device, type).pointer(), stats.pointer(), gamma.pointer(), dgamma.pointer(),
                    dbeta.pointer(), dx.pointer(), stream.handle());
            return HostTensor.download(dx, shape, type);
        }

        double[] channels(DeviceBuffer buffer) {
            return HostTensor.download(buffer, perChannel, DType.F32).values();
        }

        /** Mean and variance of {@link #stats} or {@link #running}: [2][c]. */
        double[][] pair(DeviceBuffer buffer) {
            double[] both = HostTensor.download(buffer, Shape.matrix(2, shape.c()), DType.F32).values();
            return new double[][] {Arrays.copyOf(both, shape.c()), Arrays.copyOfRange(both, shape.c(), both.length)};
        }
    }

    static Stream<Arguments> problems() {
        return Stream.of(DType.values()).flatMap(type -> Stream.of(Activation.values()).flatMap(activation ->
                Stream.of(new Shape(1, 1, 1, 1), new Shape(2, 5, 5, 3), new Shape(3, 7, 7, 17), new Shape(2, 13, 13, 40),
                        new Shape(12, 29, 29, 1), new Shape(2, 3, 3, 519)).map(shape -> Arguments.of(shape, type, activation))));
    }

    /** Statistics, forward and both backwards in the order of a training step, each against the oracle on the same inputs. */
    @ParameterizedTest
    @MethodSource("problems")
    void agreesWithPlainLoops(Shape shape, DType type, Activation activation, Device device, separable.device.Stream stream) {
        HostTensor x = HostTensor.random(shape, -2, 4, 1).roundTo(type);
        double[] gamma = HostTensor.random(BatchNormOracle.channelShape(shape), -3, 5, 2).values();
        double[] beta = HostTensor.random(BatchNormOracle.channelShape(shape), -1, 4, 3).values();
        HostTensor dy = HostTensor.random(shape, 4).roundTo(type);
        BatchNormOracle oracle = new BatchNormOracle(x, EPSILON);
        Layer layer = new Layer(device, stream, type, activation, x, gamma, beta).statistics();

        Expect.close(layer.pair(layer.stats)[0], oracle.mean, DType.F32, "mean");
        Expect.close(layer.pair(layer.stats)[1], oracle.variance, DType.F32, "variance");

        HostTensor y = layer.forward();
        Expect.close(y, oracle.forward(gamma, beta, activation), type, "y");

        // The mask comes from the activation the device computed: another rounding may fall on the other side of a corner.
        HostTensor g = layer.backwardReduce(dy);
        Expect.same(g, BatchNormOracle.masked(dy, y, activation), "g");
        double size = Math.sqrt(shape.rows());
        Expect.close(layer.channels(layer.dbeta), oracle.dbeta(g), 1e-5 * size, 1e-5, "dbeta");
        Expect.close(layer.channels(layer.dgamma), oracle.dgamma(g), 1e-5 * size, 1e-5, "dgamma");
        Expect.close(layer.backwardData(g), oracle.dx(g, gamma), type, "dx");
    }

    @ParameterizedTest
    @EnumSource(DType.class)
    void worksInPlaceWithTheSameBits(DType type, Device device, separable.device.Stream stream) {
        Shape shape = new Shape(12, 29, 29, 1);
        Activation activation = Activation.RELU6;
        HostTensor x = HostTensor.random(shape, -2, 4, 1).roundTo(type);
        double[] gamma = HostTensor.random(BatchNormOracle.channelShape(shape), -3, 5, 2).values();
        double[] beta = HostTensor.random(BatchNormOracle.channelShape(shape), -1, 4, 3).values();
        HostTensor dy = HostTensor.random(shape, 4).roundTo(type);
        Layer layer = new Layer(device, stream, type, activation, x, gamma, beta).statistics();
        double[][] stats = layer.pair(layer.stats);
        HostTensor y = layer.forward();
        HostTensor g = layer.backwardReduce(dy);
        double[] dgamma = layer.channels(layer.dgamma);
        HostTensor dx = layer.backwardData(g);

        layer.statistics();
        DeviceBuffer gradient = dy.upload(device, type);
        layer.op.backwardReduce(layer.x.pointer(), gradient.pointer(), layer.stats.pointer(), layer.gamma.pointer(), layer.beta.pointer(),
                gradient.pointer(), layer.dgamma.pointer(), layer.dbeta.pointer(), layer.workspace.pointer(), layer.tickets.pointer(),
                stream.handle());
        Expect.same(HostTensor.download(gradient, shape, type), g, "g in place of dy");
        layer.op.backwardData(layer.x.pointer(), gradient.pointer(), layer.stats.pointer(), layer.gamma.pointer(), layer.dgamma.pointer(),
                layer.dbeta.pointer(), gradient.pointer(), stream.handle());
        layer.op.forward(layer.x.pointer(), layer.stats.pointer(), layer.gamma.pointer(), layer.beta.pointer(), layer.x.pointer(),
                stream.handle());

        assertThat(layer.pair(layer.stats)).as("stats of a second run").isDeepEqualTo(stats);
        assertThat(layer.channels(layer.dgamma)).as("dgamma of a second run").containsExactly(dgamma);
        Expect.same(HostTensor.download(gradient, shape, type), dx, "dx in place of g");
        Expect.same(HostTensor.download(layer.x, shape, type), y, "y in place of x");
    }

    /** sum x^2 - n mean^2 in fp32 would be wrong by 6e-2 at a ratio of 1000. */
    @ParameterizedTest
    @ValueSource(doubles = {10, 100, 1000})
    void statisticsSurviveALargeMean(double deviations, Device device, separable.device.Stream stream) {
        Shape shape = new Shape(16, 28, 28, 2);
        HostTensor x = HostTensor.random(shape, 5).map(v -> (float) (v + deviations / Math.sqrt(3)));
        BatchNormOracle oracle = new BatchNormOracle(x, EPSILON);
        Layer layer = new Layer(device, stream, DType.F32, Activation.NONE, x, ones(2), new double[2]).statistics();

        Expect.close(layer.pair(layer.stats)[0], oracle.mean, 0, 2e-7, "mean");
        Expect.close(layer.pair(layer.stats)[1], oracle.variance, 0, 2e-6, "variance");
        HostTensor dy = HostTensor.random(shape, 6);
        layer.backwardReduce(dy);
        // (x - mean) loses what the mean cannot hold: half an ulp of it, times n gradients of the same sign at worst.
        Expect.close(layer.channels(layer.dgamma), oracle.dgamma(dy), 1e-7 * deviations * Math.sqrt(shape.rows()) + 1e-3, 1e-5, "dgamma");
    }

    @Test
    void runningStatisticsTakeTheUnbiasedVariance(Device device, separable.device.Stream stream) {
        Shape shape = new Shape(1, 1, 4, 1);
        HostTensor x = HostTensor.of(shape, 1, 2, 3, 6);
        Layer layer = new Layer(device, stream, DType.F32, Activation.NONE, x, ones(1), new double[1]);
        layer.statistics();
        assertThat(layer.pair(layer.stats)).isDeepEqualTo(new double[][] {{3}, {3.5}});
        Expect.close(layer.pair(layer.running)[0], new double[] {0.3}, DType.F32, "running mean");
        Expect.close(layer.pair(layer.running)[1], new double[] {0.1 * 14 / 3}, DType.F32, "running variance");
        layer.statistics();
        Expect.close(layer.pair(layer.running)[0], new double[] {0.57}, DType.F32, "running mean after two");
        Expect.close(layer.pair(layer.running)[1], new double[] {0.19 * 14 / 3}, DType.F32, "running variance after two");
    }

    @Test
    void aSinglePixelHasNoVariance(Device device, separable.device.Stream stream) {
        HostTensor x = HostTensor.of(Shape.matrix(1, 3), 5, -2, 0);
        Layer layer = new Layer(device, stream, DType.F32, Activation.NONE, x, ones(3), new double[] {1, 2, 3}).statistics();
        assertThat(layer.pair(layer.stats)).isDeepEqualTo(new double[][] {{5, -2, 0}, {0, 0, 0}});
        assertThat(layer.pair(layer.running)[1]).containsExactly(0, 0, 0);
        assertThat(layer.forward().values()).containsExactly(1, 2, 3);
    }

    /** With gamma 0 the activation is beta everywhere: at a corner nothing passes back, and between corners all does. */
    @ParameterizedTest
    @EnumSource(DType.class)
    void gammaZeroAndTheCorners(DType type, Device device, separable.device.Stream stream) {
        Shape shape = new Shape(2, 3, 3, 4);
        HostTensor x = HostTensor.random(shape, 7).roundTo(type);
        HostTensor dy = HostTensor.random(shape, 8).roundTo(type);
        double[] beta = {0, 6, 3, -1};
        Layer layer = new Layer(device, stream, type, Activation.RELU6, x, new double[4], beta).statistics();

        HostTensor g = layer.backwardReduce(dy);

        assertThat(layer.forward().values()).startsWith(0, 6, 3, 0);
        HostTensor expected = HostTensor.zeros(shape);
        for (int i = 2; i < expected.values().length; i += 4) {
            expected.values()[i] = dy.values()[i];
        }
        Expect.same(g, expected, "g");
        Expect.close(layer.channels(layer.dgamma), new BatchNormOracle(x, EPSILON).dgamma(expected), DType.F32, "dgamma");
        assertThat(layer.backwardData(g).values()).as("dx").matches(dx -> Arrays.stream(dx).allMatch(v -> v == 0), "all 0");
    }

    @ParameterizedTest
    @EnumSource(Activation.class)
    void gradientsAreThoseOfFiniteDifferences(Activation activation, Device device, separable.device.Stream stream) {
        Shape shape = new Shape(2, 4, 3, 5);
        HostTensor x = HostTensor.random(shape, 9);
        HostTensor dy = HostTensor.random(shape, 10);
        double[] gamma = HostTensor.random(BatchNormOracle.channelShape(shape), 2, 4, 11).values();
        double[] beta = HostTensor.random(BatchNormOracle.channelShape(shape), 1, 3, 12).values();
        for (double z : new BatchNormOracle(x, EPSILON).normalised(gamma, beta).values()) {
            assertThat(Math.min(Math.abs(z), Math.abs(z - 6))).as("distance of an input of the activation from a corner").isGreaterThan(1e-3);
        }
        Layer layer = new Layer(device, stream, DType.F32, activation, x, gamma, beta).statistics();
        HostTensor g = layer.backwardReduce(dy);
        HostTensor dx = layer.backwardData(g);

        DoubleSupplier loss = () -> new BatchNormOracle(x, EPSILON).forward(gamma, beta, activation).dot(dy);
        Expect.close(dx.values(), FiniteDifferences.gradient(x, loss), DType.F32, "dx");
        Expect.close(layer.channels(layer.dgamma), FiniteDifferences.gradient(gamma, loss), DType.F32, "dgamma");
        Expect.close(layer.channels(layer.dbeta), FiniteDifferences.gradient(beta, loss), DType.F32, "dbeta");
    }

    @Test
    void inferenceUsesTheGivenStatisticsAndKeepsNaN(Device device, separable.device.Stream stream) {
        Shape shape = Shape.matrix(1, 4);
        Layer layer = new Layer(device, stream, DType.F32, Activation.RELU6, HostTensor.of(shape, 3, 100, -100, Double.NaN), ones(4), ones(4));
        float[] given = {1, 1, 1, 1, 0, 0, 0, 0, 4 - EPSILON, 4, 4, 4, 0, 0, 0, 0};
        layer.running.write(given);
        DeviceBuffer y = Poisoned.buffer(device, shape, DType.F32);
        layer.op.forward(layer.x.pointer(), layer.running.pointer(), layer.gamma.pointer(), layer.beta.pointer(), y.pointer(), stream.handle());
        assertThat(HostTensor.download(y, shape, DType.F32).values()).containsExactly(2, 6, 0, Double.NaN);
    }

    @Test
    void refusesSenselessSettings(Device device) {
        Shape shape = Shape.matrix(4, 8);
        assertThatThrownBy(() -> new BatchNorm(device, shape, DType.F32, Activation.NONE, 0, 0.1f))
                .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("epsilon 0.0");
        assertThatThrownBy(() -> new BatchNorm(device, shape, DType.F32, Activation.NONE, 1e-3f, Float.NaN))
                .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("momentum NaN");
    }

    private static double[] ones(int count) {
        double[] ones = new double[count];
        Arrays.fill(ones, 1);
        return ones;
    }
}
