package separable.cudnn;

import java.util.List;
import java.util.function.Predicate;
import java.util.stream.Stream;
import separable.device.Device;
import separable.device.DeviceBuffer;
import separable.kernel.ConvOracle;
import separable.kernel.ConvProblem;
import separable.spec.ConvSpec;
import separable.spec.DType;
import separable.spec.Layout;
import separable.spec.Padding;
import separable.spec.Pass;
import separable.spec.Shape;
import separable.testing.Expect;
import separable.testing.Poisoned;

/** Convolutions of all kinds through cuDNN, every algorithm that it has for each, against plain loops. For the real library and for the stand-in. */
final class CudnnProblems {

    private static final long NO_LIMIT = Long.MAX_VALUE;

    private CudnnProblems() {
    }

    static List<ConvSpec> specs() {
        Shape shape = new Shape(2, 7, 6, 16);
        return List.of(
                // depthwise: with a channel count that fills vectors and one that does not, with a multiplier, strides, dilation
                ConvSpec.depthwise(shape, 3, 1, 1, Padding.symmetric(1)),
                ConvSpec.depthwise(new Shape(2, 9, 8, 5), 3, 2, 1, Padding.symmetric(1)),
                ConvSpec.depthwise(new Shape(1, 9, 9, 8), 5, 1, 2, Padding.symmetric(4)),
                new ConvSpec(shape, 16, 2, 3, 1, 1, Padding.NONE, 16),
                new ConvSpec(shape, 32, 3, 3, 1, 1, Padding.symmetric(1), 16),
                // groups between
                new ConvSpec(shape, 24, 3, 3, 2, 1, Padding.symmetric(1), 4),
                // pointwise
                ConvSpec.pointwise(shape, 24),
                ConvSpec.pointwise(new Shape(3, 1, 5, 9), 17),
                // general: stem, strides, asymmetric padding that cuDNN's symmetric one gives too
                ConvSpec.full(new Shape(2, 9, 9, 3), 8, 3, 2, 1, Padding.same(9, 9, 3, 3, 2, 1)),
                ConvSpec.full(new Shape(1, 8, 7, 8), 16, 3, 2, 1, new Padding(1, 1, 0, 1)),
                new ConvSpec(new Shape(1, 7, 8, 8), 3, 5, 3, 1, 1, new Padding(2, 1, 2, 1), 1));
    }

    /** Those that cuDNN can describe. */
    static Stream<ConvProblem> all() {
        return specs().stream().flatMap(spec -> Stream.of(Layout.values()).filter(layout -> CudnnConv.refusal(spec, layout).isEmpty())
                .flatMap(layout -> Stream.of(DType.values()).map(type -> ConvProblem.random(spec, type, layout))));
    }

    /**
     * Runs those of cuDNN's algorithms that are wanted.
     *
     * @return how many were run: cuDNN may refuse at last what its workspace query accepted
     */
    static int check(Device device, CudnnHandle handle, ConvProblem problem, Predicate<CudnnAlgorithm> wanted) {
        int runs = 0;
        try (CudnnConv conv = new CudnnConv(handle, problem.spec(), problem.type(), problem.layout())) {
            for (Pass pass : Pass.values()) {
                for (CudnnAlgorithm algorithm : conv.algorithms(pass, NO_LIMIT)) {
                    if (wanted.test(algorithm) && isRun(device, conv, problem, algorithm)) {
                        runs++;
                    }
                }
            }
        }
        return runs;
    }

    private static boolean isRun(Device device, CudnnConv conv, ConvProblem problem, CudnnAlgorithm algorithm) {
        conv.choose(algorithm);
        try {
            check(device, conv, problem, algorithm.pass());
            return true;
        } catch (CudnnException e) {
            if (Status.isRefusal(e.status())) {
                return false;
            }
            throw e;
        }
    }

    private static void check(Device device, CudnnConv conv, ConvProblem problem, Pass pass) {
        long bytes = conv.workspaceBytes(pass);
        try (DeviceBuffer workspace = Poisoned.buffer(device, bytes)) {
            switch (pass) {
                case FORWARD -> problem.checkForward(device, (x, w, y, stream) -> conv.forward(x, w, y, workspace.pointer(), stream));
                case BACKWARD_DATA -> problem.checkBackwardData(device, (dy, w, dx, stream) ->
                        conv.backwardData(dy, w, dx, workspace.pointer(), stream));
                case BACKWARD_FILTER -> checkFilterGradient(device, conv, problem, bytes);
            }
        }
    }

    /** In the data's precision: so far cuDNN rounds a filter gradient. */
    private static void checkFilterGradient(Device device, CudnnConv conv, ConvProblem problem, long workspaceBytes) {
        int elements = Math.toIntExact(problem.layout().filterElements(problem.spec()));
        Expect.close(problem.backwardFilter(device, elements, workspaceBytes, 0,
                        (x, dy, dw, workspace, tickets, stream) -> conv.backwardFilter(x, dy, dw, workspace, stream)),
                ConvOracle.backwardFilter(problem.spec(), problem.x(), problem.dy()), problem.type(), "dw of " + problem);
    }
}
