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
import separable.device.Device;
import separable.spec.Pass;

/** One of cuDNN's algorithms. Only those are offered that give the same bits every time. */
final class CudnnCandidate implements Candidate {

    /** So many of those that cuDNN suggests are tried by quick tuning. */
    private static final int QUICK_ALGORITHMS = 2;

    private final SharedHandle handle;
    private final CudnnConv convolution;
    private final CudnnAlgorithm algorithm;
    private boolean closed;

    private CudnnCandidate(Device device, Problem problem, CudnnAlgorithm algorithm) {
        this.algorithm = algorithm;
        this.handle = SharedHandle.acquire(device);
        List<AutoCloseable> owned = new ArrayList<>(List.of(handle));
        try {
            this.convolution = describe(handle, problem);
            owned.add(convolution);
            convolution.choose(algorithm);
        } catch (RuntimeException failure) {
            throw Closing.after(failure, owned);
        }
    }

    private static CudnnConv describe(SharedHandle handle, Problem problem) {
        return new CudnnConv(handle.handle(), problem.spec(), problem.type(), problem.layout(), problem.precision().products());
    }

    /** What cuDNN can do about a problem, what it suggests first; nothing without cuDNN. */
    static List<Offer> offers(CudnnAccess cudnn, Problem problem) {
        if (!CudnnConv.supports(Cudnn.find(), problem.spec(), problem.type(), problem.layout())) {
            return List.of();
        }
        return cudnn.handle().map(handle -> offers(cudnn.device(), handle, problem)).orElse(List.of());
    }

    private static List<Offer> offers(Device device, SharedHandle handle, Problem problem) {
        Map<String, CudnnAlgorithm> algorithms = new LinkedHashMap<>();
        try (CudnnConv convolution = describe(handle, problem)) {
            convolution.suggestedAlgorithms(problem.pass(), Long.MAX_VALUE).forEach(each -> algorithms.putIfAbsent(each.name(), each));
            convolution.algorithms(problem.pass(), Long.MAX_VALUE).forEach(each -> algorithms.putIfAbsent(each.name(), each));
        }
        List<Offer> offers = new ArrayList<>();
        for (CudnnAlgorithm algorithm : algorithms.values()) {
            if (algorithm.deterministic()) {
                offers.add(new Offer(name(algorithm), false, offers.size() < QUICK_ALGORITHMS, () -> new CudnnCandidate(device, problem, algorithm)));
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
            Closing.all(List.of(handle, convolution));
        }
    }

    @Override
    public String toString() {
        return name();
    }
}
