package separable.kernel;

import separable.spec.Shape;

/** Grids of kernels in which every thread handles one item. */
final class VectorGrid {

    /** Threads a block of an elementwise kernel. */
    static final int THREADS = 256;

    private VectorGrid() {
    }

    /** Vectors of eight channels a tensor of {@code shape} stores. */
    static int vectors(Shape shape) {
        return shape.elements() / Shape.CHANNEL_MULTIPLE;
    }

    /** Blocks that give {@code items} threads, {@code perBlock} items a block. */
    static int blocks(int items, int perBlock) {
        return items / perBlock + (items % perBlock == 0 ? 0 : 1);
    }
}
