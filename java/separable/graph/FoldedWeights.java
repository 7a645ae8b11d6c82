package separable.graph;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUstream;
import separable.device.Arena;
import separable.device.Closing;
import separable.device.Device;
import separable.device.Stream;
import separable.kernel.FoldNorm;
import separable.spec.DType;

/** The filters and biases of one plan that have batch normalisations in them, made from the master weights. */
final class FoldedWeights implements AutoCloseable {

    private final Optional<Arena> arena;
    private final Map<Tensor, CUdeviceptr> addresses = new LinkedHashMap<>();
    private final List<Enqueue> folds = new ArrayList<>();

    /** Folds what {@code parameters} hold now, and waits. */
    FoldedWeights(Device device, FoldedGraph folded, Parameters parameters) {
        String name = "folded weights of " + folded.graph().name();
        Map<Tensor, Long> offsets = new LinkedHashMap<>();
        long end = 0;
        for (FoldedNorm norm : folded.norms()) {
            for (Tensor tensor : List.of(norm.filter(), norm.shift())) {
                offsets.put(tensor, end);
                end += Arena.align(tensor.bytes());
            }
        }
        arena = end == 0 ? Optional.empty() : Optional.of(new Arena(device, name, end));
        try {
            offsets.forEach((tensor, offset) -> addresses.put(tensor, arena.orElseThrow().slice(tensor.name(), offset, tensor.bytes())));
            folded.norms().forEach(norm -> folds.add(fold(device, norm, parameters)));
            if (!folds.isEmpty()) {
                refreshNow(device);
            }
        } catch (RuntimeException failure) {
            throw Closing.after(failure, List.of(this));
        }
    }

    private Enqueue fold(Device device, FoldedNorm folded, Parameters parameters) {
        Op.BatchNormForward norm = folded.norm();
        FoldNorm kernel = new FoldNorm(device, folded.conv().spec(), folded.filter().type(), folded.bias().isPresent(), norm.norm().epsilon());
        CUdeviceptr w = parameters.weight(folded.conv().w().name(), DType.F32);
        CUdeviceptr bias = folded.bias().map(tensor -> parameters.weight(tensor.name(), DType.F32)).orElse(null);
        CUdeviceptr gamma = parameters.weight(norm.gamma().name(), DType.F32);
        CUdeviceptr beta = parameters.weight(norm.beta().name(), DType.F32);
        CUdeviceptr running = parameters.running(norm.statistics().name());
        CUdeviceptr filter = address(folded.filter());
        CUdeviceptr shift = address(folded.shift());
        return stream -> kernel.run(w, bias, gamma, beta, running, filter, shift, stream);
    }

    private void refreshNow(Device device) {
        // Whatever wrote the parameters may still be on its way, on a stream that nobody names here.
        device.synchronize();
        try (Stream stream = device.newStream()) {
            refresh(stream.handle());
            stream.synchronize();
        }
    }

    /** Enqueues the folding of what the parameters hold then. */
    void refresh(CUstream stream) {
        for (int at = 0; at < folds.size(); at++) {
            folds.get(at).on(stream);
        }
    }

    CUdeviceptr address(Tensor tensor) {
        CUdeviceptr address = addresses.get(tensor);
        if (address == null) {
            throw new IllegalArgumentException("tensor '" + tensor + "' is no folded weight of this plan");
        }
        return address;
    }

    @Override
    public void close() {
        arena.ifPresent(Arena::close);
    }
}
