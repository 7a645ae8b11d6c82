package separable.kernel;

import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import separable.spec.ConvSpec;
import separable.spec.DType;

/** The kernels of pointwise_one.cu: the forms ONE and SLICE of {@link FusedPointwiseBackward}. */
final class PointwiseOne {

    /** Threads of a block: ONE_THREADS in pointwise_one.cuh. */
    static final int THREADS = 256;

    /** Channels that a tensor core takes at once. */
    static final int STEP = 16;

    /** Two sums of eight floats a thread, folded in the same shared memory when the tiles are done. */
    private static final int FOLD_BYTES = 2 * THREADS * 8 * Float.BYTES;

    /** Shared memory of a block besides: the driver's, and the kernel's static variables. */
    private static final int RESERVED_BYTES = 1024;

    private PointwiseOne() {
    }

    /**
     * An instantiation of the kernel: {@code warpsM x warpsN} warps share dW, each with {@code mi x ni} blocks of 16 x 8.
     *
     * @param resident blocks that its registers let a multiprocessor hold at once
     */
    record Tile(int warpsM, int warpsN, int mi, int ni, int resident) {

        int cout() {
            return warpsM * mi * 16;
        }

        int slice() {
            return warpsN * ni * 8;
        }

        String entry(DType type) {
            return "pw_backward_one_" + warpsM + "x" + warpsN + "_" + mi + "x" + ni + "_" + type.suffix();
        }

    }

    /**
     * How tiles lie in shared memory.
     *
     * @param apart whether the gradient of the input has a tile of its own: it is then made while dW is added to; if not, it takes the place
     *              of the input, after a barrier more
     */
    record Layout(int tileRows, boolean apart) {

        /** Dynamic shared memory, as struct PointwiseOne lays it out: W, two tiles of G and one of Y, those of the input; rows have 16 bytes more. */
        int sharedBytes(int cout, int slice) {
            int paddedOut = VectorGrid.blocks(cout, STEP) * STEP;
            int pitchIn = VectorGrid.blocks(slice, STEP) * STEP + 8;
            int elements = paddedOut * pitchIn + 3 * tileRows * (paddedOut + 8) + (apart ? 3 : 2) * tileRows * pitchIn;
            return Math.max(elements * Short.BYTES, FOLD_BYTES);
        }

        /** Blocks whose shared memory a multiprocessor has at once, which has as much as a block can have. */
        int residents(int limit, int cout, int slice) {
            return (limit + RESERVED_BYTES) / (sharedBytes(cout, slice) + RESERVED_BYTES);
        }
    }

    /** Best first: the larger a tile, the more of the next one is on its way while it is multiplied, and the fewer barriers there are. */
    static final List<Layout> LAYOUTS = List.of(new Layout(128, true), new Layout(64, true), new Layout(64, false), new Layout(32, true),
            new Layout(32, false));

    /** The list ONE_KERNELS in pointwise_one.cu. */
    static final List<Tile> TILES = List.of(new Tile(2, 4, 1, 2, 2), new Tile(2, 4, 1, 6, 2), new Tile(4, 2, 3, 2, 2), new Tile(4, 2, 2, 8, 1),
            new Tile(2, 4, 2, 12, 1), new Tile(8, 1, 3, 8, 1), new Tile(4, 2, 4, 8, 1), new Tile(2, 4, 3, 10, 1), new Tile(2, 4, 5, 6, 1),
            new Tile(8, 1, 5, 6, 1));

    /** The one with the fewest registers for dW that holds [cout, slice]. */
    static Optional<Tile> tile(int cout, int slice) {
        return TILES.stream().filter(tile -> cout <= tile.cout() && slice <= tile.slice())
                .min(Comparator.comparingInt(tile -> tile.mi() * tile.ni()));
    }

    /** The kernel for a division that the rule, or a test, has found possible. */
    static String entry(ConvSpec spec, DType type, PointwiseBackwardForm form) {
        return tile(spec.output().channelStride(), form.slice()).orElseThrow(() -> new IllegalArgumentException("fused pointwise gradients of " + spec
                + " as " + form + ": no block holds the weight gradient in registers")).entry(type);
    }
}
