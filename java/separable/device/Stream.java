package separable.device;

import jcuda.driver.CUgraph;
import jcuda.driver.CUstream;
import jcuda.driver.CUstreamCaptureMode;
import jcuda.driver.CUstreamCaptureStatus;
import jcuda.driver.CUstream_flags;
import jcuda.driver.JCudaDriver;

/**
 * A queue of work on the device, done in order. Streams made by {@link Device#newStream} do not wait for the legacy default
 * stream, nor it for them. Every method may throw {@link DeviceException}.
 */
public final class Stream extends Resource {

    private final Resources resources;
    private final CUstream handle;
    private final boolean foreign;

    Stream(Resources resources) {
        super(resources);
        this.resources = resources;
        this.handle = new CUstream();
        this.foreign = false;
        Driver.check("creating", this, () -> JCudaDriver.cuStreamCreate(handle, CUstream_flags.CU_STREAM_NON_BLOCKING));
        opened();
    }

    private Stream(CUstream handle, Resources resources) {
        super(resources);
        this.resources = resources;
        this.handle = handle;
        this.foreign = true;
        opened();
    }

    /** Wraps a stream of the application's own, which stays its own: closing the wrapper leaves the stream open. */
    public static Stream of(CUstream foreign) {
        if (foreign == null) {
            throw new IllegalArgumentException("the stream is null: pass `new CUstream()` for the default stream");
        }
        return new Stream(foreign, new Resources());
    }

    public CUstream handle() {
        requireOpen();
        return handle;
    }

    /** Waits until everything enqueued is done; errors of earlier launches come out here. */
    public void synchronize() {
        requireOpen();
        Driver.check("waiting for", this, () -> JCudaDriver.cuStreamSynchronize(handle));
    }

    /** Places an event after everything enqueued so far. @return the event */
    public Event record(Event event) {
        requireOpen();
        Driver.check("recording an event on", this, () -> JCudaDriver.cuEventRecord(event.handle(), handle));
        return event;
    }

    /** Lets everything enqueued from now on wait for {@code event}, which may be on another stream. */
    public void waitFor(Event event) {
        requireOpen();
        Driver.check("enqueuing a wait on", this, () -> JCudaDriver.cuStreamWaitEvent(handle, event.handle(), 0));
    }

    /**
     * Runs {@code work}, which must enqueue to this stream alone (other streams only after waiting for an event of this one),
     * and keeps what it enqueues as a graph instead of doing it. Whatever {@code work} throws is thrown on, with nothing left open.
     */
    public CapturedGraph capture(Runnable work) {
        return new CapturedGraph(resources, captured(work));
    }

    /** What a {@link #capture} of {@code work} consists of; nothing is done, and nothing stays. */
    public GraphNodes inspect(Runnable work) {
        try (GraphTemplate template = new GraphTemplate(resources, captured(work))) {
            return template.nodes();
        }
    }

    private CUgraph captured(Runnable work) {
        requireOpen();
        Driver.check("beginning a capture on", this, () -> JCudaDriver.cuStreamBeginCapture(handle,
                CUstreamCaptureMode.CU_STREAM_CAPTURE_MODE_THREAD_LOCAL));
        CUgraph graph = new CUgraph();
        try {
            work.run();
            Driver.check("ending a capture on", this, () -> JCudaDriver.cuStreamEndCapture(handle, graph));
        } catch (RuntimeException | Error e) {
            abandonCapture(e);
            throw e;
        }
        return graph;
    }

    private void abandonCapture(Throwable cause) {
        CUgraph graph = new CUgraph();
        int[] status = new int[1];
        try {
            Driver.check("asking for a capture on", this, () -> JCudaDriver.cuStreamIsCapturing(handle, status));
            if (status[0] == CUstreamCaptureStatus.CU_STREAM_CAPTURE_STATUS_NONE) {
                return;
            }
            // A capture that the failing work has invalidated ends without a graph.
            Driver.check("ending a capture on", this, () -> JCudaDriver.cuStreamEndCapture(handle, graph));
            Driver.check("discarding a capture on", this, () -> JCudaDriver.cuGraphDestroy(graph));
        } catch (DeviceException e) {
            cause.addSuppressed(e);
        }
    }

    @Override
    void release() {
        if (!foreign) {
            Driver.check("closing", this, () -> JCudaDriver.cuStreamDestroy(handle));
        }
    }

    @Override
    public String toString() {
        return foreign ? "foreign stream" : "stream";
    }
}
