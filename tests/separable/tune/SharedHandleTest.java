package separable.tune;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import separable.cudnn.CudnnException;
import separable.device.Closing;
import separable.device.Device;
import separable.device.DeviceBuffer;
import separable.device.Stream;
import separable.spec.ConvSpec;
import separable.spec.DType;
import separable.spec.Layout;
import separable.spec.Padding;
import separable.spec.Pass;
import separable.spec.Shape;
import separable.testing.ForkedJava;

/** One cuDNN handle for a context, in a process that finds the stand-in libcudnn.so.9 of tests/native/cudnn, on the emulated device. */
class SharedHandleTest {

    private static final Path BUILD = Path.of("target", "native").toAbsolutePath();
    private static final String LEAK = "were never destroyed";

    /** Computed by cuDNN alone: a kernel of 7x7 has no kernel of ours by rule. */
    private static final ConvSpec SPEC = ConvSpec.depthwise(new Shape(1, 8, 8, 8), 7, 1, 1, Padding.symmetric(3));

    /** What the tests run in a process of its own. */
    public static final class Probe {
        public static void main(String[] arguments) throws Exception {
            Path orders = Path.of(arguments[1]);
            switch (arguments[0]) {
                case "failing" -> failing(orders);
                case "one" -> one(orders);
                case "streams" -> streams();
                case "threads" -> threads();
                default -> throw new IllegalArgumentException(arguments[0]);
            }
        }

        /** cudnnCreate fails once; what comes after knows nothing of it. */
        private static void failing(Path orders) throws IOException {
            try (Device device = Device.open()) {
                Files.writeString(orders, "cudnnCreate:1:4000");
                try {
                    SharedHandle.acquire(device);
                } catch (CudnnException e) {
                    System.out.println("refused " + e.getMessage());
                }
                Files.writeString(orders, "cudnnCreate:1:4001");
                try (Convolution without = convolution(device)) {
                    System.out.println("without " + without);
                }
                try (Convolution with = convolution(device); SharedHandle user = SharedHandle.acquire(device)) {
                    System.out.println("with " + with);
                    user.close();
                }
                System.out.println("left " + device.openResources());
            }
        }

        /** The second cudnnCreate would fail, until all users have gone. */
        private static void one(Path orders) throws IOException {
            Device first = Device.open();
            Files.writeString(orders, "cudnnCreate:2:4000");
            Convolution a = convolution(first);
            Convolution b = convolution(first);
            Convolution current = new Convolution(SPEC, DType.F32, Layout.NHWC);
            System.out.println("one " + a + b + current);
            Closing.all(List.of(a, b));
            first.close();
            // The primary context is gone with its device: the rest is told in a warning.
            current.close();
            Files.writeString(orders, "");
            try (Device second = Device.open(); Convolution again = convolution(second)) {
                System.out.println("again " + again);
            }
        }

        /** One convolution on two streams, by turns. */
        private static void streams() {
            try (Device device = Device.open(); Convolution convolution = convolution(device); Work a = new Work(device, 1); Work b = new Work(device, 2)) {
                for (Work work : List.of(a, b, a, b)) {
                    work.enqueue(convolution);
                }
                System.out.println("right " + a.isRight() + " " + b.isRight());
            }
        }

        /** Two convolutions on threads and streams of their own. */
        private static void threads() throws Exception {
            ExecutorService pool = Executors.newFixedThreadPool(2);
            try (Device device = Device.open(); Convolution a = convolution(device); Convolution b = convolution(device)) {
                List<Callable<Boolean>> tasks = new ArrayList<>();
                for (Convolution convolution : List.of(a, b)) {
                    tasks.add(() -> {
                        device.makeCurrent();
                        try (Work work = new Work(device, 1)) {
                            boolean right = true;
                            for (int round = 0; round < 300; round++) {
                                work.clear();
                                work.enqueue(convolution);
                                right &= work.isRight();
                            }
                            return right;
                        }
                    });
                }
                for (Future<Boolean> result : pool.invokeAll(tasks)) {
                    System.out.println("right " + result.get());
                }
            } finally {
                pool.shutdown();
            }
        }

        private static Convolution convolution(Device device) {
            return new Convolution(device, SPEC, DType.F32, Layout.NHWC);
        }
    }

    /** A stream and operands full of one number each. */
    private static final class Work implements AutoCloseable {
        private static final int CENTRE = (3 * 8 + 3) * 8;

        private final float value;
        private final Stream stream;
        private final DeviceBuffer x;
        private final DeviceBuffer w;
        private final DeviceBuffer y;
        private final DeviceBuffer workspace;

        Work(Device device, float value) {
            this.value = value;
            stream = device.newStream();
            x = full(device, Layout.NHWC.elements(SPEC.input()), value);
            w = full(device, (int) Layout.NHWC.filterElements(SPEC), 1);
            y = full(device, Layout.NHWC.elements(SPEC.output()), 0);
            workspace = device.allocate(1 << 20, "workspace");
        }

        private static DeviceBuffer full(Device device, int count, float value) {
            float[] values = new float[count];
            Arrays.fill(values, value);
            DeviceBuffer buffer = device.allocate((long) count * Float.BYTES, "operand");
            buffer.write(values);
            return buffer;
        }

        void clear() {
            y.zero();
        }

        void enqueue(Convolution convolution) {
            convolution.forward(x.pointer(), w.pointer(), y.pointer(), workspace.pointer(), stream.handle());
        }

        /** Waits for its own stream alone. */
        boolean isRight() {
            stream.synchronize();
            return y.readFloats((long) CENTRE * Float.BYTES, 1)[0] == 7 * 7 * value;
        }

        @Override
        public void close() {
            Closing.all(List.of(stream, x, w, y, workspace));
        }
    }

    @TempDir
    private Path place;

    private String run(String what, Map<String, String> more) throws Exception {
        Path orders = Files.createFile(place.resolve("orders"));
        Map<String, String> environment = new java.util.HashMap<>(more);
        environment.put("LD_LIBRARY_PATH", BUILD.resolve("emulated") + ":" + BUILD.resolve("cudnn"));
        environment.put("STANDIN_CUDNN_FAULTS", "@" + orders);
        ForkedJava.Result result = ForkedJava.run(Probe.class, environment, what, orders.toString());
        assertThat(result.status()).as(result.output()).isZero();
        return result.output();
    }

    @Test
    void aHandleThatCannotBeMadeIsNotCounted() throws Exception {
        assertThat(run("failing", Map.of())).containsPattern("refused making cuDNN handle .*\\(4000\\)")
                .containsPattern("kernels are chosen without cuDNN, which cannot work on .*\\(4001\\)")
                .containsPattern("without .*forward by DepthwiseConv generic").containsPattern("with .*forward by cuDNN")
                .contains("left []").doesNotContain(LEAK);
    }

    @Test
    void allOfAContextShareOneHandle() throws Exception {
        String output = run("one", Map.of());
        assertThat(output.lines().filter(line -> line.startsWith("one ")).findFirst().orElseThrow().split("forward by cuDNN", -1)).hasSize(1 + 3);
        assertThat(output).containsPattern("again .*forward by cuDNN");
    }

    @Test
    void oneConvolutionServesTwoStreams() throws Exception {
        assertThat(run("streams", Map.of("SEPARABLE_EMULATOR_DEFERRED", "1"))).contains("right true true").doesNotContain(LEAK);
    }

    @Test
    void convolutionsOnTwoThreadsTakeTurns() throws Exception {
        assertThat(run("threads", Map.of("SEPARABLE_EMULATOR_DEFERRED", "1"))).containsPattern("right true\nright true").doesNotContain(LEAK);
    }
}
