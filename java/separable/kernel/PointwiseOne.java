package separable.kernel;

import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import separable.device.Device;
import separable.device.Launch;
import separable.spec.ConvSpec;
import separable.spec.DType;
import separable.spec.NormSpec;

/** The launches of pointwise_one.cu: the forms ONE and SLICE of the backward pass, and the plain reduction that folds as they do. */
final class PointwiseOne {

    /** Threads of a block: ONE_THREADS in pointwise_one.cuh. */
    static final int THREADS = 256;

    /** Channels that a tensor core takes at once. */
    static final int STEP = 16;

    /** Rows of a tile where shared memory allows. */
    static final int TILE_ROWS = 64;

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

        /** Blocks that a multiprocessor holds at once, which has as much shared memory as a block can have. */
        int residents(int limit, int cout, int slice, int tileRows) {
            return Math.min(resident, (limit + RESERVED_BYTES) / (sharedBytes(cout, slice, tileRows) + RESERVED_BYTES));
        }
    }

    /** The list ONE_KERNELS in pointwise_one.cu. */
    static final List<Tile> TILES = List.of(new Tile(2, 4, 1, 2, 2), new Tile(2, 4, 1, 6, 2), new Tile(4, 2, 3, 2, 2), new Tile(4, 2, 2, 8, 1),
            new Tile(2, 4, 2, 12, 1), new Tile(8, 1, 3, 8, 1), new Tile(4, 2, 4, 8, 1), new Tile(2, 4, 3, 10, 1), new Tile(2, 4, 5, 6, 1),
            new Tile(8, 1, 5, 6, 1));

    /** The one with the fewest registers for dW that holds [cout, slice]. */
    static Optional<Tile> tile(int cout, int slice) {
        return TILES.stream().filter(tile -> cout <= tile.cout() && slice <= tile.slice())
                .min(Comparator.comparingInt(tile -> tile.mi() * tile.ni()));
    }

    /** The most rows of a tile for which {@code limit} bytes of shared memory do. */
    static Optional<Integer> tileRows(int limit, int cout, int slice) {
        return List.of(TILE_ROWS, TILE_ROWS / 2).stream().filter(rows -> sharedBytes(cout, slice, rows) + RESERVED_BYTES <= limit).findFirst();
    }

    /** Dynamic shared memory, as struct PointwiseOne lays it out: W, two tiles of G and one of Y, two of the input; rows have 16 bytes more. */
    static int sharedBytes(int cout, int slice, int tileRows) {
        int paddedOut = VectorGrid.blocks(cout, STEP) * STEP;
        int pitchIn = VectorGrid.blocks(slice, STEP) * STEP + 8;
        int elements = paddedOut * pitchIn + 3 * tileRows * (paddedOut + 8) + 2 * tileRows * pitchIn;
        return Math.max(elements * Short.BYTES, FOLD_BYTES);
    }

    /** What the fold of the sums takes. */
    static Fold fold(ConvSpec spec, PointwiseBackwardForm form) {
        return new Fold(2L * form.parts() * spec.input().channelStride() * Float.BYTES, form.slices(spec));
    }

    /**
     * Pointers: {@code g, y, statistics, sums, x, yPrev, statisticsPrev, skip, w, gPrev, dgammaPrev, dbetaPrev, sumsPrev, dw, workspace,
     * tickets}, as the fused backward pass has them.
     *
     * @param pooled whether g is the gradient of a mean over the pixels of a picture, [images, Cout]
     * @param stored whether the input is the stored x, else it is made of yPrev
     * @param added  whether a skip gradient is added
     * @param norm   of the convolution's output
     * @param prev   of its input, or with {@code stored} of its branch
     */
    static Launch launch(Device device, ConvSpec spec, DType type, PointwiseBackwardForm form, boolean pooled, boolean stored, boolean added,
                         NormSpec norm, NormSpec prev) {
        int cin = spec.input().channelStride();
        int cout = spec.output().channelStride();
        Tile tile = tile(cout, form.slice()).orElseThrow(() -> new IllegalArgumentException("pointwise backward " + spec + " " + type + " as "
                + form + ": no block holds its weight gradient in registers"));
        long in = spec.input().bytes(type);
        long out = spec.output().bytes(type);
        Launch launch = device.kernel(tile.entry(type)).launch().describe("pointwise backward " + spec + " " + type + " as " + form)
                .grid(form.parts() * form.slices(spec), 1, 1).block(THREADS).sharedBytes(sharedBytes(cout, form.slice(), form.tileRows()))
                .input("g", pooled ? out / pixels(spec) : out).input("y", out).input("statistics", floats(4 * cout)).input("sums", floats(2 * cout))
                .input("x", stored ? in : 0).input("yPrev", in).input("statisticsPrev", floats(4 * cin)).input("skip", added ? in : 0)
                .input("w", (long) cout * cin * type.bytes())
                .output("gPrev", in, "skip").output("dgammaPrev", floats(cin)).output("dbetaPrev", floats(cin)).output("sumsPrev", floats(2 * cin))
                .output("dw", form.partialBytes(spec));
        fold(spec, form).append(launch).i32(spec.input().rows()).i32(cin).i32(cout).i32(pooled ? pixels(spec) : 0).i32(form.slice()).i32(form.tileRows());
        Bounds.of(norm.activation()).append(launch);
        Bounds.of(prev.activation()).append(launch);
        return launch.f32(prev.epsilon());
    }

    /** {@link BatchNorm#backwardReduce} over the normalisation before {@code spec}, with the sums in the order of {@code form}. */
    static Launch reduction(Device device, ConvSpec spec, DType type, PointwiseBackwardForm form, NormSpec prev) {
        int cin = spec.input().channelStride();
        long in = spec.input().bytes(type);
        Launch launch = device.kernel("bn_backward_reduce_tiles_" + type.suffix()).launch().describe("batch normalisation before " + spec + " " + type)
                .grid(form.parts() * form.slices(spec), 1, 1).block(THREADS)
                .input("x", in).input("dy", in).input("stats", floats(2 * cin)).input("gamma", floats(cin)).input("beta", floats(cin))
                .output("g", in, "dy").output("dgamma", floats(cin)).output("dbeta", floats(cin));
        fold(spec, form).append(launch).i32(spec.input().rows()).i32(cin).i32(form.slice()).i32(form.tileRows()).f32(prev.epsilon());
        return Bounds.of(prev.activation()).append(launch);
    }

    private static int pixels(ConvSpec spec) {
        return spec.input().h() * spec.input().w();
    }

    private static long floats(int count) {
        return (long) count * Float.BYTES;
    }
}
