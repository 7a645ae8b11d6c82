package separable.kernel;

import static java.util.Objects.requireNonNull;

import separable.device.Device;
import separable.device.Launch;
import separable.spec.DType;

/** What launches over the flat parameter buffer share. */
final class FlatUpdate {

    /** Elements that share one byte of the decay mask; parameters begin at multiples of it. */
    static final int MASK_ELEMENTS = 64;

    private static final int VECTOR = 8;

    private FlatUpdate() {
    }

    /** @param copy the precision of the weights' copy; F32 for none */
    record Update(DType copy, Launch launch) {

        boolean writesCopy() {
            return copy != DType.F32;
        }
    }

    /**
     * A launch with its pointers and the vector count described; the rule's numbers follow.
     *
     * @param name             of the kernel, without the ending
     * @param copy             the precision of the copy of the weights that is also written; F32 for none
     * @param vectorsPerThread vectors of eight elements a thread updates
     * @param slots            names of the optimiser state buffers
     */
    static Launch launch(Device device, String name, int elements, DType copy, int vectorsPerThread, String... slots) {
        requireNonNull(copy, "copy");
        Launch launch = overFlat(device, name + "_" + copy.suffix(), elements)
                .grid(VectorGrid.blocks(vectors(elements), VectorGrid.THREADS * vectorsPerThread), 1, 1);
        long bytes = (long) elements * Float.BYTES;
        launch.output("weights", bytes);
        if (copy != DType.F32) {
            launch.output("weights16", (long) elements * copy.bytes());
        }
        launch.input("gradients", bytes);
        for (String slot : slots) {
            launch.output(slot, bytes);
        }
        return launch.input("decayMask", elements / MASK_ELEMENTS, 1).input("state", StepState.BYTES).i32(vectors(elements));
    }

    /** A launch with a thread for each vector of eight elements, no argument yet. @param entry the kernel's whole name */
    static Launch overFlat(Device device, String entry, int elements) {
        if (elements < 1 || elements % MASK_ELEMENTS != 0) {
            throw new IllegalArgumentException(entry + " over " + elements + " elements: a positive multiple of " + MASK_ELEMENTS
                    + " is needed, as parameters are laid out");
        }
        return device.kernel(entry).launch().describe(elements + " parameters")
                .grid(VectorGrid.blocks(vectors(elements), VectorGrid.THREADS), 1, 1).block(VectorGrid.THREADS);
    }

    static int vectors(int elements) {
        return elements / VECTOR;
    }
}
