package separable.tune;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Random;
import separable.spec.ConvSpec;
import separable.spec.DType;
import separable.spec.Layout;
import separable.spec.Pass;
import separable.spec.Shape;

/**
 * The operands of a problem as they lie in memory: numbers with random signs and mantissas and magnitudes in [1/8, 1), which every
 * precision holds exactly as written. Large activations come as the first rows, to be repeated: making them all would take longer than
 * what they are for.
 */
final class RandomValues {

    /** Elements of a pattern at most, and then an odd number of rows, so that it falls differently on every line and picture. */
    private static final int PATTERN_ELEMENTS = 1 << 20;

    private RandomValues() {
    }

    /** x, or dy of the data gradient. */
    static byte[] a(Problem problem, Random random) {
        ConvSpec spec = problem.spec();
        return activation(problem, problem.pass() == Pass.BACKWARD_DATA ? spec.output() : spec.input(), random);
    }

    /** w, or dy of the filter gradient. */
    static byte[] b(Problem problem, Random random) {
        return problem.pass() == Pass.BACKWARD_FILTER ? activation(problem, problem.spec().output(), random) : filter(problem, random);
    }

    private static byte[] activation(Problem problem, Shape shape, Random random) {
        if (problem.layout() == Layout.NCHW) {
            return rows(shape.rows(), shape.c(), shape.c(), problem.type(), random);
        }
        return rows(shape.rows(), shape.c(), problem.layout().storedChannels(shape.c()), problem.type(), random);
    }

    private static byte[] rows(int count, int columns, int stored, DType type, Random random) {
        int most = Math.max(1, PATTERN_ELEMENTS / stored);
        int made = count <= most ? count : most - 1 + most % 2;
        return matrix(Math.max(1, made), columns, Math.max(1, made), stored, type, random);
    }

    private static byte[] filter(Problem problem, Random random) {
        ConvSpec spec = problem.spec();
        Layout layout = problem.layout();
        int taps = spec.kernelHeight() * spec.kernelWidth();
        int outputs = spec.outputChannels();
        if (spec.isDepthwise()) {
            return matrix(taps, outputs, taps, layout.storedChannels(outputs), problem.type(), random);
        }
        int inputs = spec.input().c() / spec.groups();
        return matrix(taps * outputs, inputs, taps * layout.storedChannels(outputs), layout.storedChannels(inputs), problem.type(), random);
    }

    private static byte[] matrix(int rows, int columns, int storedRows, int storedColumns, DType type, Random random) {
        ByteBuffer bytes = ByteBuffer.allocate(Math.toIntExact((long) storedRows * storedColumns * type.bytes())).order(ByteOrder.LITTLE_ENDIAN);
        for (int row = 0; row < rows; row++) {
            bytes.position(row * storedColumns * type.bytes());
            for (int column = 0; column < columns; column++) {
                put(bytes, type, random.nextInt());
            }
        }
        return bytes.array();
    }

    private static void put(ByteBuffer bytes, DType type, int random) {
        int sign = random >>> 31;
        int exponent = 126 - (random >>> 24 & 0x7f) % 3;     // 2^-1, 2^-2 or 2^-3
        switch (type) {
            case F32 -> bytes.putInt(sign << 31 | exponent << 23 | random & 0x7fffff);
            case BF16 -> bytes.putShort((short) (sign << 15 | exponent << 7 | random & 0x7f));
            case F16 -> bytes.putShort((short) (sign << 15 | exponent - (127 - 15) << 10 | random & 0x3ff));
        }
    }
}
