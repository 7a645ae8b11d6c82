package separable.faults;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.function.Supplier;
import separable.device.Arena;
import separable.device.CapturedGraph;
import separable.device.Device;
import separable.device.DeviceBuffer;
import separable.device.Event;
import separable.device.GraphNodes;
import separable.device.Kernel;
import separable.device.PinnedBuffer;
import separable.device.Stream;

/** Everything the device room offers that calls the driver. */
final class DeviceOperations {

    private static final int COUNT = 64;
    private static final long BYTES = COUNT * Float.BYTES;

    private DeviceOperations() {
    }

    static List<Operation> all() {
        List<Operation> all = new ArrayList<>();
        opening(all);
        memory(all);
        copies(all);
        ordering(all);
        graphs(all);
        kernels(all);
        return all;
    }

    private static void opening(List<Operation> all) {
        all.add(new Operation("Device.open", place -> () -> {
            Device device = place.keep(Device.open());
            return device::name;
        }));
        all.add(new Operation("Device.makeCurrent", place -> () -> {
            place.device.makeCurrent();
            return place.device::name;
        }));
        all.add(new Operation("Device.freeMemory", place -> () -> {
            boolean some = place.device.freeMemory() > 0;
            return () -> some;
        }));
        all.add(new Operation("Device.synchronize", place -> () -> {
            place.device.synchronize();
            return () -> "done";
        }));
        all.add(new Operation("Device.current", place -> () -> {
            Device device = place.keep(Device.current());
            return () -> device.kernel("add_f32").name();
        }));
        all.add(new Operation("Device.lend", place -> {
            Device lent = place.keep(place.device.lend());
            return () -> lent.kernel("add_f32")::name;
        }));
        closingDevice(all, "Device.close", Device::open);
        closingDevice(all, "a borrowed Device.close", Device::current);
    }

    /** A question left unanswered, whether the context still exists, does not keep a device from closing. */
    private static void closingDevice(List<Operation> all, String name, Supplier<Device> opening) {
        all.add(Operation.forgiving(name, place -> {
            Device device = place.keep(opening.get());
            device.kernel("add_f32").launch();
            device.newStream();
            device.newEvent();
            device.allocatePinned(64, "pinned");
            device.allocate(64, "buffer");
            return () -> {
                device.close();
                return place.device::name;
            };
        }));
    }

    private static void memory(List<Operation> all) {
        all.add(new Operation("Device.allocate", place -> () -> place.keep(place.device.allocate(BYTES, "buffer"))::bytes));
        all.add(new Operation("Device.allocatePinned", place -> () -> place.keep(place.device.allocatePinned(BYTES, "pinned"))::size));
        all.add(new Operation("Arena", place -> () -> place.keep(new Arena(place.device, "arena", BYTES))::bytes));
        closing(all, "DeviceBuffer.close", device -> device.allocate(BYTES, "buffer"));
        closing(all, "PinnedBuffer.close", device -> device.allocatePinned(BYTES, "pinned"));
        closing(all, "Stream.close", Device::newStream);
        closing(all, "Event.close", Device::newEvent);
    }

    private static void closing(List<Operation> all, String name, Function<Device, AutoCloseable> maker) {
        all.add(new Operation(name, place -> {
            AutoCloseable thing = place.keep(maker.apply(place.device));
            return () -> {
                thing.close();
                return () -> place.device.openResources().size();
            };
        }));
    }

    private static void copies(List<Operation> all) {
        all.add(new Operation("DeviceBuffer.write", place -> {
            DeviceBuffer buffer = place.keep(place.device.allocate(BYTES, "buffer"));
            float[] values = place.floats(COUNT).readFloats(0, COUNT);
            return () -> {
                buffer.write(values);
                return () -> buffer.readFloats(0, COUNT);
            };
        }));
        all.add(new Operation("DeviceBuffer.readFloats", place -> {
            DeviceBuffer buffer = place.floats(COUNT);
            return () -> {
                float[] values = buffer.readFloats(0, COUNT);
                return () -> values;
            };
        }));
        all.add(new Operation("DeviceBuffer.fill", place -> {
            DeviceBuffer buffer = place.floats(COUNT);
            return () -> {
                buffer.fill((byte) 1);
                return () -> buffer.readInts(0, COUNT);
            };
        }));
        all.add(new Operation("DeviceBuffer asynchronous copies", place -> {
            DeviceBuffer from = place.floats(COUNT);
            DeviceBuffer to = place.keep(place.device.allocate(BYTES, "target"));
            PinnedBuffer pinned = place.keep(place.device.allocatePinned(BYTES, "pinned"));
            return () -> {
                from.readAsync(pinned, BYTES, place.stream);
                to.zero(place.stream);
                to.copyAsync(0, from, 0, BYTES / 2, place.stream);
                to.writeAsync(pinned, BYTES, place.stream);
                place.stream.synchronize();
                return () -> to.readFloats(0, COUNT);
            };
        }));
    }

    private static void ordering(List<Operation> all) {
        all.add(new Operation("Device.newStream", place -> () -> {
            Stream stream = place.keep(place.device.newStream());
            return stream::toString;
        }));
        all.add(new Operation("Device.newEvent", place -> () -> place.keep(place.device.newEvent())::toString));
        all.add(new Operation("Stream and Event", place -> {
            Event first = place.keep(place.device.newEvent());
            Event second = place.keep(place.device.newEvent());
            Stream other = place.keep(place.device.newStream());
            return () -> {
                place.stream.record(first);
                other.waitFor(first);
                other.record(second);
                second.synchronize();
                boolean done = first.isDone() && second.millisecondsSince(first) >= 0;
                place.stream.synchronize();
                return () -> done;
            };
        }));
    }

    private static void graphs(List<Operation> all) {
        all.add(new Operation("Stream.capture", place -> {
            DeviceBuffer buffer = place.floats(COUNT);
            return () -> {
                CapturedGraph graph = place.keep(place.stream.capture(() -> buffer.zero(place.stream)));
                return graph::nodes;
            };
        }));
        all.add(new Operation("Stream.inspect", place -> {
            DeviceBuffer buffer = place.floats(COUNT);
            return () -> {
                GraphNodes nodes = place.stream.inspect(() -> buffer.zero(place.stream));
                return () -> nodes;
            };
        }));
        all.add(new Operation("CapturedGraph.launch", place -> {
            DeviceBuffer buffer = place.floats(COUNT);
            CapturedGraph graph = place.keep(place.stream.capture(() -> buffer.fill(0, BYTES, (byte) 1, place.stream)));
            return () -> {
                graph.launch(place.stream);
                return () -> buffer.readInts(0, COUNT);
            };
        }));
        all.add(new Operation("CapturedGraph.close", place -> {
            DeviceBuffer buffer = place.floats(COUNT);
            CapturedGraph graph = place.keep(place.stream.capture(() -> buffer.zero(place.stream)));
            return () -> {
                graph.close();
                return () -> place.device.openResources().size();
            };
        }));
    }

    private static void kernels(List<Operation> all) {
        all.add(new Operation("Device.kernel", place -> () -> place.device.kernel("add_f32")::maxThreads));
        all.add(new Operation("Kernel.occupancy", place -> {
            Kernel kernel = place.device.kernel("add_f32");
            return () -> {
                int blocks = kernel.occupancy(128, 64 * 1024);
                return () -> blocks;
            };
        }));
        all.add(new Operation("Kernel.launch", place -> {
            Kernel kernel = place.device.kernel("add_f32");
            return () -> kernel.launch().grid(1, 1, 1).block(32)::toString;
        }));
    }
}
