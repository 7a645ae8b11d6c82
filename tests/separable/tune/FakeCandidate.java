package separable.tune;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUstream;
import separable.device.Device;

/** A candidate that does as a test says, and tells whether it was closed. */
final class FakeCandidate implements Candidate {

    /** What {@link #enqueue} does. */
    interface Work {
        void enqueue(CUdeviceptr a, CUdeviceptr b, CUdeviceptr out, CUstream stream);
    }

    private final String name;
    private final long workspaceBytes;
    private final Work work;
    boolean closed;

    FakeCandidate(String name, long workspaceBytes, Work work) {
        this.name = name;
        this.workspaceBytes = workspaceBytes;
        this.work = work;
    }

    /** The generic kernel so many times in a row. */
    static FakeCandidate generic(String name, Device device, Problem problem, int times) {
        Candidate generic = Offers.referee(device, problem).make();
        return new FakeCandidate(name, 0, (a, b, out, stream) -> {
            for (int i = 0; i < times; i++) {
                generic.enqueue(a, b, out, null, null, stream);
            }
        });
    }

    Offer offer() {
        return new Offer(name, true, true, () -> this);
    }

    /** These in order, and the real referee last. */
    static Tuner.Market market(Device device, FakeCandidate... candidates) {
        Function<Problem, List<Offer>> offers = problem -> {
            List<Offer> all = new ArrayList<>();
            for (FakeCandidate candidate : candidates) {
                all.add(candidate.offer());
            }
            all.add(Offers.referee(device, problem));
            return all;
        };
        return new Tuner.Market(offers, offers);
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public long workspaceBytes() {
        return workspaceBytes;
    }

    @Override
    public int tickets() {
        return 0;
    }

    @Override
    public void enqueue(CUdeviceptr a, CUdeviceptr b, CUdeviceptr out, CUdeviceptr workspace, CUdeviceptr tickets, CUstream stream) {
        work.enqueue(a, b, out, stream);
    }

    @Override
    public void close() {
        closed = true;
    }
}
