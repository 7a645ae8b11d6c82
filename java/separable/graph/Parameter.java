package separable.graph;

import java.util.List;
import java.util.Objects;
import separable.spec.Shape;

/**
 * One trainable parameter: its name and shape in files (PyTorch's), its layout in memory, and how it starts.
 *
 * @param name    as saved, for example {@code features.0.0.weight}
 * @param layout  how {@code [out, in, height, width]} maps to files and memory
 * @param out     output channels; the length of a {@link Layout#VECTOR}
 * @param in      input channels; 1 for depthwise filters and vectors
 * @param decay   whether weight decay applies
 * @param initial distribution of the first values
 */
public record Parameter(String name, Layout layout, int out, int in, int height, int width, boolean decay,
                        InitialValue initial) implements StateEntry {

    /** Where the value of output {@code o}, input {@code i}, tap {@code (y, x)} is; {@code p} marks a rounded-up channel count. */
    public enum Layout {
        /** File {@code [out]}, memory {@code [outp]}. */
        VECTOR,
        /** File {@code [out, 1, KH, KW]}, memory {@code [KH, KW, outp]}. */
        DEPTHWISE,
        /** File {@code [out, in, KH, KW]}, memory {@code [outp, KH, KW, inp]}; 1x1 filters too. */
        CONVOLUTION,
        /** A dense layer over a picture. File {@code [out, in * H * W]}, PyTorch's order; memory {@code [outp, H, W, inp]}, NHWC's. */
        DENSE
    }

    public Parameter {
        Objects.requireNonNull(layout, "layout");
        Objects.requireNonNull(initial, "initial");
        if (out < 1 || in < 1 || height < 1 || width < 1) {
            throw new IllegalArgumentException(name + ": parameter of " + out + "x" + in + "x" + height + "x" + width
                    + ", every extent must be at least 1");
        }
        boolean single = switch (layout) {
            case VECTOR -> in == 1 && height == 1 && width == 1;
            case DEPTHWISE -> in == 1;
            case CONVOLUTION, DENSE -> true;
        };
        if (!single) {
            throw new IllegalArgumentException(name + ": a " + layout + " parameter cannot be " + out + "x" + in + "x" + height + "x" + width);
        }
    }

    public static Parameter vector(String name, int channels, boolean decay, InitialValue initial) {
        return new Parameter(name, Layout.VECTOR, channels, 1, 1, 1, decay, initial);
    }

    /** Values in a file: surplus channels not counted. */
    public int count() {
        return Math.multiplyExact(Math.multiplyExact(out, in), Math.multiplyExact(height, width));
    }

    /** The shape in a file, in PyTorch's terms. */
    public List<Integer> fileShape() {
        return switch (layout) {
            case VECTOR -> List.of(out);
            case DEPTHWISE, CONVOLUTION -> List.of(out, in, height, width);
            case DENSE -> List.of(out, in * height * width);
        };
    }

    @Override
    public Shape storage() {
        return switch (layout) {
            case VECTOR -> new Shape(1, 1, 1, out);
            case DEPTHWISE -> new Shape(1, height, width, out);
            case CONVOLUTION, DENSE -> new Shape(Shape.roundUp(out), height, width, in);
        };
    }

    /** Rows of {@link #storage()}, seen as a matrix, that hold values; the rest is surplus. */
    public int usedRows() {
        return switch (layout) {
            case VECTOR -> 1;
            case DEPTHWISE -> height * width;
            case CONVOLUTION, DENSE -> out * height * width;
        };
    }

    /** From memory order to file order. */
    float[] toFile(float[] stored) {
        float[] file = new float[count()];
        for (int at = 0; at < file.length; at++) {
            file[at] = stored[storedIndex(at)];
        }
        return file;
    }

    /** From file order to memory order, surplus zero. */
    float[] toMemory(float[] file) {
        float[] stored = new float[storage().elements()];
        for (int at = 0; at < file.length; at++) {
            stored[storedIndex(at)] = file[at];
        }
        return stored;
    }

    private int storedIndex(int fileIndex) {
        int x = fileIndex % width;
        int y = fileIndex / width % height;
        int i = fileIndex / (width * height) % in;
        int o = fileIndex / (width * height * in);
        return switch (layout) {
            case VECTOR -> o;
            case DEPTHWISE -> (y * width + x) * Shape.roundUp(out) + o;
            case CONVOLUTION, DENSE -> ((o * height + y) * width + x) * Shape.roundUp(in) + i;
        };
    }
}
