package separable.data;

/**
 * Resizes byte pictures by bilinear interpolation between pixel centres (edges repeated, no anti-aliasing), as
 * PyTorch's {@code interpolate(mode="bilinear", align_corners=False)} does. Weights are integers over 2048, so the
 * result is the same on every machine.
 */
final class Bilinear {

    private static final int ONE = 2048;

    private final int height;
    private final int width;
    private final int channels;
    private final Axis rows;
    private final Axis columns;

    Bilinear(int height, int width, int channels, int newHeight, int newWidth) {
        this.height = height;
        this.width = width;
        this.channels = channels;
        this.rows = new Axis(height, newHeight);
        this.columns = new Axis(width, newWidth);
    }

    /** For each new coordinate: the two old ones it lies between and the second one's weight over {@link #ONE}. */
    private static final class Axis {
        private final int[] first;
        private final int[] second;
        private final int[] weight;

        Axis(int size, int newSize) {
            first = new int[newSize];
            second = new int[newSize];
            weight = new int[newSize];
            for (int i = 0; i < newSize; i++) {
                double centre = Math.max(0.0, (i + 0.5) * size / newSize - 0.5);
                first[i] = Math.min((int) centre, size - 1);
                second[i] = Math.min(first[i] + 1, size - 1);
                weight[i] = (int) Math.round((centre - first[i]) * ONE);
            }
        }

        int size() {
            return first.length;
        }
    }

    byte[] resize(byte[] images, int count, String name) {
        long bytes = (long) count * rows.size() * columns.size() * channels;
        if (bytes > Integer.MAX_VALUE - 8) {
            throw new IllegalArgumentException(name + ": " + count + " pictures at " + rows.size() + "x" + columns.size()
                    + " take " + bytes + " bytes; at most 2147483639 fit: use a smaller --resolution");
        }
        byte[] scaled = new byte[(int) bytes];
        int imageBytes = rows.size() * columns.size() * channels;
        for (int i = 0; i < count; i++) {
            resizeOne(images, i * height * width * channels, scaled, i * imageBytes);
        }
        return scaled;
    }

    private void resizeOne(byte[] from, int fromStart, byte[] to, int toStart) {
        int out = toStart;
        for (int y = 0; y < rows.size(); y++) {
            int upper = fromStart + rows.first[y] * width * channels;
            int lower = fromStart + rows.second[y] * width * channels;
            int wy = rows.weight[y];
            for (int x = 0; x < columns.size(); x++) {
                int left = columns.first[x] * channels;
                int right = columns.second[x] * channels;
                int wx = columns.weight[x];
                for (int c = 0; c < channels; c++) {
                    int top = mix(from[upper + left + c], from[upper + right + c], wx);
                    int bottom = mix(from[lower + left + c], from[lower + right + c], wx);
                    int sum = top * (ONE - wy) + bottom * wy;     // below 255 * 2^22 < 2^30
                    to[out++] = (byte) ((sum + ONE * ONE / 2) / (ONE * ONE));
                }
            }
        }
    }

    private static int mix(byte a, byte b, int weight) {
        return Byte.toUnsignedInt(a) * (ONE - weight) + Byte.toUnsignedInt(b) * weight;
    }
}
