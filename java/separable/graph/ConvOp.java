package separable.graph;

import separable.spec.ConvSpec;

/** What the ops have in common that carry out a convolution, or gradients of one. */
interface ConvOp {

    ConvSpec spec();

    /** Of the forward pass and the two gradients, how many the op computes: each costs as much as the others. */
    default int passes() {
        return 1;
    }

    /** Of an op's convolutions, taps in the padding included; 0 of one without. */
    static long multiplyAdds(Op op) {
        return op instanceof ConvOp conv ? conv.passes() * conv.spec().multiplyAdds() : 0;
    }
}
