package separable.picture;

/**
 * Bilinear resampling that averages over all pixels a new one covers, bit for bit as PIL does it (src/libImaging/Resample.c):
 * a triangle of the width of a new pixel, at least of an old one; weights in 22-bit fixed point; columns first, rounded to
 * bytes, then rows.
 */
final class Resampler {

    private static final int BITS = 22;

    private Resampler() {
    }

    /**
     * One side of a picture and what of it is wanted anew.
     *
     * @param side  pixels there are
     * @param whole pixels the whole side would have anew
     * @param first the first of them that is wanted
     * @param count how many are wanted
     */
    record Axis(int side, long whole, long first, int count) {

        Axis {
            if (side < 1 || count < 1 || first < 0 || first + count > whole) {
                throw new IllegalArgumentException("pixels " + first + " to " + (first + count) + " of " + side + " resampled to " + whole
                        + ": sizes must be at least 1 and the part inside the whole");
            }
        }

        Axis(int side, int wanted) {
            this(side, wanted, 0, wanted);
        }

        boolean isUnchanged() {
            return side == whole && count == side;
        }
    }

    /** For every new pixel: the first old one that counts, and their weights one after the other. */
    private record Weights(int[] starts, int[][] values) {

        static Weights of(Axis axis) {
            double scale = (double) axis.side() / axis.whole();
            double reach = Math.max(scale, 1);
            int[] starts = new int[axis.count()];
            int[][] values = new int[axis.count()][];
            for (int i = 0; i < axis.count(); i++) {
                double centre = (axis.first() + i + 0.5) * scale;
                int start = Math.max(0, (int) (centre - reach + 0.5));
                int end = Math.min(axis.side(), (int) (centre + reach + 0.5));
                starts[i] = start;
                values[i] = fixed(centre, reach, start, end);
            }
            return new Weights(starts, values);
        }

        private static int[] fixed(double centre, double reach, int start, int end) {
            double[] weights = new double[end - start];
            double sum = 0;
            for (int x = 0; x < weights.length; x++) {
                weights[x] = Math.max(0, 1 - Math.abs((x + start - centre + 0.5) * (1 / reach)));
                sum += weights[x];
            }
            int[] fixed = new int[weights.length];
            for (int x = 0; x < weights.length; x++) {
                fixed[x] = (int) (0.5 + weights[x] / sum * (1 << BITS));
            }
            return fixed;
        }

        int firstRow() {
            return starts[0];
        }

        int endRow() {
            int last = starts.length - 1;
            return starts[last] + values[last].length;
        }
    }

    static Picture resample(Picture picture, Axis rows, Axis columns) {
        Weights vertical = rows.isUnchanged() ? null : Weights.of(rows);
        int firstRow = vertical == null ? 0 : vertical.firstRow();
        int endRow = vertical == null ? picture.height() : vertical.endRow();
        byte[] pixels = picture.pixels();
        if (!columns.isUnchanged()) {
            pixels = alongRows(picture, firstRow, endRow, Weights.of(columns));
        } else {
            firstRow = 0;
        }
        if (vertical != null) {
            pixels = alongColumns(pixels, firstRow, columns.count() * picture.channels(), vertical);
        }
        return new Picture(rows.count(), columns.count(), picture.channels(), pixels);
    }

    /** Rows {@code firstRow} to {@code endRow} at their new width. */
    private static byte[] alongRows(Picture picture, int firstRow, int endRow, Weights weights) {
        int channels = picture.channels();
        byte[] from = picture.pixels();
        byte[] to = new byte[Math.multiplyExact((endRow - firstRow) * channels, weights.starts().length)];
        int next = 0;
        for (int y = firstRow; y < endRow; y++) {
            int row = y * picture.width();
            for (int x = 0; x < weights.starts().length; x++) {
                int[] values = weights.values()[x];
                int first = (row + weights.starts()[x]) * channels;
                for (int c = 0; c < channels; c++) {
                    to[next++] = weighted(from, first + c, channels, values);
                }
            }
        }
        return to;
    }

    /** @param firstRow the row of the picture that {@code from} begins with @param rowBytes bytes of a row */
    private static byte[] alongColumns(byte[] from, int firstRow, int rowBytes, Weights weights) {
        byte[] to = new byte[Math.multiplyExact(weights.starts().length, rowBytes)];
        int next = 0;
        for (int y = 0; y < weights.starts().length; y++) {
            int[] values = weights.values()[y];
            int first = (weights.starts()[y] - firstRow) * rowBytes;
            for (int x = 0; x < rowBytes; x++) {
                to[next++] = weighted(from, first + x, rowBytes, values);
            }
        }
        return to;
    }

    private static byte weighted(byte[] from, int first, int step, int[] weights) {
        int sum = 1 << (BITS - 1);
        for (int i = 0, at = first; i < weights.length; i++, at += step) {
            sum += (from[at] & 0xff) * weights[i];
        }
        return (byte) Math.min(255, sum >> BITS);
    }
}
