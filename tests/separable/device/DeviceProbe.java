package separable.device;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUstream;

/** What {@link DeviceFailureTest} runs in a process of its own; prints errors as the command line does, on one line. */
final class DeviceProbe {

    private DeviceProbe() {
    }

    public static void main(String[] arguments) throws IOException {
        try {
            run(arguments);
        } catch (DeviceException | IllegalStateException e) {
            System.out.println("error: " + e.getMessage());
            System.exit(1);
        }
    }

    private static void run(String[] arguments) throws IOException {
        try (Device device = Device.open()) {
            switch (arguments[0]) {
                case "open" -> System.out.println("opened " + device.name());
                case "allocate" -> allocate(device, Long.parseLong(arguments[1]));
                case "leak" -> leak(device);
                case "reopen" -> reopen(device);
                case "use-after-close" -> useAfterClose(device);
                case "copy" -> device.allocate(16, "copied").write(new int[4]);
                case "fault" -> fault(device, Path.of(arguments[1]), arguments[2], Integer.parseInt(arguments[3]), arguments[4]);
                default -> throw new IllegalArgumentException(arguments[0]);
            }
        }
    }

    private static void allocate(Device device, long bytes) {
        try (DeviceBuffer buffer = device.allocate(bytes, "activations")) {
            System.out.println("allocated " + buffer);
        }
    }

    private static void leak(Device device) {
        device.allocate(4096, "forgotten");
        device.newStream();
        device.allocatePinned(64, "forgotten too");
    }

    private static void reopen(Device device) {
        device.kernel("add_f32");
        device.close();
        try (Device again = Device.open(); DeviceBuffer buffer = again.allocate(16, "of the second")) {
            buffer.write(new int[] {1, 2, 3, 4});
            System.out.println(again.kernel("add_f32") + " " + buffer.readInts(12, 1)[0]);
        }
    }

    private static void useAfterClose(Device device) {
        Launch launch = device.kernel("add_f32").launch().pointer();
        device.close();
        device.close();
        launch.enqueue(new CUstream(), new CUdeviceptr());
    }

    /** Launches a kernel of a wrong module's with 64 threads, {@code pointers} pointers to 256 zero bytes each, and one integer. */
    private static void fault(Device device, Path module, String entry, int pointers, String integer) throws IOException {
        try (KernelModule kernels = device.load(Files.readAllBytes(module), "faulty"); Stream stream = device.newStream()) {
            Launch launch = kernels.kernel(entry).launch().block(64).describe("wrong on purpose");
            CUdeviceptr[] buffers = new CUdeviceptr[pointers];
            for (int i = 0; i < pointers; i++) {
                launch.pointer();
                DeviceBuffer buffer = device.allocate(256, "target " + i);
                buffer.zero();
                buffers[i] = buffer.pointer();
            }
            if (!integer.isEmpty()) {
                launch.i32(Integer.parseInt(integer));
            }
            launch.enqueue(stream, buffers);
            stream.synchronize();
        }
    }
}
