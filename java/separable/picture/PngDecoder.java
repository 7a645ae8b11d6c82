package separable.picture;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/** Unpacks the rows of a PNG picture: inflates, undoes the filter of every row, spreads samples to bytes. */
final class PngDecoder {

    /** Adam7's passes: first row and column, and the distance between rows and columns. */
    private static final int[][] PASSES = {{0, 0, 8, 8}, {0, 4, 8, 8}, {4, 0, 8, 4}, {0, 2, 4, 4}, {2, 0, 4, 2}, {0, 1, 2, 2}, {1, 0, 2, 1}};
    private static final int[][] ONE_PASS = {{0, 0, 1, 1}};

    private final PngChunks png;
    private final int channels;
    private final byte[] pixels;
    private final Iterator<ByteBuffer> data;
    /** Most files: a row as it was packed is a row of the picture. */
    private final boolean rowsAreBytes;
    private boolean sawTransparency;

    PngDecoder(PngChunks png) {
        this.png = png;
        this.channels = png.colour() == 0 || png.colour() == 4 ? 1 : 3;
        this.pixels = new byte[png.height() * png.width() * channels];
        this.data = png.data().iterator();
        this.rowsAreBytes = png.depth() == 8 && (png.colour() == 0 || png.colour() == 2) && png.transparency().length == 0
                && !png.isInterlaced();
    }

    Decoded decode() {
        Inflater inflater = new Inflater();
        try {
            for (int[] pass : png.isInterlaced() ? PASSES : ONE_PASS) {
                readPass(inflater, pass[0], pass[1], pass[2], pass[3]);
            }
        } catch (DataFormatException e) {
            throw new PictureException(png.name(), "is a damaged PNG picture: " + e.getMessage(), e);
        } finally {
            inflater.end();
        }
        Picture picture = new Picture(png.height(), png.width(), channels, pixels);
        return new Decoded(picture.turned(png.orientation()), conversions());
    }

    private List<String> conversions() {
        List<String> conversions = new ArrayList<>();
        if (png.depth() == 16) {
            conversions.add("16 bits to 8");
        }
        if (sawTransparency) {
            conversions.add("transparency over white");
        }
        return conversions;
    }

    private void readPass(Inflater inflater, int firstRow, int firstColumn, int rowStep, int columnStep) throws DataFormatException {
        int columns = (png.width() - firstColumn + columnStep - 1) / columnStep;
        if (columns <= 0) {
            return;
        }
        int pixelBits = png.samples() * png.depth();
        int rowBytes = (int) (((long) columns * pixelBits + 7) / 8);
        byte[] before = new byte[rowBytes];
        byte[] row = new byte[rowBytes];
        byte[] filter = new byte[1];
        for (int y = firstRow; y < png.height(); y += rowStep) {
            inflate(inflater, filter);
            inflate(inflater, row);
            unfilter(filter[0], row, before, Math.max(1, pixelBits / 8));
            if (rowsAreBytes) {
                System.arraycopy(row, 0, pixels, y * rowBytes, rowBytes);
            } else {
                for (int x = 0; x < columns; x++) {
                    put(row, x, (y * png.width() + firstColumn + x * columnStep) * channels);
                }
            }
            byte[] swap = before;
            before = row;
            row = swap;
        }
    }

    /** Fills {@code to} with what comes next. */
    private void inflate(Inflater inflater, byte[] to) throws DataFormatException {
        for (int done = 0; done < to.length; ) {
            int more = inflater.inflate(to, done, to.length - done);
            done += more;
            if (more == 0) {
                if (inflater.finished() || inflater.needsDictionary() || !data.hasNext()) {
                    throw PngChunks.truncated(png.name());
                }
                inflater.setInput(data.next());
            }
        }
    }

    /** Adds to every byte what its row's filter predicts from the bytes left, above and above left (chapter 9). */
    private void unfilter(int filter, byte[] row, byte[] before, int distance) {
        if (filter < 0 || filter > 4) {
            throw new PictureException(png.name(), "is a damaged PNG picture: a row has filter " + filter);
        }
        for (int i = 0; i < row.length && filter != 0; i++) {
            int left = i < distance ? 0 : row[i - distance] & 0xff;
            int above = before[i] & 0xff;
            int aboveLeft = i < distance ? 0 : before[i - distance] & 0xff;
            row[i] += (byte) switch (filter) {
                case 1 -> left;
                case 2 -> above;
                case 3 -> (left + above) / 2;
                default -> paeth(left, above, aboveLeft);
            };
        }
    }

    private static int paeth(int left, int above, int aboveLeft) {
        int toLeft = Math.abs(above - aboveLeft);
        int toAbove = Math.abs(left - aboveLeft);
        int toAboveLeft = Math.abs(left + above - 2 * aboveLeft);
        return toLeft <= toAbove && toLeft <= toAboveLeft ? left : toAbove <= toAboveLeft ? above : aboveLeft;
    }

    /** Pixel {@code x} of a row of samples, as bytes from {@code to} on. */
    private void put(byte[] row, int x, int to) {
        if (png.colour() == 3) {
            putPaletteEntry(sample(row, x), to);
            return;
        }
        int first = x * png.samples();
        boolean hasAlpha = png.colour() >= 4;
        int alpha = hasAlpha ? toByte(sample(row, first + channels)) : isTransparent(row, first) ? 0 : 255;
        for (int c = 0; c < channels; c++) {
            pixels[to + c] = overWhite(toByte(sample(row, first + c)), alpha);
        }
    }

    private void putPaletteEntry(int entry, int to) {
        byte[] palette = png.palette();
        if (3 * entry >= palette.length) {
            throw new PictureException(png.name(), "is a damaged PNG picture: colour " + entry + " of a palette with " + palette.length / 3);
        }
        int alpha = entry < png.transparency().length ? png.transparency()[entry] & 0xff : 255;
        for (int c = 0; c < 3; c++) {
            pixels[to + c] = overWhite(palette[3 * entry + c] & 0xff, alpha);
        }
    }

    private boolean isTransparent(byte[] row, int first) {
        byte[] colour = png.transparency();
        if (colour.length == 0) {
            return false;
        }
        for (int c = 0; c < channels; c++) {
            int value = (colour[2 * c] & 0xff) << 8 | colour[2 * c + 1] & 0xff;
            if (sample(row, first + c) != value) {
                return false;
            }
        }
        return true;
    }

    private int sample(byte[] row, int index) {
        int depth = png.depth();
        if (depth == 8) {
            return row[index] & 0xff;
        }
        if (depth == 16) {
            return (row[2 * index] & 0xff) << 8 | row[2 * index + 1] & 0xff;
        }
        int bit = index * depth;
        return (row[bit >> 3] & 0xff) >> (8 - depth - (bit & 7)) & (1 << depth) - 1;
    }

    private int toByte(int sample) {
        return png.depth() == 16 ? sample >> 8 : sample * (255 / ((1 << png.depth()) - 1));
    }

    private byte overWhite(int value, int alpha) {
        sawTransparency |= alpha != 255;
        return (byte) ((value * alpha + 255 * (255 - alpha) + 127) / 255);
    }
}
