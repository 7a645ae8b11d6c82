package separable.tune;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import jcuda.driver.CUdeviceptr;
import separable.device.Arena;
import separable.device.Closing;
import separable.device.Device;
import separable.device.DeviceBuffer;
import separable.device.Stream;
import separable.kernel.Compare;

/**
 * Device memory to run candidates of one problem in: random operands in as many sets as exceed the second-level cache three times
 * over, so that a run over the next set finds nothing of its own there; one workspace and one run of tickets for all. Surplus elements
 * of {@link separable.spec.Layout#PADDED_NHWC} are zero.
 */
public final class Workbench implements AutoCloseable {

    private static final int CACHE_MULTIPLE = 3;

    /** Sets of a problem so small that more would only cost time to make. */
    private static final int MOST_SETS = 4096;

    private final Problem problem;
    private final Device device;
    private final List<DeviceBuffer> owned = new ArrayList<>();
    private final CUdeviceptr[] a;
    private final CUdeviceptr[] b;
    private final CUdeviceptr[] out;
    private final DeviceBuffer outputs;
    private final DeviceBuffer workspace;
    private final DeviceBuffer tickets;
    private DeviceBuffer reference;

    /**
     * @param workspaceBytes of the candidate that needs most
     * @param ticketCount    of the candidate that needs most
     * @throws separable.device.DeviceException when the device lacks the memory
     */
    public Workbench(Device device, Problem problem, long workspaceBytes, int ticketCount) {
        this.problem = Objects.requireNonNull(problem, "problem");
        this.device = Objects.requireNonNull(device, "device");
        int sets = sets(device, problem);
        a = new CUdeviceptr[sets];
        b = new CUdeviceptr[sets];
        out = new CUdeviceptr[sets];
        try {
            Random random = new Random(20170417);
            slice(operand("a", RandomValues.a(problem, random), problem.aBytes(), sets), problem.aBytes(), a);
            slice(operand("b", RandomValues.b(problem, random), problem.bBytes(), sets), problem.bBytes(), b);
            outputs = keep(device.allocate(Arena.align(problem.outBytes()) * sets, "tuning output"));
            slice(outputs, problem.outBytes(), out);
            workspace = workspaceBytes == 0 ? null : keep(device.allocate(workspaceBytes, "tuning workspace"));
            tickets = ticketCount == 0 ? null : keep(device.allocate((long) ticketCount * Integer.BYTES, "tuning tickets"));
            if (tickets != null) {
                tickets.zero();
            }
        } catch (RuntimeException failure) {
            throw Closing.after(failure, owned);
        }
    }

    private static int sets(Device device, Problem problem) {
        long bytes = problem.aBytes() + problem.bBytes() + problem.outBytes();
        long wanted = (CACHE_MULTIPLE * (long) device.cacheBytes() + bytes - 1) / bytes;
        return (int) Math.max(1, Math.min(wanted, MOST_SETS));
    }

    /** Bytes that a workbench takes with a reference to compare with. */
    static long bytes(Device device, Problem problem, long workspaceBytes, int ticketCount) {
        long set = Arena.align(problem.aBytes()) + Arena.align(problem.bBytes()) + Arena.align(problem.outBytes());
        return set * sets(device, problem) + problem.outBytes() + workspaceBytes + (long) ticketCount * Integer.BYTES;
    }

    private DeviceBuffer operand(String name, byte[] pattern, long bytes, int sets) {
        long stride = Arena.align(bytes);
        DeviceBuffer buffer = keep(device.allocate(stride * sets, "tuning operand " + name));
        try (Stream stream = device.newStream()) {
            buffer.write(0, pattern);
            for (long at = pattern.length; at < bytes; at += pattern.length) {
                buffer.copyAsync(at, buffer, 0, Math.min(pattern.length, bytes - at), stream);
            }
            for (int set = 1; set < sets; set++) {
                buffer.copyAsync(set * stride, buffer, 0, bytes, stream);
            }
            stream.synchronize();
        }
        return buffer;
    }

    private <T extends DeviceBuffer> T keep(T buffer) {
        owned.add(buffer);
        return buffer;
    }

    private static void slice(DeviceBuffer buffer, long bytes, CUdeviceptr[] places) {
        for (int set = 0; set < places.length; set++) {
            places[set] = buffer.at(set * Arena.align(bytes));
        }
    }

    /** Operand sets; all hold the same numbers. */
    public int sets() {
        return out.length;
    }

    /** Enqueues one run of {@code candidate} over one operand set. */
    public void enqueue(Candidate candidate, int set, Stream stream) {
        candidate.enqueue(a[set], b[set], out[set], pointer(workspace), pointer(tickets), stream.handle());
    }

    /** {@code candidate} over these operands, for a {@link Stopwatch}. */
    public Stopwatch.Contender contender(Candidate candidate) {
        return (set, stream) -> enqueue(candidate, set, stream);
    }

    private static CUdeviceptr pointer(DeviceBuffer buffer) {
        return buffer == null ? null : buffer.pointer();
    }

    /** Runs {@code referee} and keeps its result for {@link #compare}. */
    void keepReference(Candidate referee, Stream stream) {
        reference = keep(device.allocate(problem.outBytes(), "tuning reference"));
        poison(stream);
        enqueue(referee, 0, stream);
        reference.copyAsync(0, outputs, 0, problem.outBytes(), stream);
        stream.synchronize();
    }

    /** Enqueues filling the first set's result with NaN and clearing the tickets, so that what a run leaves out shows. */
    void poison(Stream stream) {
        outputs.fill(0, problem.outBytes(), (byte) 0xff, stream);
        if (tickets != null) {
            tickets.zero(stream);
        }
    }

    /** The first set's result against the reference. Waits. */
    Compare.Result compare(Compare compare, float rtol, Stream stream) {
        return compare.run(outputs.pointer(), reference.pointer(), problem.outElements(), problem.outType(), rtol, stream);
    }

    boolean ticketsAreZero(Candidate candidate) {
        return candidate.tickets() == 0 || Arrays.stream(tickets.readInts(0, candidate.tickets())).allMatch(ticket -> ticket == 0);
    }

    /** Gives all memory back. */
    @Override
    public void close() {
        Closing.all(owned);
    }
}
