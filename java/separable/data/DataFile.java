package separable.data;

import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;

/** Reads whole files, gzip or plain (told apart by their first two bytes), and turns every failure into one clear line. */
final class DataFile {

    private static final int BUFFER = 1 << 16;
    private static final int GZIP_MAGIC_0 = 0x1f;
    private static final int GZIP_MAGIC_1 = 0x8b;

    private DataFile() {
    }

    /** What a reader does with the file's bytes. */
    @FunctionalInterface
    interface Body<T> {
        T read(InputStream in) throws IOException;
    }

    /** Opens {@code file}, unpacks it where it is gzip, and hands its bytes to {@code body}. */
    static <T> T read(Path file, Body<T> body) {
        if (Files.isDirectory(file)) {
            throw new DataException(file + ": is a folder, a data file was expected: point --data at the folder that holds the files");
        }
        try (InputStream raw = new BufferedInputStream(Files.newInputStream(file), BUFFER)) {
            raw.mark(2);
            int first = raw.read();
            int second = raw.read();
            raw.reset();
            if (first < 0) {
                throw new DataException(file + ": is empty: get the file again");
            }
            if (first == GZIP_MAGIC_0 && second == GZIP_MAGIC_1) {
                return unpack(file, raw, body);
            }
            return body.read(raw);
        } catch (NoSuchFileException e) {
            throw new DataException(file + ": no such file", e);
        } catch (AccessDeniedException e) {
            throw new DataException(file + ": may not be read: change its permissions", e);
        } catch (IOException e) {
            throw new DataException(file + ": cannot be read (" + e.getMessage() + ")", e);
        }
    }

    private static <T> T unpack(Path file, InputStream raw, Body<T> body) throws IOException {
        try (InputStream in = new BufferedInputStream(new GZIPInputStream(raw, BUFFER), BUFFER)) {
            return body.read(in);
        } catch (ZipException e) {
            throw new DataException(file + ": the gzip data is corrupt (" + e.getMessage() + "): get the file again", e);
        } catch (EOFException e) {
            throw new DataException(file + ": the gzip data is truncated (the file ends after " + Files.size(file)
                    + " bytes): get the file again", e);
        }
    }

    /** Reads exactly {@code wanted} bytes and sees the file's end after them. {@code before} bytes were read already. */
    static byte[] readToEnd(Path file, InputStream in, int before, int wanted) throws IOException {
        byte[] bytes = in.readNBytes(wanted);
        if (bytes.length < wanted) {
            throw new DataException(file + ": truncated: expected " + ((long) before + wanted) + " bytes, found "
                    + ((long) before + bytes.length) + ": get the file again");
        }
        if (in.read() >= 0) {
            throw new DataException(file + ": too long: expected " + ((long) before + wanted)
                    + " bytes, found more: get the file again");
        }
        return bytes;
    }

    /** The first bytes in hexadecimal, for messages about files of the wrong kind. */
    static String hex(byte[] bytes) {
        StringBuilder text = new StringBuilder();
        for (byte b : bytes) {
            text.append(text.length() == 0 ? "" : " ").append(String.format("%02x", b));
        }
        return text.toString();
    }
}
