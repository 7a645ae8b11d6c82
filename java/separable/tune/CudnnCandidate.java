package separable.tune;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUstream;
import separable.cudnn.Cudnn;
import separable.cudnn.CudnnAlgorithm;
import separable.cudnn.CudnnConv;
import separable.device.Closing;
import separable.spec.Pass;

/** One of cuDNN's algorithms. Only those are offered that give the same bits every time. */
final class CudnnCandidate implements Candidate {

    /** So many of those that cuDNN suggests are tried by quick tuning. */
    private static final int QUICK_ALGORITHMS = 2;

    private final SharedHandle handle;
    private final CudnnConv convolution;
    private final CudnnAlgorithm algorithm;
    private boolean closed;

    private CudnnCandidate(SharedHandle handle, Problem problem, CudnnAlgorithm algorithm) {
        this.handle = handle;
        this.algorithm = algorithm;
        this.convolution = open(handle, problem);
        convolution.choose(algorithm);
    }

    private static CudnnConv open(SharedHandle handle, Problem problem) {
        try {
            return new CudnnConv(handle.acquire(), problem.spec(), problem.type(), problem.layout());
        } catch (RuntimeException failure) {
            handle.release();
            throw failure;
        }
    }

    /** What cuDNN can do about a problem, what it suggests first; nothing without cuDNN. */
    static List<Offer> offers(SharedHandle handle, Problem problem) {
        if (!CudnnConv.supports(Cudnn.find(), problem.spec(), problem.type(), problem.layout()) || !handle.isUsable()) {
            return List.of();
        }
        Map<String, CudnnAlgorithm> algorithms = new LinkedHashMap<>();
        CudnnConv convolution = open(handle, problem);
        List<AutoCloseable> owned = List.of(handle::release, convolution);
        try {
            convolution.suggestedAlgorithms(problem.pass(), Long.MAX_VALUE).forEach(each -> algorithms.putIfAbsent(each.name(), each));
            convolution.algorithms(problem.pass(), Long.MAX_VALUE).forEach(each -> algorithms.putIfAbsent(each.name(), each));
        } catch (RuntimeException failure) {
            throw Closing.after(failure, owned);
        }
        Closing.all(owned);
        List<Offer> offers = new ArrayList<>();
        for (CudnnAlgorithm algorithm : algorithms.values()) {
            if (algorithm.deterministic()) {
                offers.add(new Offer(name(algorithm), false, offers.size() < QUICK_ALGORITHMS, () -> new CudnnCandidate(handle, problem, algorithm)));
            }
        }
        return offers;
    }

    private static String name(CudnnAlgorithm algorithm) {
        return "cuDNN " + algorithm.name();
    }

    @Override
    public String name() {
        return name(algorithm);
    }

    @Override
    public long workspaceBytes() {
        return algorithm.workspaceBytes();
    }

    @Override
    public int tickets() {
        return 0;
    }

    @Override
    public void enqueue(CUdeviceptr a, CUdeviceptr b, CUdeviceptr out, CUdeviceptr workspace, CUdeviceptr tickets, CUstream stream) {
        Pass pass = algorithm.pass();
        switch (pass) {
            case FORWARD -> convolution.forward(a, b, out, workspace, stream);
            case BACKWARD_DATA -> convolution.backwardData(a, b, out, workspace, stream);
            case BACKWARD_FILTER -> convolution.backwardFilter(a, b, out, workspace, stream);
        }
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            Closing.all(List.<AutoCloseable>of(handle::release, convolution));
        }
    }

    @Override
    public String toString() {
        return name();
    }
}
