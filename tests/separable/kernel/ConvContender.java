package separable.kernel;

import java.util.ArrayList;
import java.util.List;
import separable.device.Device;
import separable.spec.ConvSpec;
import separable.spec.DType;
import separable.spec.Layout;
import separable.testing.HostFilter;

/** A kernel class made for one problem. */
record ConvContender(String name, ConvKernel conv) {

    /** Every class that supports the problem, {@link GenericConv} first. */
    static List<ConvContender> supporting(Device device, ConvSpec spec, DType type, Layout layout) {
        List<ConvContender> contenders = new ArrayList<>();
        contenders.add(new ConvContender("GenericConv", new GenericConv(device, spec, type, layout)));
        if (DepthwiseConv.supports(spec, type, layout)) {
            contenders.add(new ConvContender("DepthwiseConv " + layout, new DepthwiseConv(device, spec, type, layout)));
        }
        // From one channel to one the filter lies as a depthwise one, which the other two classes do not read.
        if (!spec.isDepthwise() && PointwiseConv.supports(spec, type, layout)) {
            contenders.add(new ConvContender("PointwiseConv " + layout, new PointwiseConv(device, spec, type, layout)));
        }
        if (!spec.isDepthwise() && Conv.supports(spec, type, layout)) {
            contenders.add(new ConvContender("Conv " + layout, new Conv(device, spec, type, layout)));
        }
        return contenders;
    }

    HostFilter filterGradient(Device device, ConvProblem problem) {
        return problem.backwardFilter(device, conv.filterElements(), conv.workspaceBytes(), conv.tickets(), conv::backwardFilter);
    }
}
