package separable.faults;

import java.util.List;

/** The lists of operations, a room each. */
final class Operations {

    private Operations() {
    }

    static List<Operation> of(String room) {
        return switch (room) {
            case "device" -> DeviceOperations.all();
            case "kernel" -> KernelOperations.all();
            case "graph" -> GraphOperations.all();
            case "train" -> TrainOperations.all();
            default -> throw new IllegalArgumentException("no operations for room " + room);
        };
    }
}
