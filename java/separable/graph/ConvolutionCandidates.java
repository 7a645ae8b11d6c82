package separable.graph;

import java.util.ArrayList;
import java.util.List;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUstream;
import separable.device.Device;
import separable.kernel.Conv;
import separable.kernel.DepthwiseConv;
import separable.kernel.PointwiseConv;
import separable.spec.ConvSpec;
import separable.spec.DType;

/** Kernels of convolutions and dense layers. */
final class ConvolutionCandidates {

    private interface Through {
        void enqueue(CUdeviceptr in, CUdeviceptr w, CUdeviceptr out, CUstream stream);
    }

    private interface Filter {
        void enqueue(CUdeviceptr x, CUdeviceptr dy, CUdeviceptr dw, CUdeviceptr workspace, CUdeviceptr tickets, CUstream stream);
    }

    /** The three passes of one kernel class, whose interface all classes share; workspace and tickets are the filter gradient's. */
    private record Passes(String kernel, Through forward, Through backwardData, Filter backwardFilter, long workspaceBytes, int tickets) {}

    private ConvolutionCandidates() {}

    static void register(Candidates candidates, Device device) {
        candidates.on(Op.ConvForward.class, op -> passes(device, op.kind(), op.spec(), op.x().type()).stream()
                .map(passes -> through(passes.kernel(), passes.forward(), op.x(), op.w(), op.y())).toList());
        candidates.on(Op.ConvBackwardData.class, op -> passes(device, op.kind(), op.spec(), op.dy().type()).stream()
                .map(passes -> through(passes.kernel(), passes.backwardData(), op.dy(), op.w(), op.dx())).toList());
        candidates.on(Op.ConvBackwardFilter.class, op -> passes(device, op.kind(), op.spec(), op.x().type()).stream()
                .map(passes -> filter(passes, op)).toList());
    }

    private static List<Passes> passes(Device device, ConvKind kind, ConvSpec spec, DType type) {
        List<Passes> able = new ArrayList<>();
        switch (kind) {
            case DEPTHWISE -> {
                if (DepthwiseConv.supports(spec, type)) {
                    DepthwiseConv kernel = new DepthwiseConv(device, spec, type);
                    able.add(new Passes("DepthwiseConv", kernel::forward, kernel::backwardData, kernel::backwardFilter,
                            kernel.workspaceBytes(), kernel.tickets()));
                }
            }
            case POINTWISE -> {
                if (PointwiseConv.supports(spec, type)) {
                    PointwiseConv kernel = new PointwiseConv(device, spec, type);
                    able.add(new Passes("PointwiseConv", kernel::forward, kernel::backwardData, kernel::backwardFilter,
                            kernel.workspaceBytes(), kernel.tickets()));
                }
            }
            case FULL -> {
                if (Conv.supports(spec, type)) {
                    Conv kernel = new Conv(device, spec, type);
                    able.add(new Passes("Conv", kernel::forward, kernel::backwardData, kernel::backwardFilter,
                            kernel.workspaceBytes(), kernel.tickets()));
                }
            }
        }
        return able;
    }

    private static Candidate through(String kernel, Through pass, Tensor in, Tensor w, Tensor out) {
        return new Candidate(kernel, 0, 0, at -> {
            var from = at.of(in);
            var filter = at.of(w);
            var to = at.of(out);
            return stream -> pass.enqueue(from, filter, to, stream);
        });
    }

    private static Candidate filter(Passes passes, Op.ConvBackwardFilter op) {
        return new Candidate(passes.kernel(), passes.workspaceBytes(), passes.tickets(), at -> {
            var x = at.of(op.x());
            var dy = at.of(op.dy());
            var dw = at.of(op.dw());
            return stream -> passes.backwardFilter().enqueue(x, dy, dw, at.workspace(), at.tickets(), stream);
        });
    }
}
