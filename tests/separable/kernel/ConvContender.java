package separable.kernel;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import separable.cudnn.Cudnn;
import separable.cudnn.CudnnConv;
import separable.cudnn.CudnnHandle;
import separable.device.Device;
import separable.device.DeviceBuffer;
import separable.spec.ConvSpec;
import separable.spec.DType;
import separable.spec.Layout;
import separable.spec.Pass;
import separable.testing.HostFilter;

/**
 * A kernel class, or cuDNN, made for one problem.
 *
 * @param workspaceBytes of the filter gradient, as {@code tickets}
 * @param owner          to be closed
 */
record ConvContender(String name, ConvProblem.DataProduct forward, ConvProblem.DataProduct backwardData, ConvProblem.FilterProduct backwardFilter,
                     int filterElements, long workspaceBytes, int tickets, AutoCloseable owner) implements AutoCloseable {

    private static final long CUDNN_WORKSPACE = 64L << 20;

    private static ConvContender of(String name, ConvKernel kernel) {
        return new ConvContender(name, kernel::forward, kernel::backwardData, kernel::backwardFilter, kernel.filterElements(),
                kernel.workspaceBytes(), kernel.tickets(), kernel);
    }

    /** Every class that supports the problem, {@link GenericConv} first. */
    static List<ConvContender> supporting(Device device, ConvSpec spec, DType type, Layout layout) {
        List<ConvContender> contenders = new ArrayList<>();
        contenders.add(of("GenericConv", new GenericConv(device, spec, type, layout)));
        if (DepthwiseConv.supports(spec, type, layout)) {
            contenders.add(of("DepthwiseConv " + layout, new DepthwiseConv(device, spec, type, layout)));
        }
        if (PointwiseConv.supports(spec, type, layout)) {
            contenders.add(of("PointwiseConv " + layout, new PointwiseConv(device, spec, type, layout)));
        }
        if (Conv.supports(spec, type, layout)) {
            contenders.add(of("Conv " + layout, new Conv(device, spec, type, layout)));
        }
        return contenders;
    }

    /** cuDNN with its first deterministic algorithm for each pass; empty where it has none for one of them. */
    static Optional<ConvContender> cudnn(CudnnHandle handle, Device device, ConvSpec spec, DType type, Layout layout) {
        if (!CudnnConv.supports(Cudnn.find(), spec, type, layout)) {
            return Optional.empty();
        }
        CudnnConv conv = new CudnnConv(handle, spec, type, layout);
        for (Pass pass : Pass.values()) {
            if (conv.algorithms(pass, CUDNN_WORKSPACE).isEmpty()) {
                conv.close();
                return Optional.empty();
            }
            conv.choose(pass, CUDNN_WORKSPACE);
        }
        long most = Math.max(conv.workspaceBytes(Pass.FORWARD), conv.workspaceBytes(Pass.BACKWARD_DATA));
        DeviceBuffer workspace = device.allocate(Math.max(1, most), "workspace of cuDNN");
        return Optional.of(new ConvContender("cuDNN " + layout,
                (x, w, y, stream) -> conv.forward(x, w, y, workspace.pointer(), stream),
                (dy, w, dx, stream) -> conv.backwardData(dy, w, dx, workspace.pointer(), stream),
                (x, dy, dw, scratch, tickets, stream) -> conv.backwardFilter(x, dy, dw, scratch, stream),
                Math.toIntExact(layout.filterElements(spec)), conv.workspaceBytes(Pass.BACKWARD_FILTER), 0, conv));
    }

    boolean isCudnn() {
        return owner instanceof CudnnConv;
    }

    HostFilter filterGradient(Device device, ConvProblem problem) {
        return problem.backwardFilter(device, filterElements, workspaceBytes, tickets, backwardFilter);
    }

    @Override
    public void close() throws Exception {
        owner.close();
    }
}
