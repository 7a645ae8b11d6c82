package separable.faults;

import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import separable.faults.FaultControl.Fault;

/** The lists of operations, a room each. */
final class Operations {

    private Operations() {
    }

    static List<Operation> of(String room) {
        return switch (room) {
            case "device" -> DeviceOperations.all();
            case "kernel" -> KernelOperations.all();
            case "cudnn" -> CudnnOperations.all();
            case "tune" -> TuneOperations.all();
            case "graph" -> GraphOperations.all();
            case "train" -> TrainOperations.all();
            case "predict" -> PredictOperations.all();
            default -> throw new IllegalArgumentException("no operations for room " + room);
        };
    }

    /** Which code a failed call gives is looked at where calls are made; above that it makes no difference, and calls are many. */
    static Set<Fault> faultsOf(String room) {
        boolean callsTheDriver = Set.of("device", "kernel", "cudnn").contains(room);
        return callsTheDriver ? EnumSet.allOf(Fault.class) : EnumSet.of(Fault.OUT_OF_MEMORY, Fault.LOST_CONTEXT, Fault.LATER);
    }

    /** A lost context is lost the same at any call: where calls are many, a few are enough. */
    static int strideOf(String room) {
        return switch (room) {
            case "kernel" -> 2;
            case "graph" -> 3;
            case "train", "predict" -> 5;
            default -> 1;
        };
    }
}
