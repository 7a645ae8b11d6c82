package separable.graph;

/**
 * What an op moves between memory and the device's processors at least: every tensor that it reads or writes, once for
 * each time that it passes through the op. What a kernel reads again for the rim of a tile or other columns is not counted.
 *
 * @param layer       that asked for it
 * @param op          its kind
 * @param backward    whether it comes after the loss
 * @param activations bytes of pictures, activations and their gradients
 * @param others      bytes of all else: labels, statistics, parameters and their gradients
 */
public record OpTraffic(String layer, String op, boolean backward, long activations, long others) {

    static OpTraffic of(Op op, boolean backward) {
        long activations = op.traffic().stream().filter(tensor -> isActivation(tensor.role())).mapToLong(Tensor::bytes).sum();
        long all = op.traffic().stream().mapToLong(Tensor::bytes).sum();
        return new OpTraffic(op.name(), op.getClass().getSimpleName(), backward, activations, all - activations);
    }

    /** Whether a tensor grows with the batch and the resolution. */
    static boolean isActivation(Role role) {
        return role == Role.INPUT || role == Role.ACTIVATION || role == Role.GRADIENT;
    }

    public long bytes() {
        return activations + others;
    }
}
