package separable.kernel;

import static java.util.Objects.requireNonNull;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUstream;
import separable.device.Closing;
import separable.device.Device;
import separable.device.DeviceBuffer;
import separable.device.Handles;
import separable.device.Launch;

/**
 * Adds up the weight gradients that the blocks of a backward pass left apart, of all layers in one launch:
 * <pre>
 *   gradient[e] = sum over p of partials[p][e]
 * </pre>
 * from zero, in ascending order of {@code p}: the same partial gradients give the same bits. The addresses lie in a table on the
 * device, written once; an enqueue passes nothing but the table, and the memory behind it must live as long as this.
 */
public final class GradientFold extends DeviceOp<GradientFold.Folding> {

    /** Threads of a block: FOLDING_THREADS in gradient_fold.cu. */
    private static final int THREADS = 128;

    /** Neighbouring elements of a thread. */
    private static final int VECTOR = 8;

    /** Bytes, of what a vector is loaded in. */
    private static final int ALIGNMENT = 16;

    /** struct FoldEntry in gradient_fold.cu. */
    private static final int ENTRY_BYTES = 32;

    /**
     * One layer's.
     *
     * @param partials fp32 {@code [parts][elements]}
     * @param parts    at least 1
     * @param elements a multiple of 8
     * @param gradient fp32 {@code [elements]}, written with {@code =}; both addresses are multiples of 16
     */
    public record Part(CUdeviceptr partials, int parts, int elements, CUdeviceptr gradient) {

        public Part {
            requireNonNull(partials, "partials");
            requireNonNull(gradient, "gradient");
            if (parts < 1 || elements < 1 || elements % VECTOR != 0) {
                throw new IllegalArgumentException("the fold of " + parts + " gradients of " + elements
                        + " elements: at least one is needed, of a multiple of " + VECTOR);
            }
            requireAddress("partials", partials);
            requireAddress("gradient", gradient);
        }

        private static void requireAddress(String name, CUdeviceptr pointer) {
            long address = Handles.address(pointer);
            if (address == 0 || address % ALIGNMENT != 0) {
                throw new IllegalArgumentException(String.format("the fold of gradients: %s at address 0x%x: device memory at a multiple of %d is needed",
                        name, address, ALIGNMENT));
            }
        }

        private int blocks() {
            return VectorGrid.blocks(elements, THREADS * VECTOR);
        }
    }

    record Folding(DeviceBuffer table, Launch launch) {
    }

    /**
     * On the context that is current on the calling thread, whoever made it.
     *
     * @param parts at least one
     */
    public GradientFold(List<Part> parts) {
        super(Device.current(), device -> folding(device, parts));
    }

    /**
     * @param device must stay open as long as this
     * @param parts  at least one
     */
    public GradientFold(Device device, List<Part> parts) {
        super(device.lend(), share -> folding(share, parts));
    }

    private static Folding folding(Device device, List<Part> parts) {
        requireNonNull(parts, "parts");
        if (parts.isEmpty()) {
            throw new IllegalArgumentException("a fold of gradients without any: at least one layer is needed");
        }
        ByteBuffer entries = ByteBuffer.allocate(parts.size() * ENTRY_BYTES).order(ByteOrder.nativeOrder());
        int blocks = 0;
        for (Part part : parts) {
            entries.putLong(Handles.address(part.partials())).putLong(Handles.address(part.gradient()))
                    .putInt(part.parts()).putInt(part.elements()).putInt(blocks).putInt(0);
            blocks += part.blocks();
        }
        Launch launch = device.kernel("gradient_fold").launch().describe("gradients of " + parts.size() + " layers").grid(blocks, 1, 1)
                .block(THREADS).input("table", entries.capacity()).i32(parts.size());
        return new Folding(table(device, entries.array()), launch);
    }

    private static DeviceBuffer table(Device device, byte[] entries) {
        DeviceBuffer table = device.allocate(entries.length, "table of gradients to fold");
        try {
            table.write(entries);
            return table;
        } catch (RuntimeException | Error failure) {
            Closing.after(failure, List.of(table));
            throw failure;
        }
    }

    /** Enqueues the fold of all layers: after the kernels that write the partial gradients, before the update. */
    public void enqueue(CUstream stream) {
        launches.launch().enqueue(stream, launches.table().pointer());
    }

    /** Gives the table back too. */
    @Override
    public void close() {
        Closing.all(List.<AutoCloseable>of(super::close, launches.table()));
    }
}
