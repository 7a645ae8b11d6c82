package separable.device;

import java.util.ArrayList;
import java.util.List;
import jcuda.driver.CUcontext;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUresult;
import jcuda.driver.CUstream;
import jcuda.driver.JCudaDriver;

/**
 * The pointers of one launch, ours or another library's: what each must point to, what was given last, and the checks. Everything
 * about them is refused here, before the driver is called.
 *
 * <p>The driver is asked about an address or a stream only when it differs from the previous call's; a call with the same ones
 * costs a comparison each.
 */
final class Operands {

    /** Stream handles below this are fixed ones: the default streams of whatever context is current. */
    private static final long FIRST_MADE_STREAM = 3;

    /** The part of a workspace before its tickets is rounded up to this, in bytes. */
    static final int TICKET_ALIGNMENT = 16;

    private final List<Operand> operands = new ArrayList<>();
    private final long[] given = new long[ArgumentPool.SLOTS];
    private final long[] accepted = new long[ArgumentPool.SLOTS];
    private long acceptedStream;
    private boolean acceptedJoined;
    private boolean anyAccepted;
    private CUdeviceptr ticketsInWorkspace;

    void add(Operand operand) {
        operands.add(operand);
    }

    int count() {
        return operands.size();
    }

    /** Place {@code index} from the left gets a pointer; too many are counted by the caller. */
    void give(int index, CUdeviceptr pointer) {
        if (index < operands.size()) {
            given[index] = Handles.of(pointer);
        }
    }

    /** Places the tickets, which are the last operand, behind the workspace before them. @return their address */
    void joinTickets() {
        int tickets = operands.size() - 1;
        long workspace = given[tickets - 1];
        given[tickets] = workspace == 0 ? 0 : workspace + ticketOffset();
    }

    CUdeviceptr ticketsInWorkspace() {
        return ticketsInWorkspace;
    }

    long ticketBytes() {
        return operands.get(operands.size() - 1).bytes();
    }

    private long ticketOffset() {
        return ticketOffset(operands.get(operands.size() - 2).bytes());
    }

    static long ticketOffset(long partialBytes) {
        return Math.addExact(partialBytes, TICKET_ALIGNMENT - 1) / TICKET_ALIGNMENT * TICKET_ALIGNMENT;
    }

    /**
     * Accepts what was given, or refuses it.
     *
     * @param user begins every refusal
     * @param joined whether the tickets lie in the workspace
     * @return whether anything differs from the previous call
     */
    boolean accept(Object user, SharedContext context, CUstream stream, boolean joined) {
        long streamHandle = Handles.of(stream);
        if (anyAccepted && streamHandle == acceptedStream && joined == acceptedJoined && sameAddresses()) {
            return false;
        }
        context.requireCurrent(user);
        if (!anyAccepted || streamHandle != acceptedStream) {
            requireOwnStream(user, context, stream, streamHandle);
        }
        int last = operands.size() - (joined ? 2 : 1);
        for (int i = 0; i <= last; i++) {
            if (!anyAccepted || joined != acceptedJoined || given[i] != accepted[i]) {
                needed(i, joined).check(user, context, given[i]);
            }
        }
        requireApart(user, last, joined);
        System.arraycopy(given, 0, accepted, 0, operands.size());
        ticketsInWorkspace = joined ? Handles.pointer(given[operands.size() - 1]) : null;
        acceptedStream = streamHandle;
        acceptedJoined = joined;
        anyAccepted = true;
        return true;
    }

    void write(ArgumentPool.Block arguments) {
        for (int i = 0; i < operands.size(); i++) {
            int slot = operands.get(i).slot();
            if (slot != Operand.NO_SLOT) {
                arguments.put(slot, accepted[i]);
            }
        }
    }

    private boolean sameAddresses() {
        for (int i = 0; i < operands.size(); i++) {
            if (given[i] != accepted[i]) {
                return false;
            }
        }
        return true;
    }

    /** A workspace that holds the tickets too is so much longer. */
    private Operand needed(int index, boolean joined) {
        Operand operand = operands.get(index);
        return joined && index == operands.size() - 2 && ticketBytes() > 0 ? operand.withBytes(ticketOffset() + ticketBytes()) : operand;
    }

    private void requireApart(Object user, int last, boolean joined) {
        for (int i = 0; i <= last; i++) {
            for (int j = i + 1; j <= last; j++) {
                needed(i, joined).requireApart(user, given[i], needed(j, joined), given[j]);
            }
        }
    }

    private static void requireOwnStream(Object user, SharedContext context, CUstream stream, long handle) {
        if (handle < FIRST_MADE_STREAM && handle >= 0) {
            return;
        }
        CUcontext owner = new CUcontext();
        int result = Driver.result(() -> JCudaDriver.cuStreamGetCtx(stream, owner));
        switch (result) {
            case CUresult.CUDA_SUCCESS -> { }
            case CUresult.CUDA_ERROR_INVALID_HANDLE, CUresult.CUDA_ERROR_INVALID_VALUE, CUresult.CUDA_ERROR_INVALID_CONTEXT,
                    CUresult.CUDA_ERROR_CONTEXT_IS_DESTROYED -> throw new IllegalArgumentException(user
                    + ": argument stream cannot be used (" + Driver.describe(result) + "): pass an open stream of the context that is current");
            default -> throw Driver.failure(result, "asking the context of the stream for", user);
        }
        if (!context.is(Handles.of(owner))) {
            throw new IllegalArgumentException(user + ": argument stream belongs to another context: pass one of the context this was made for");
        }
    }
}
