package separable.exchange;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The contents of a safetensors file: tensors by name, in the file's order, and free text by key.
 *
 * <p>The format (github.com/huggingface/safetensors): eight bytes, the little-endian length N of the header; N bytes of
 * JSON {@code {"name": {"dtype": "F32", "shape": [2, 3], "data_offsets": [begin, end]}, ..., "__metadata__": {"key": "text"}}},
 * padded with spaces; then the elements. Offsets count from the header's end, and the tensors must cover the rest of the
 * file without gap or overlap.
 */
public record SafeTensors(Map<String, NamedTensor> tensors, Map<String, String> metadata) {

    /** The format's own limit on the header, in bytes. */
    static final long MAX_HEADER = 100_000_000;

    /** The first four bytes of a zip. */
    private static final int ZIP = 0x04034b50;

    public SafeTensors {
        tensors = Collections.unmodifiableMap(new LinkedHashMap<>(tensors));
        metadata = Collections.unmodifiableMap(new LinkedHashMap<>(metadata));
    }

    /** @throws IllegalArgumentException when two tensors share a name */
    public static SafeTensors of(Collection<NamedTensor> tensors, Map<String, String> metadata) {
        Map<String, NamedTensor> named = new LinkedHashMap<>();
        for (NamedTensor tensor : tensors) {
            if (named.put(tensor.name(), tensor) != null) {
                throw new IllegalArgumentException("two tensors are named '" + tensor.name() + "'");
            }
        }
        return new SafeTensors(named, metadata);
    }

    /** The tensor of that name. @throws IllegalArgumentException when there is none */
    public NamedTensor tensor(String name) {
        NamedTensor tensor = tensors.get(name);
        if (tensor == null) {
            throw new IllegalArgumentException("no tensor '" + name + "' among the " + tensors.size() + " of the file");
        }
        return tensor;
    }

    /**
     * Reads a whole file into memory, each tensor into an array of its own.
     *
     * @throws SafeTensorsException when the file is truncated or breaks the format anywhere
     */
    public static SafeTensors read(Path file) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            SafeTensorsHeader header = readHeader(file, channel);
            Map<String, NamedTensor> tensors = new LinkedHashMap<>();
            for (SafeTensorsHeader.Entry entry : header.entries()) {
                ByteBuffer data = readFully(file, channel, header.bytes() + entry.begin(), entry.bytes());
                tensors.put(entry.name(), new NamedTensor(entry.name(), entry.type(), entry.shape(), data));
            }
            return new SafeTensors(tensors, header.metadata());
        } catch (NoSuchFileException e) {
            throw new NoSuchFileException(file + ": no such file");
        }
    }

    private static SafeTensorsHeader readHeader(Path file, FileChannel channel) throws IOException {
        long size = channel.size();
        if (size < Long.BYTES) {
            throw new SafeTensorsException(file, "truncated, " + size + " bytes do not even hold the header's length");
        }
        long length = readFully(file, channel, 0, Long.BYTES).getLong();
        if ((int) length == ZIP) {
            throw new SafeTensorsException(file, "it is a zip, as torch.save writes: in Python, "
                    + "safetensors.torch.save_file(torch.load(FILE), ...) makes one of it");
        }
        if (length < 2 || length > MAX_HEADER) {
            throw new SafeTensorsException(file, "a header of " + Long.toUnsignedString(length) + " bytes is announced, "
                    + "possible are 2 to " + MAX_HEADER);
        }
        if (length > size - Long.BYTES) {
            throw new SafeTensorsException(file, "truncated, a header of " + length + " bytes is announced, " + (size - Long.BYTES)
                    + " bytes follow");
        }
        ByteBuffer json = readFully(file, channel, Long.BYTES, length);
        return SafeTensorsHeader.parse(file, json, size - Long.BYTES - length);
    }

    private static ByteBuffer readFully(Path file, FileChannel channel, long position, long bytes) throws IOException {
        if (bytes > Integer.MAX_VALUE - 8) {
            throw new SafeTensorsException(file, "a tensor of " + bytes + " bytes, at most 2 GiB are supported");
        }
        ByteBuffer data = ByteBuffer.allocate((int) bytes).order(ByteOrder.LITTLE_ENDIAN);
        while (data.position() < data.capacity()) {
            data.limit((int) Math.min(data.capacity(), (long) data.position() + WholeFile.PIECE));
            if (channel.read(data, position + data.position()) < 0) {
                throw new SafeTensorsException(file, "it became shorter while it was read");
            }
        }
        return data.flip();
    }

    /**
     * Writes the file: the same contents in the same order give the same bytes. The bytes go to a file beside it that takes
     * its name once it is complete and on the disk, so an older file survives any failure.
     */
    public void write(Path file) throws IOException {
        WholeFile.replace(file, channel -> {
            WholeFile.writeFully(channel, SafeTensorsHeader.format(tensors.values(), metadata));
            for (NamedTensor tensor : tensors.values()) {
                WholeFile.writeFully(channel, tensor.data());
            }
        });
    }

    /** Names in the file's order. */
    public List<String> names() {
        return new ArrayList<>(tensors.keySet());
    }
}
