package separable.faults;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import jcuda.driver.CUdeviceptr;
import separable.cudnn.Cudnn;
import separable.cudnn.CudnnAlgorithm;
import separable.cudnn.CudnnConv;
import separable.cudnn.CudnnHandle;
import separable.device.DeviceBuffer;
import separable.spec.ConvSpec;
import separable.spec.DType;
import separable.spec.Layout;
import separable.spec.Padding;
import separable.spec.Pass;
import separable.spec.Shape;

/** cuDNN's side, over the stand-in: driver calls fail in our code and inside cuDNN alike. Failing cuDNN calls: CudnnConvTest. */
final class CudnnOperations {

    private static final int COUNT = 128;
    private static final long LIMIT = 1 << 20;

    /** Depthwise with channels last: filters are copied both ways. */
    private static final ConvSpec SPEC = ConvSpec.depthwise(new Shape(1, 4, 4, 8), 3, 1, 1, Padding.symmetric(1));

    private interface Call {
        void enqueue(CudnnConv conv, CUdeviceptr a, CUdeviceptr b, CUdeviceptr out, CUdeviceptr workspace, Workplace place);
    }

    private interface Question {
        Object ask(CudnnConv conv);
    }

    private final List<Operation> all = new ArrayList<>();

    private CudnnOperations() {
    }

    static List<Operation> all() {
        CudnnOperations operations = new CudnnOperations();
        operations.handles();
        operations.choices();
        operations.passes();
        // Channels first and not depthwise: the rule takes cuDNN.
        operations.all.addAll(TuneOperations.convolution(ConvSpec.pointwise(new Shape(1, 4, 4, 8), 8), Layout.NCHW, " by cuDNN"));
        return operations.all;
    }

    private static CudnnHandle handle(Workplace place) {
        return place.keep(new CudnnHandle(Cudnn.find(), place.device));
    }

    private static CudnnConv conv(Workplace place) {
        return place.keep(new CudnnConv(handle(place), SPEC, DType.F32, Layout.NHWC));
    }

    private void handles() {
        all.add(new Operation("new CudnnHandle", place -> () -> handle(place)::toString));
        all.add(Operation.forgiving("CudnnHandle.refusal", place -> () -> {
            Optional<String> refusal = CudnnHandle.refusal(Cudnn.find(), place.device);
            place.device.synchronize();
            return () -> refusal.isEmpty() || refusal.get().contains("CUDNN_STATUS_NOT_INITIALIZED");
        }));
        all.add(OpWalk.closing("CudnnHandle.close", CudnnOperations::handle));
        all.add(new Operation("new CudnnConv", place -> {
            CudnnHandle handle = handle(place);
            return () -> place.keep(new CudnnConv(handle, SPEC, DType.F32, Layout.NHWC))::toString;
        }));
        all.add(OpWalk.closing("CudnnConv.close", CudnnOperations::conv));
    }

    private void choices() {
        question("algorithms", conv -> conv.algorithms(Pass.BACKWARD_FILTER, LIMIT));
        question("suggestedAlgorithms", conv -> conv.suggestedAlgorithms(Pass.BACKWARD_FILTER, LIMIT));
        question("choose", conv -> conv.choose(Pass.BACKWARD_FILTER, LIMIT));
        question("choose by name", conv -> conv.choose(Pass.FORWARD, conv.algorithms(Pass.FORWARD, LIMIT).get(0).name(), LIMIT));
        question("choose one of algorithms", conv -> {
            CudnnAlgorithm algorithm = conv.algorithms(Pass.BACKWARD_DATA, LIMIT).get(0);
            conv.choose(algorithm);
            return conv.workspaceBytes(Pass.BACKWARD_DATA);
        });
    }

    private void question(String method, Question question) {
        all.add(new Operation("CudnnConv." + method, place -> {
            CudnnConv conv = conv(place);
            return () -> {
                Object answer = question.ask(conv);
                return answer::toString;
            };
        }));
    }

    private void passes() {
        pass("forward", Pass.FORWARD, (conv, a, b, out, workspace, place) -> conv.forward(a, b, out, workspace, place.stream.handle()));
        pass("backwardData", Pass.BACKWARD_DATA, (conv, a, b, out, workspace, place) -> conv.backwardData(a, b, out, workspace, place.stream.handle()));
        pass("backwardFilter", Pass.BACKWARD_FILTER,
                (conv, a, b, out, workspace, place) -> conv.backwardFilter(a, b, out, workspace, place.stream.handle()));
    }

    private void pass(String method, Pass pass, Call call) {
        all.add(new Operation("CudnnConv." + method, place -> {
            CudnnConv conv = conv(place);
            CUdeviceptr workspace = place.zeros(conv.choose(pass, LIMIT).workspaceBytes());
            CUdeviceptr a = place.floats(COUNT).pointer();
            CUdeviceptr b = place.floats(COUNT).pointer();
            DeviceBuffer out = place.floats(COUNT);
            return () -> {
                call.enqueue(conv, a, b, out.pointer(), workspace, place);
                return () -> out.readFloats(0, 9 * 8);
            };
        }));
    }
}
