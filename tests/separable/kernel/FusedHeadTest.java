package separable.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import jcuda.driver.CUdeviceptr;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import separable.device.Device;
import separable.device.DeviceBuffer;
import separable.spec.Activation;
import separable.spec.ConvSpec;
import separable.spec.DType;
import separable.spec.Layout;
import separable.spec.NormSpec;
import separable.spec.Padding;
import separable.spec.Products;
import separable.spec.Shape;
import separable.testing.DeviceExtension;
import separable.testing.Expect;
import separable.testing.HostFilter;
import separable.testing.HostTensor;
import separable.testing.Poisoned;

/** The fused head of a network against the plain kernels one after the other, bit for bit. */
@ExtendWith(DeviceExtension.class)
class FusedHeadTest {

    private static final float EPSILON = 1e-3f;
    private static final int SALT = 5;

    /** @param rate of dropout */
    record Head(Shape picture, int classes, Activation activation, float rate, boolean bias, DType type, Products products) {

        Shape pooled() {
            return Shape.matrix(picture.n(), picture.c());
        }

        ConvSpec dense() {
            return ConvSpec.pointwise(pooled(), classes);
        }

        FusedDenseBackward denseBackward(Device device) {
            return new FusedDenseBackward(device, dense(), type, products, bias, rate, SALT);
        }

        int stride() {
            return picture.channelStride();
        }
    }

    /** Whole and ragged tiles of the products and of the walk, a pixel and several, depths that are split and not, a surplus of channels. */
    static Stream<Head> heads() {
        List<Head> heads = new ArrayList<>();
        for (DType type : DType.values()) {
            heads.add(new Head(new Shape(3, 7, 7, 136), 10, Activation.RELU6, 0.2f, true, type, Products.EXACT));
            heads.add(new Head(new Shape(70, 1, 1, 8), 1000, Activation.RELU, 0, false, type, Products.EXACT));
            heads.add(new Head(new Shape(6, 2, 3, 1280), 1000, Activation.RELU6, 0.001f, true, type, Products.EXACT));
            heads.add(new Head(new Shape(261, 2, 3, 20), 10, Activation.NONE, 0.5f, true, type, Products.EXACT));
        }
        heads.add(new Head(new Shape(130, 2, 1, 24), 300, Activation.RELU6, 0.2f, true, DType.F32, Products.TF32));
        return heads.stream();
    }

    /** One batch: what both ways read, each on the device. */
    private static final class Batch {
        final Head head;
        final Device device;
        final separable.device.Stream stream;
        final DeviceBuffer y;
        final DeviceBuffer gamma;
        final DeviceBuffer beta;
        final DeviceBuffer w;
        final DeviceBuffer bias;
        final DeviceBuffer dlogits;
        final StepState state;
        final BatchNorm norm;

        /** Mean and variance, and the table of four rows with the same two. */
        final DeviceBuffer moments;
        final DeviceBuffer statistics;

        Batch(Head head, Device device, separable.device.Stream stream) {
            this.head = head;
            this.device = device;
            this.stream = stream;
            Shape channels = Shape.matrix(1, head.picture.c());
            y = HostTensor.random(head.picture, -3, 5, 1).roundTo(head.type).upload(device, head.type);
            gamma = HostTensor.random(channels, -3, 4, 2).upload(device, DType.F32);
            beta = HostTensor.random(channels, -1, 5, 3).upload(device, DType.F32);
            w = HostFilter.random(head.dense(), 4).roundTo(head.type).upload(device, head.type);
            bias = HostTensor.random(Shape.matrix(1, head.classes), 5).upload(device, DType.F32);
            dlogits = HostTensor.random(head.dense().output(), 6).roundTo(head.type).upload(device, head.type);
            state = new StepState(device);
            state.write(StepState.Values.epoch(7, 11, head.picture.n(), 0.5f, head.picture.n()));
            norm = new BatchNorm(device, head.picture, head.type, head.activation, EPSILON, 0.1f);
            moments = Poisoned.floats(device, 2 * head.stride());
            norm.statistics(y.pointer(), moments.pointer(), device.allocate(2L * head.stride() * Float.BYTES, "running").pointer(),
                    Poisoned.buffer(device, norm.workspaceBytes()).pointer(), Poisoned.tickets(device, norm.tickets()).pointer(), stream.handle());
            statistics = table();
        }

        private DeviceBuffer table() {
            int stride = head.stride();
            float[] rows = Arrays.copyOf(moments.readFloats(0, 2 * stride), 4 * stride);
            float[] gammas = gamma.readFloats(0, stride);
            System.arraycopy(beta.readFloats(0, stride), 0, rows, 3 * stride, stride);
            for (int c = 0; c < stride; c++) {
                rows[2 * stride + c] = gammas[c] * inverse(rows[stride + c]);
            }
            DeviceBuffer table = Poisoned.floats(device, 4 * stride);
            table.write(rows);
            return table;
        }

        private static float inverse(float variance) {
            return 1 / (float) Math.sqrt(variance + EPSILON);
        }

        DeviceBuffer poisoned(Shape shape) {
            return Poisoned.buffer(device, shape, head.type);
        }

        private HostTensor stored(DeviceBuffer buffer, Shape shape) {
            return HostTensor.download(buffer, shape, head.type);
        }

        private HostTensor floats(DeviceBuffer buffer, int rows, int channels) {
            return HostTensor.download(buffer, Shape.matrix(rows, channels), DType.F32);
        }

        /** Pooled values and logits. */
        List<HostTensor> plainForward() {
            DeviceBuffer a = poisoned(head.picture);
            DeviceBuffer mean = poisoned(head.pooled());
            DeviceBuffer pooled = poisoned(head.pooled());
            DeviceBuffer logits = poisoned(head.dense().output());
            norm.forward(y.pointer(), moments.pointer(), gamma.pointer(), beta.pointer(), a.pointer(), stream.handle());
            new GlobalAveragePool(device, head.picture, head.type).forward(a.pointer(), mean.pointer(), stream.handle());
            new Dropout(device, head.pooled(), head.type, head.rate, SALT).forward(mean.pointer(), state.pointer(), pooled.pointer(), stream.handle());
            new PointwiseConv(device, head.dense(), head.type, Layout.PADDED_NHWC, head.products)
                    .forward(pooled.pointer(), w.pointer(), logits.pointer(), stream.handle());
            if (head.bias) {
                new Bias(device, head.dense().output(), head.type).forward(logits.pointer(), bias.pointer(), logits.pointer(), stream.handle());
            }
            return List.of(stored(pooled, head.pooled()), stored(logits, head.dense().output()));
        }

        List<HostTensor> fusedForward() {
            DeviceBuffer pooled = poisoned(head.pooled());
            DeviceBuffer logits = poisoned(head.dense().output());
            new FusedPool(device, head.picture, head.type, head.activation, head.rate, SALT)
                    .enqueue(y.pointer(), statistics.pointer(), where(head.rate > 0, state.pointer()), pooled.pointer(), stream.handle());
            new FusedDense(device, head.dense(), head.type, head.products, head.bias)
                    .enqueue(pooled.pointer(), w.pointer(), where(head.bias, bias.pointer()), logits.pointer(), stream.handle());
            return List.of(stored(pooled, head.pooled()), stored(logits, head.dense().output()));
        }

        /** dP, dw as a matrix, dbias or nothing, dgamma, dbeta, sums. */
        List<HostTensor> plainBackward(DeviceBuffer pooled) {
            DeviceBuffer behind = poisoned(head.pooled());
            DeviceBuffer dpooled = poisoned(head.pooled());
            DeviceBuffer dw = Poisoned.floats(device, head.dense().output().channelStride() * head.stride());
            DeviceBuffer dbias = Poisoned.floats(device, head.dense().output().channelStride());
            DeviceBuffer g = poisoned(head.picture);
            DeviceBuffer dgamma = Poisoned.floats(device, head.stride());
            DeviceBuffer dbeta = Poisoned.floats(device, head.stride());

            new PointwiseConv(device, head.dense(), head.type, Layout.PADDED_NHWC, head.products)
                    .backwardData(dlogits.pointer(), w.pointer(), behind.pointer(), stream.handle());
            new Dropout(device, head.pooled(), head.type, head.rate, SALT).backward(behind.pointer(), state.pointer(), dpooled.pointer(), stream.handle());
            PointwiseConv twin = new PointwiseConv(device, head.dense(), head.type, head.denseBackward(device).filterVariant());
            twin.backwardFilter(pooled.pointer(), dlogits.pointer(), dw.pointer(), Poisoned.buffer(device, twin.workspaceBytes()).pointer(),
                    stream.handle());
            Bias sum = new Bias(device, head.dense().output(), head.type);
            sum.backward(dlogits.pointer(), dbias.pointer(), Poisoned.buffer(device, sum.workspaceBytes()).pointer(),
                    Poisoned.tickets(device, sum.tickets()).pointer(), stream.handle());
            new GlobalAveragePool(device, head.picture, head.type).backward(dpooled.pointer(), g.pointer(), stream.handle());
            norm.backwardReduce(y.pointer(), g.pointer(), moments.pointer(), gamma.pointer(), beta.pointer(), g.pointer(), dgamma.pointer(),
                    dbeta.pointer(), Poisoned.buffer(device, norm.workspaceBytes()).pointer(), Poisoned.tickets(device, norm.tickets()).pointer(),
                    stream.handle());
            return results(dpooled, dw, dbias, dgamma, dbeta, sums(dgamma, dbeta));
        }

        private DeviceBuffer sums(DeviceBuffer dgamma, DeviceBuffer dbeta) {
            int stride = head.stride();
            float perRow = 1f / head.picture.rows();
            float[] variances = moments.readFloats((long) stride * Float.BYTES, stride);
            float[] gradients = dgamma.readFloats(0, stride);
            float[] sums = Arrays.copyOf(dbeta.readFloats(0, stride), 2 * stride);
            for (int c = 0; c < stride; c++) {
                sums[c] *= perRow;
                sums[stride + c] = gradients[c] * perRow * inverse(variances[c]);
            }
            DeviceBuffer table = Poisoned.floats(device, 2 * stride);
            table.write(sums);
            return table;
        }

        List<HostTensor> fusedBackward(DeviceBuffer pooled) {
            FusedDenseBackward dense = head.denseBackward(device);
            FusedPoolReduce pool = new FusedPoolReduce(device, head.picture, head.type, new NormSpec(head.activation, EPSILON, 0.1f));
            DeviceBuffer dpooled = poisoned(head.pooled());
            DeviceBuffer dw = Poisoned.floats(device, head.dense().output().channelStride() * head.stride());
            DeviceBuffer dbias = Poisoned.floats(device, head.dense().output().channelStride());
            DeviceBuffer dgamma = Poisoned.floats(device, head.stride());
            DeviceBuffer dbeta = Poisoned.floats(device, head.stride());
            DeviceBuffer sums = Poisoned.floats(device, 2 * head.stride());
            DeviceBuffer tickets = Poisoned.tickets(device, dense.tickets() + pool.tickets());

            dense.enqueue(dlogits.pointer(), w.pointer(), pooled.pointer(), where(head.rate > 0, state.pointer()), dpooled.pointer(), dw.pointer(),
                    where(head.bias, dbias.pointer()), Poisoned.buffer(device, dense.workspaceBytes()).pointer(), tickets.pointer(), stream.handle());
            pool.enqueue(dpooled.pointer(), y.pointer(), statistics.pointer(), dgamma.pointer(), dbeta.pointer(), sums.pointer(),
                    Poisoned.buffer(device, pool.workspaceBytes()).pointer(), tickets.at((long) dense.tickets() * Integer.BYTES), stream.handle());
            List<HostTensor> results = results(dpooled, dw, dbias, dgamma, dbeta, sums);
            assertThat(tickets.readInts(0, dense.tickets() + pool.tickets())).as("tickets").containsOnly(0);
            return results;
        }

        private List<HostTensor> results(DeviceBuffer dpooled, DeviceBuffer dw, DeviceBuffer dbias, DeviceBuffer dgamma, DeviceBuffer dbeta,
                                         DeviceBuffer sums) {
            return List.of(stored(dpooled, head.pooled()), floats(dw, head.dense().output().channelStride(), head.picture.c()),
                    head.bias ? floats(dbias, 1, head.classes) : HostTensor.zeros(Shape.matrix(1, 1)),
                    floats(dgamma, 1, head.picture.c()), floats(dbeta, 1, head.picture.c()), floats(sums, 2, head.picture.c()));
        }

        private static CUdeviceptr where(boolean used, CUdeviceptr pointer) {
            return used ? pointer : null;
        }
    }

    @ParameterizedTest
    @MethodSource("heads")
    void forwardIsThePlainKernelsToTheBit(Head head, Device device, separable.device.Stream stream) {
        Batch batch = new Batch(head, device, stream);
        same(batch.fusedForward(), batch.plainForward(), "pooled", "logits");
        same(batch.fusedForward(), batch.fusedForward(), "pooled again", "logits again");
    }

    @ParameterizedTest
    @MethodSource("heads")
    void backwardIsThePlainKernelsToTheBit(Head head, Device device, separable.device.Stream stream) {
        Batch batch = new Batch(head, device, stream);
        DeviceBuffer pooled = batch.fusedForward().get(0).upload(device, head.type);
        List<HostTensor> fused = batch.fusedBackward(pooled);
        same(fused, batch.plainBackward(pooled), "dP", "dw", "dbias", "dgamma", "dbeta", "sums");
        same(fused, batch.fusedBackward(pooled), "dP again", "dw again", "dbias again", "dgamma again", "dbeta again", "sums again");
    }

    private static void same(List<HostTensor> actual, List<HostTensor> expected, String... names) {
        for (int i = 0; i < names.length; i++) {
            Expect.same(actual.get(i), expected.get(i), names[i]);
            assertThat(Arrays.stream(actual.get(i).values()).noneMatch(Double::isNaN)).as("%s: every element written", names[i]).isTrue();
        }
    }

    /** The depth of the filter gradient is shared by several blocks in one problem at least, or its fold goes untried. */
    @Test
    void someDepthIsSplit(Device device) {
        assertThat(heads().map(head -> head.denseBackward(device).filterVariant().name()))
                .anyMatch(name -> name.endsWith("split 1")).anyMatch(name -> !name.endsWith("split 1"));
    }

    @Test
    void refusesSenselessSettings(Device device) {
        Shape shape = new Shape(2, 2, 2, 8);
        assertThatThrownBy(() -> new FusedPool(device, shape, DType.F32, Activation.RELU, 1, SALT)).isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("dropout rate 1.0");
        ConvSpec picture = ConvSpec.full(shape, 8, 3, 1, 1, Padding.symmetric(1));
        assertThatThrownBy(() -> new FusedDense(device, picture, DType.F32, Products.EXACT, true)).isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("1x1 kernel");
        assertThatThrownBy(() -> new FusedDenseBackward(device, ConvSpec.pointwise(Shape.matrix(2, 8), 8), DType.F32, Products.EXACT, true, -1, SALT))
                .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("dropout rate -1.0");
    }
}
