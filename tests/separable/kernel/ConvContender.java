package separable.kernel;

import java.util.ArrayList;
import java.util.List;
import separable.device.Device;
import separable.spec.ConvSpec;
import separable.spec.DType;
import separable.spec.Layout;
import separable.testing.HostFilter;

/** A kernel class made for one problem, so that all classes can be asked the same. */
record ConvContender(String name, ConvProblem.DataProduct forward, ConvProblem.DataProduct backwardData,
                     ConvProblem.FilterProduct backwardFilter, int filterElements, long workspaceBytes, int tickets) {

    /** Every class that supports the problem, {@link GenericConv} first. */
    static List<ConvContender> supporting(Device device, ConvSpec spec, DType type, Layout layout) {
        List<ConvContender> contenders = new ArrayList<>();
        GenericConv generic = new GenericConv(device, spec, type, layout);
        contenders.add(new ConvContender("GenericConv", generic::forward, generic::backwardData, generic::backwardFilter,
                generic.filterElements(), generic.workspaceBytes(), generic.tickets()));
        if (layout == Layout.NCHW && spec.isDepthwise()) {
            contenders.add(depthwiseNchw(DepthwiseNchw.launches(device, spec, type)));
        }
        if (layout == Layout.PADDED_NHWC && DepthwiseConv.supports(spec, type)) {
            DepthwiseConv conv = new DepthwiseConv(device, spec, type);
            contenders.add(new ConvContender("DepthwiseConv", conv::forward, conv::backwardData, conv::backwardFilter,
                    conv.filterElements(), conv.workspaceBytes(), conv.tickets()));
        }
        // From one channel to one the filter lies as a depthwise one, which the other two classes do not read.
        if (layout == Layout.PADDED_NHWC && !spec.isDepthwise() && PointwiseConv.supports(spec, type)) {
            PointwiseConv conv = new PointwiseConv(device, spec, type);
            contenders.add(new ConvContender("PointwiseConv", conv::forward, conv::backwardData, conv::backwardFilter,
                    conv.filterElements(), conv.workspaceBytes(), conv.tickets()));
        }
        if (layout == Layout.PADDED_NHWC && !spec.isDepthwise() && Conv.supports(spec, type)) {
            Conv conv = new Conv(device, spec, type);
            contenders.add(new ConvContender("Conv", conv::forward, conv::backwardData, conv::backwardFilter,
                    conv.filterElements(), conv.workspaceBytes(), conv.tickets()));
        }
        return contenders;
    }

    private static ConvContender depthwiseNchw(ConvLaunches launches) {
        ConvProblem.FilterProduct filter = launches.tickets() == 0
                ? (x, dy, dw, workspace, tickets, stream) -> launches.backwardFilter().enqueue(stream, x, dy, dw)
                : (x, dy, dw, workspace, tickets, stream) -> launches.backwardFilter().enqueue(stream, x, dy, dw, workspace, tickets);
        return new ConvContender("DepthwiseConv NCHW", (x, w, y, stream) -> launches.forward().enqueue(stream, x, w, y),
                (dy, w, dx, stream) -> launches.backwardData().enqueue(stream, dy, w, dx), filter,
                (int) launches.filterElements(), launches.partialBytes(), launches.tickets());
    }

    HostFilter filterGradient(Device device, ConvProblem problem) {
        return problem.backwardFilter(device, filterElements, workspaceBytes, tickets, backwardFilter);
    }
}
