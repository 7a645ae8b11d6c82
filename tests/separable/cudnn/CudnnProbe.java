package separable.cudnn;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import jcuda.driver.CUdeviceptr;
import jcuda.jcudnn.JCudnn;
import separable.device.CapturedGraph;
import separable.device.Closing;
import separable.device.Device;
import separable.device.DeviceBuffer;
import separable.device.Stream;
import separable.kernel.ConvOracle;
import separable.kernel.ConvProblem;
import separable.spec.ConvSpec;
import separable.spec.DType;
import separable.spec.Layout;
import separable.spec.Padding;
import separable.spec.Pass;
import separable.spec.Products;
import separable.spec.Shape;
import separable.testing.Expect;
import separable.testing.HostFilter;
import separable.testing.HostTensor;
import separable.testing.Poisoned;

/** What {@link CudnnConvTest} and {@link CudnnTest} run in a process of its own, which finds another cuDNN than the suite's does. */
final class CudnnProbe {

    /** Depthwise with channels last, in 16 bits: filters are copied both ways. */
    private static final ConvProblem PROBLEM = ConvProblem.random(
            ConvSpec.depthwise(new Shape(2, 7, 6, 16), 3, 1, 1, Padding.symmetric(1)), DType.BF16, Layout.NHWC);
    private static final long LIMIT = 1 << 20;

    private CudnnProbe() {
    }

    public static void main(String[] arguments) throws IOException {
        switch (arguments[0]) {
            case "find" -> System.out.println(Cudnn.find());
            case "problems" -> problems();
            case "capture" -> capture();
            case "deferred" -> deferred();
            case "refusal" -> refusal();
            case "two-streams" -> twoStreams();
            case "errors" -> errors();
            case "faults" -> faults(Path.of(arguments[1]), Boolean.parseBoolean(arguments[2]));
            default -> throw new IllegalArgumentException(arguments[0]);
        }
    }

    private static void problems() {
        int[] runs = new int[2];
        try (Device device = Device.open(); CudnnHandle handle = new CudnnHandle(Cudnn.find(), device)) {
            CudnnProblems.all().forEach(problem -> {
                runs[0]++;
                try {
                    runs[1] += CudnnProblems.check(device, handle, problem, algorithm -> true);
                } catch (AssertionError | RuntimeException e) {
                    System.out.println("FAILED " + problem + ": " + e);
                }
                closeBuffers(device);
            });
        }
        System.out.println(runs[0] + " problems, " + runs[1] + " runs");
    }

    private static void closeBuffers(Device device) {
        device.openResources().forEach(resource -> resource.close());
    }

    /** All three passes in one graph, launched again after the inputs have changed. */
    private static void capture() {
        try (Rig rig = new Rig()) {
            try (CapturedGraph graph = rig.stream.capture(rig::enqueue)) {
                rig.poison();
                for (int seed : new int[] {11, 12}) {
                    rig.newInput(seed);
                    graph.launch(rig.stream);
                    rig.stream.synchronize();
                    rig.check();
                }
            }
        }
        System.out.println("captured and launched twice");
    }

    /** With work that runs as late as it may. */
    private static void deferred() {
        try (Rig rig = new Rig()) {
            rig.enqueue();
            rig.stream.synchronize();
            rig.check();
        }
        System.out.println("right when late");
    }

    private static void refusal() {
        try (Device device = Device.open()) {
            System.out.println("refusal: " + CudnnHandle.refusal(Cudnn.find(), device).orElse("none"));
        }
    }

    /** One handle that is switched between streams: each gets its own work, in its own order. */
    private static void twoStreams() {
        try (Rig rig = new Rig(); Stream other = rig.device.newStream()) {
            rig.enqueue();
            rig.enqueueTo(other);
            rig.enqueue();
            other.synchronize();
            rig.stream.synchronize();
            rig.check();
        }
        System.out.println("right in two streams");
    }

    /** What a caller can do wrong. */
    private static void errors() {
        try (Rig rig = new Rig(); DeviceBuffer small = rig.device.allocate(16, "small")) {
            CUdeviceptr x = rig.x.pointer();
            expect(() -> rig.conv.forward(x, null, rig.y.pointer(), rig.workspace.pointer(), rig.stream.handle()));
            expect(() -> rig.conv.forward(x, rig.w.pointer(), rig.y.pointer(), null, rig.stream.handle()));
            expect(() -> rig.conv.forward(x, rig.w.pointer(), rig.y.pointer(), rig.workspace.pointer(), null));
            expect(() -> rig.conv.forward(x, rig.w.pointer(), small.pointer(), rig.workspace.pointer(), rig.stream.handle()));
            expect(() -> rig.conv.choose(Pass.FORWARD, "winograd", LIMIT));
            expect(() -> rig.conv.choose(Pass.BACKWARD_DATA, 0));
            CudnnConv unchosen = new CudnnConv(rig.handle, PROBLEM.spec(), DType.F32, Layout.NCHW, Products.TF32);
            expect(() -> unchosen.workspaceBytes(Pass.FORWARD));
            unchosen.close();
            unchosen.close();
            expect(() -> unchosen.algorithms(Pass.FORWARD, LIMIT));
            CudnnHandle closed = new CudnnHandle(Cudnn.find(), rig.device);
            closed.close();
            expect(() -> new CudnnConv(closed, PROBLEM.spec(), DType.F32, Layout.NCHW).algorithms(Pass.FORWARD, LIMIT));
            expect(() -> new CudnnConv(rig.handle, new ConvSpec(PROBLEM.spec().input(), 8, 3, 3, 1, 1, Padding.NONE, 4), DType.F32, Layout.PADDED_NHWC));
        }
    }

    private static void expect(Runnable wrong) {
        try {
            wrong.run();
            System.out.println("nothing was thrown");
        } catch (IllegalArgumentException | IllegalStateException | CudnnException e) {
            System.out.println(e.getClass().getSimpleName() + ": " + e.getMessage());
        }
    }

    /** Fails every call in turn, until a whole life goes through without; with JCudnn's exceptions on or off. */
    private static void faults(Path orders, boolean exceptions) throws IOException {
        Map<String, Integer> messages = new TreeMap<>();
        Cudnn.find();
        JCudnn.setExceptionsEnabled(exceptions);
        int number = 0;
        boolean failed = true;
        while (failed) {
            failed = false;
            number++;
            Files.writeString(orders, "*:" + number + ":4000");
            try (Rig rig = new Rig()) {
                rig.enqueue();
                rig.stream.synchronize();
            } catch (CudnnException e) {
                failed = true;
                messages.merge(e.getMessage().split(" cuDNN ")[0] + ", " + e.getSuppressed().length + " more", 1, Integer::sum);
            }
        }
        System.out.println("calls: " + (number - 1));
        messages.forEach((message, count) -> System.out.println(count + " x " + message));
    }

    /** A device, a convolution with the algorithms that cuDNN suggests, and its operands. */
    private static final class Rig implements AutoCloseable {
        private final Device device = Device.open();
        private final Stream stream = device.newStream();
        private final DeviceBuffer x;
        private final DeviceBuffer w;
        private final DeviceBuffer dy;
        private final DeviceBuffer y;
        private final DeviceBuffer dx;
        private final DeviceBuffer dw;
        private HostTensor input = PROBLEM.x();
        private CudnnHandle handle;
        private CudnnConv conv;
        private DeviceBuffer workspace;

        Rig() {
            DType type = PROBLEM.type();
            Layout layout = PROBLEM.layout();
            x = PROBLEM.x().upload(device, type, layout);
            w = PROBLEM.w().upload(device, type, layout);
            dy = PROBLEM.dy().upload(device, type, layout);
            y = Poisoned.buffer(device, PROBLEM.spec().output(), type, layout);
            dx = Poisoned.buffer(device, PROBLEM.spec().input(), type, layout);
            dw = Poisoned.floats(device, (int) layout.filterElements(PROBLEM.spec()));
            try {
                handle = new CudnnHandle(Cudnn.find(), device);
                conv = new CudnnConv(handle, PROBLEM.spec(), type, layout);
                long bytes = 0;
                for (Pass pass : Pass.values()) {
                    bytes = Math.max(bytes, conv.choose(pass, LIMIT).workspaceBytes());
                }
                workspace = Poisoned.buffer(device, bytes);
            } catch (RuntimeException e) {
                closeAfter(e);
                throw e;
            }
        }

        private void closeAfter(RuntimeException failure) {
            try {
                close();
            } catch (RuntimeException e) {
                failure.addSuppressed(e);
            }
        }

        void newInput(long seed) {
            input = HostTensor.random(PROBLEM.spec().input(), seed).roundTo(PROBLEM.type());
            try (DeviceBuffer copy = input.upload(device, PROBLEM.type(), PROBLEM.layout())) {
                x.write(copy.readShorts(0, input.values().length));
            }
        }

        void poison() {
            for (DeviceBuffer output : List.of(y, dx, dw)) {
                output.fill((byte) 0xff);
            }
        }

        void enqueue() {
            enqueueTo(stream);
        }

        void enqueueTo(Stream target) {
            conv.forward(x.pointer(), w.pointer(), y.pointer(), workspace.pointer(), target.handle());
            conv.backwardData(dy.pointer(), w.pointer(), dx.pointer(), workspace.pointer(), target.handle());
            conv.backwardFilter(x.pointer(), dy.pointer(), dw.pointer(), workspace.pointer(), target.handle());
        }

        void check() {
            ConvSpec spec = PROBLEM.spec();
            Expect.close(HostTensor.download(y, spec.output(), PROBLEM.type(), PROBLEM.layout()), ConvOracle.forward(input, PROBLEM.w()), PROBLEM.type(), "y");
            Expect.close(HostTensor.download(dx, spec.input(), PROBLEM.type(), PROBLEM.layout()), ConvOracle.backwardData(PROBLEM.dy(), PROBLEM.w()),
                    PROBLEM.type(), "dx");
            Expect.close(HostFilter.download(dw, spec, PROBLEM.layout()), ConvOracle.backwardFilter(spec, input, PROBLEM.dy()),
                    PROBLEM.type(), "dw");
        }

        @Override
        public void close() {
            try {
                Closing.all(Arrays.asList(handle, conv).stream().filter(Objects::nonNull).toList());
            } finally {
                closeBuffers(device);
                device.close();
            }
        }
    }
}
