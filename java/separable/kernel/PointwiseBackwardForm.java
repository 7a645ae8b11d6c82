package separable.kernel;

import static java.util.Objects.requireNonNull;

import java.util.List;
import java.util.Optional;
import separable.device.Device;
import separable.kernel.FusedPointwiseBackward.Form;
import separable.spec.ConvSpec;
import separable.spec.DType;
import separable.spec.Products;
import separable.spec.Shape;

/**
 * How {@link FusedPointwiseBackward} computes both gradients of a pointwise convolution. With {@code So = M * Cout} and
 * {@code Si = M * Cin} elements on either side:
 * <ul>
 * <li>{@code ONE}: every block keeps its share of {@code dW} in registers, 128 of 256 threads' each, and reads a row of G and Y once, of the
 *     input as it multiplies it, and of the raw input again for the gradient's mask and sums: 2 So + 2 Si, the last Si from the
 *     second-level cache where the input is made of it. Possible up to 32768 elements of {@code dW}, on tensor cores.
 * <li>{@code SLICE}: the same with Cin cut into S slices whose blocks each read all of G and Y: 2 S So + 2 Si. Blocks of the same rows are
 *     neighbours, so the surplus comes from the second-level cache; that pays while it at most doubles what is read.
 * <li>{@code DUAL}: two roles of one launch, the gradient of the input and that of the weights: 4 So + 3 Si. For all else, and fp32.
 * </ul>
 * Below 512 rows everything lies in the second-level cache and blocks are what is short: slices then, enough for half of the
 * multiprocessors, whatever they read as long as there is a multiprocessor for each block. The blocks that share the rows are one a
 * multiprocessor, two where {@code dW} is so small that another copy of it costs less than waiting without one. Tiles have 128, 64 or
 * 32 rows: the most that fit the device's shared memory and that leave no block many more rows than smaller ones would; where not even
 * 32 fit there are more slices.
 *
 * @param slice    channels of Cin a slice, a multiple of 16; all of Cin but for SLICE
 * @param tileRows rows of a tile; 0 for DUAL
 * @param apart    whether the gradient of the input has a tile of its own in shared memory
 * @param rows     that a block takes, a multiple of {@code tileRows}; the last ones may get fewer. 0 for DUAL
 * @param parts    blocks that share the rows, and parts of {@code dW} that {@link GradientFold} adds; 1 for DUAL, which adds them itself
 */
public record PointwiseBackwardForm(Form form, int slice, int tileRows, boolean apart, int rows, int parts) {

    /** Below this many rows everything lies in the second-level cache. */
    private static final int FEW_ROWS = 512;

    /** Elements of a partial {@code dW} of which a multiprocessor may leave two. */
    private static final int SMALL_FILTER = 8192;

    /** What few rows are counted in, and the least rows of a tile where two blocks share a multiprocessor. */
    private static final int TILE_ROWS = 64;

    /** One part in this many more rows for the busiest block is worth larger tiles. */
    private static final int TOLERANCE = 8;

    public PointwiseBackwardForm {
        requireNonNull(form, "form");
        if (form != Form.DUAL && (tileRows < 1 || rows < 1 || rows % tileRows != 0 || parts < 1 || slice < 1)) {
            throw new IllegalArgumentException("a backward pass in " + parts + " parts of " + rows + " rows, tiles of " + tileRows + " and slices of "
                    + slice + " channels: all must be at least 1, and parts hold whole tiles");
        }
    }

    /** Two roles in one launch. */
    public static PointwiseBackwardForm dual(ConvSpec spec) {
        return new PointwiseBackwardForm(Form.DUAL, spec.input().channelStride(), 0, false, 0, 1);
    }

    /** The rule. @param spec a pointwise convolution */
    public static PointwiseBackwardForm of(Device device, ConvSpec spec, DType type) {
        requireNonNull(device, "device");
        requireNonNull(spec, "spec");
        requireNonNull(type, "type");
        return of(new Limits(device.multiprocessors(), device.blocksPerMultiprocessor(), device.sharedMemoryPerBlock()), spec, type);
    }

    /**
     * What the rule knows of a device.
     *
     * @param blocks      that a multiprocessor runs at once at most
     * @param sharedBytes of shared memory that a block can have at most
     */
    public record Limits(int multiprocessors, int blocks, int sharedBytes) {
    }

    /** The rule, for a device that need not be there. */
    public static PointwiseBackwardForm of(Limits device, ConvSpec spec, DType type) {
        int rows = spec.input().rows();
        int cin = spec.input().channelStride();
        int cout = spec.output().channelStride();
        int most = VectorGrid.blocks(cin, PointwiseOne.STEP);
        int wanted = rows >= FEW_ROWS ? 1 : Math.min(most, VectorGrid.blocks(device.multiprocessors() / 2, VectorGrid.blocks(rows, TILE_ROWS)));
        for (int slices = Math.max(1, wanted); slices <= most && type != DType.F32; slices++) {
            Optional<PointwiseBackwardForm> form = sliced(device, spec, slices);
            if (form.isPresent()) {
                boolean fits = rows < FEW_ROWS && form.get().parts() * form.get().slices(spec) <= device.multiprocessors();
                return fits || (long) slices * cout + cin <= 2L * (cout + cin) ? form.get() : dual(spec);
            }
        }
        return dual(spec);
    }

    /** With Cin in about {@code slices} slices, where that fits the registers and shared memory of a block. */
    private static Optional<PointwiseBackwardForm> sliced(Limits device, ConvSpec spec, int slices) {
        int cin = spec.input().channelStride();
        int cout = spec.output().channelStride();
        int slice = Math.min(cin, VectorGrid.blocks(VectorGrid.blocks(cin, slices), PointwiseOne.STEP) * PointwiseOne.STEP);
        return PointwiseOne.tile(cout, slice).flatMap(tile -> {
            int copies = cout * slice <= SMALL_FILTER ? Math.min(tile.resident(), device.blocks) : 1;
            return resident(device, spec, slice, copies, TILE_ROWS).or(() -> resident(device, spec, slice, 1, 1));
        });
    }

    /** With {@code copies} blocks a multiprocessor, in the best tiles that they have shared memory for and that keep them equally busy. */
    private static Optional<PointwiseBackwardForm> resident(Limits device, ConvSpec spec, int slice, int copies, int tileRows) {
        int ctas = Math.max(1, device.multiprocessors() * copies / VectorGrid.blocks(spec.input().channelStride(), slice));
        List<PointwiseBackwardForm> forms = PointwiseOne.LAYOUTS.stream()
                .filter(layout -> layout.tileRows() >= tileRows && layout.residents(device.sharedBytes, spec.output().channelStride(), slice) >= copies)
                .map(layout -> sharing(spec, slice, layout, ctas)).toList();
        int least = forms.stream().mapToInt(PointwiseBackwardForm::rows).min().orElse(0);
        return forms.stream().filter(form -> form.rows - least <= least / TOLERANCE).findFirst();
    }

    /** As near to {@code ctas} blocks over the rows as gives each as many tiles. */
    static PointwiseBackwardForm sharing(ConvSpec spec, int slice, PointwiseOne.Layout layout, int ctas) {
        int tiles = VectorGrid.blocks(spec.input().rows(), layout.tileRows());
        int share = VectorGrid.blocks(tiles, Math.min(tiles, ctas));
        return new PointwiseBackwardForm(slice < spec.input().channelStride() ? Form.SLICE : Form.ONE, slice, layout.tileRows(), layout.apart(),
                share * layout.tileRows(), VectorGrid.blocks(tiles, share));
    }

    /** Of the tiles in shared memory; not for DUAL. */
    PointwiseOne.Layout layout() {
        return new PointwiseOne.Layout(tileRows, apart);
    }

    /** Blocks that share the columns. */
    int slices(ConvSpec spec) {
        return VectorGrid.blocks(spec.input().channelStride(), slice);
    }

    /** The same as a grid of tiles, for what folds as the kernel does; not for DUAL. */
    FusedGrid grid(ConvSpec spec) {
        int columns = slice / Shape.CHANNEL_MULTIPLE;
        int threads = PointwiseOne.THREADS / columns * columns;
        return new FusedGrid(new GemmTile(tileRows, slice, PointwiseOne.STEP, threads, 1, Products.EXACT), parts, slices(spec));
    }

    @Override
    public String toString() {
        return switch (form) {
            case DUAL -> "dual";
            case ONE -> "one, " + sharing();
            case SLICE -> "slices of " + slice + ", " + sharing();
        };
    }

    private String sharing() {
        return parts + " x " + rows + " rows in tiles of " + tileRows;
    }
}
