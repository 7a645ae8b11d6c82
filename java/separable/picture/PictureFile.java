package separable.picture;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.function.Supplier;

/**
 * Reads JPEG and PNG pictures of any kind into bytes, grey or red, green, blue. The kind is told by a file's first bytes, never by
 * its name. Colour profiles are ignored, as PIL ignores them; transparent pictures are laid over white; 16 bits become 8 by leaving
 * the lower ones out; CMYK is taken as Adobe writes it, inverted; a camera's orientation (EXIF) is followed. Safe for use by several
 * threads.
 *
 * <p>Hostile files cost little: no picture above {@link #MOST_PIXELS}, no file above {@link #MOST_BYTES}, and nothing is allocated for
 * pixels that a file is too short to hold.
 */
public final class PictureFile {

    /** Pixels of the largest picture that is read: 300 MB in colour. */
    public static final long MOST_PIXELS = 100_000_000;

    /** Bytes of the largest file that is read. */
    public static final int MOST_BYTES = 1 << 28;

    private final int height;
    private final int width;
    private final Supplier<Decoded> decoder;

    private PictureFile(int height, int width, Supplier<Decoded> decoder) {
        this.height = height;
        this.width = width;
        this.decoder = decoder;
    }

    /** @throws PictureException when the file cannot be read or is no whole picture */
    public static Decoded read(Path file) {
        return decode(file.toString(), bytes(file));
    }

    /** A file's content, as far as it can be a picture's. @throws PictureException when it cannot be read */
    public static byte[] bytes(Path file) {
        try (InputStream in = Files.newInputStream(file)) {
            return in.readNBytes(MOST_BYTES + 1);
        } catch (NoSuchFileException e) {
            throw PictureException.unread(file.toString(), "no such file", e);
        } catch (AccessDeniedException e) {
            throw PictureException.unread(file.toString(), "permission denied", e);
        } catch (IOException e) {
            throw PictureException.unread(file.toString(), "cannot be read (" + e.getMessage() + ")", e);
        }
    }

    /** Decodes a picture in memory. @param name what messages call it @throws PictureException when it is no whole picture */
    public static Decoded decode(String name, byte[] bytes) {
        return parse(name, bytes).decode();
    }

    /** Reads all but the pixels. @param name what messages call it @throws PictureException when it is no picture */
    public static PictureFile parse(String name, byte[] bytes) {
        if (bytes.length == 0) {
            throw new PictureException(name, "is empty");
        }
        if (bytes.length > MOST_BYTES) {
            throw new PictureException(name, "is larger than " + (MOST_BYTES >> 20) + " MiB");
        }
        if (PngChunks.isPng(bytes)) {
            PngChunks png = PngChunks.parse(name, bytes);
            return new PictureFile(png.height(), png.width(), () -> new PngDecoder(png).decode());
        }
        if (JpegHeader.isJpeg(bytes)) {
            JpegHeader jpeg = JpegHeader.parse(name, bytes);
            return new PictureFile(jpeg.height(), jpeg.width(), () -> new JpegDecoder(jpeg).decode());
        }
        throw new PictureException(name, "is " + kindOf(bytes) + ", not a JPEG or PNG picture");
    }

    /** Rows as they are stored; a camera's orientation may make columns of them. */
    public int height() {
        return height;
    }

    /** Columns as they are stored. */
    public int width() {
        return width;
    }

    /** @throws PictureException when the pixels are damaged */
    public Decoded decode() {
        return decoder.get();
    }

    /** Refuses sizes that are no picture's or too large. */
    static void checkSize(String name, long height, long width) {
        if (height < 1 || width < 1) {
            throw new PictureException(name, "its header gives " + width + "x" + height + " pixels, which cannot be");
        }
        if (height * width > MOST_PIXELS) {
            throw new PictureException(name, "has " + width + "x" + height + " pixels, more than the " + MOST_PIXELS / 1_000_000
                    + " million that are read");
        }
    }

    private static String kindOf(byte[] bytes) {
        String start = new String(bytes, 0, Math.min(bytes.length, 16), StandardCharsets.ISO_8859_1);
        if (start.startsWith("GIF8")) {
            return "a GIF picture";
        } else if (start.startsWith("RIFF") && start.startsWith("WEBP", 8)) {
            return "a WebP picture";
        } else if (start.startsWith("BM")) {
            return "a BMP picture";
        } else if (start.startsWith("II*\0") || start.startsWith("MM\0*")) {
            return "a TIFF picture";
        } else if (start.startsWith("ftyp", 4)) {
            return "an AVIF or HEIC picture or a film";
        }
        boolean isZero = start.chars().allMatch(c -> c == 0);
        boolean isText = start.chars().allMatch(c -> c >= ' ' && c < 127 || c == '\n' || c == '\r' || c == '\t');
        return isZero ? "zero bytes" : isText ? "text" : "of an unknown kind";
    }
}
