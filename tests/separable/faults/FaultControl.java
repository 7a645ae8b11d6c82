package separable.faults;

import java.io.IOException;
import java.nio.ByteOrder;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.Map;
import jcuda.driver.CUresult;

/** The test's side of the emulated device's fault control: struct FaultControl in native/emulator/fault_injection.h. */
final class FaultControl {

    /** Bytes the file needs. */
    static final int BYTES = 4096;

    static final String VARIABLE = "SEPARABLE_EMULATOR_FAULT_CONTROL";

    private static final int CALLS = 0;
    private static final int COUNTDOWN = 8;
    private static final int CODE = 16;
    private static final int KIND = 20;
    private static final int HIT = 88;
    private static final int NAME_BYTES = 64;
    private static final int LEDGER = 152;
    private static final String[] COUNTS = {"bytes on the device", "allocations", "pinned allocations", "streams", "events", "modules",
        "graphs", "executable graphs", "contexts"};

    /** How a call fails; by position what the file says. */
    enum Kind {
        CALL, CONTEXT, LATER
    }

    /** One way to fail. */
    enum Fault {
        OUT_OF_MEMORY(CUresult.CUDA_ERROR_OUT_OF_MEMORY, Kind.CALL),
        INVALID_HANDLE(CUresult.CUDA_ERROR_INVALID_HANDLE, Kind.CALL),
        LAUNCH_FAILED(CUresult.CUDA_ERROR_LAUNCH_FAILED, Kind.CALL),
        LOST_CONTEXT(CUresult.CUDA_ERROR_LAUNCH_FAILED, Kind.CONTEXT),
        LATER(CUresult.CUDA_ERROR_ILLEGAL_ADDRESS, Kind.LATER);

        final int code;
        final Kind kind;

        Fault(int code, Kind kind) {
            this.code = code;
            this.kind = kind;
        }

        /** Whether the context is of no use afterwards. */
        boolean isSticky() {
            return kind != Kind.CALL;
        }
    }

    private final MappedByteBuffer record;

    /** Maps the file that the environment names, which the emulated device maps too. */
    FaultControl() throws IOException {
        try (FileChannel file = FileChannel.open(Path.of(System.getenv(VARIABLE)), StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            record = file.map(FileChannel.MapMode.READ_WRITE, 0, BYTES);
        }
        record.order(ByteOrder.nativeOrder());
    }

    /** The {@code nth} driver call from now fails. */
    void arm(Fault fault, long nth) {
        record.putInt(CODE, fault.code);
        record.putInt(KIND, fault.kind.ordinal());
        record.putLong(COUNTDOWN, nth);
    }

    /** No call fails any more. @return whether one did since {@link #arm} */
    boolean disarm() {
        boolean hit = record.getLong(COUNTDOWN) == 0;
        record.putLong(COUNTDOWN, 0);
        return hit;
    }

    /** Driver calls so far. */
    long calls() {
        return record.getLong(CALLS);
    }

    /** The function that failed last. */
    String hit() {
        byte[] name = new byte[NAME_BYTES];
        record.get(HIT, name);
        int length = 0;
        while (length < name.length && name[length] != 0) {
            length++;
        }
        return new String(name, 0, length, StandardCharsets.US_ASCII);
    }

    /** What is alive on the device, left out what is not. */
    Map<String, Long> ledger() {
        Map<String, Long> alive = new LinkedHashMap<>();
        for (int at = 0; at < COUNTS.length; at++) {
            long count = record.getLong(LEDGER + at * Long.BYTES);
            if (count != 0) {
                alive.put(COUNTS[at], count);
            }
        }
        return alive;
    }
}
