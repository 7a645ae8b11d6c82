package separable.tensorboard;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.WireFormat;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/** Reads event files as strictly as their format allows: frames, checksums, and only the fields that are known, each of its type. */
public final class Events {

    /** @param value of a scalar, else null; the summary's other content by field number, undigested */
    public record Point(long step, Float value, Map<Integer, byte[]> content) {
    }

    /** Points by tag, of the whole folder: a session's start voids what earlier files say of its step and later ones. */
    public final Map<String, List<Point>> byTag = new TreeMap<>();

    public static Events read(Path folder) throws IOException {
        Events events = new Events();
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.sorted().toList()) {
                assertThat(file.getFileName().toString()).matches("events\\.out\\.tfevents\\.\\d{10}\\..+\\.\\d+\\.\\d+");
                events.add(Files.readAllBytes(file));
            }
        }
        return events;
    }

    public List<Long> steps(String tag) {
        return byTag.get(tag).stream().map(Point::step).toList();
    }

    public List<Float> values(String tag) {
        return byTag.get(tag).stream().map(Point::value).toList();
    }

    private void add(byte[] file) throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
        for (int record = 0; bytes.hasRemaining(); record++) {
            byte[] length = new byte[8];
            bytes.get(length);
            assertThat(bytes.getInt()).as("checksum of the length of record %d", record).isEqualTo(masked(length));
            byte[] data = new byte[Math.toIntExact(ByteBuffer.wrap(length).order(ByteOrder.LITTLE_ENDIAN).getLong())];
            bytes.get(data);
            assertThat(bytes.getInt()).as("checksum of record %d", record).isEqualTo(masked(data));
            event(record, fields(data));
        }
    }

    /** CRC-32C bit by bit, as its definition has it, and TFRecord's mask. */
    static int masked(byte[] bytes) {
        int crc = -1;
        for (byte b : bytes) {
            crc ^= b & 0xff;
            for (int bit = 0; bit < 8; bit++) {
                crc = (crc & 1) == 0 ? crc >>> 1 : crc >>> 1 ^ 0x82f63b78;
            }
        }
        crc = ~crc;
        return (crc >>> 15 | crc << 17) + 0xa282ead8;
    }

    private void event(int record, Map<Integer, List<Object>> event) throws IOException {
        assertThat(event.keySet()).isSubsetOf(1, 2, 3, 5, 7);
        assertThat(Double.longBitsToDouble((long) event.get(1).get(0))).as("wall time").isBetween(1.6e9, 1e10);
        long step = event.containsKey(2) ? (long) event.get(2).get(0) : 0;
        assertThat(event.containsKey(3)).as("a version in the first record and no other").isEqualTo(record == 0);
        if (record == 0) {
            assertThat((byte[]) event.get(3).get(0)).asString().isEqualTo("brain.Event:2");
        }
        if (event.containsKey(7)) {
            byTag.values().forEach(points -> points.removeIf(point -> point.step() >= step));
        }
        for (Object summary : event.getOrDefault(5, List.of())) {
            for (Object value : fields((byte[]) summary).get(1)) {
                value(step, fields((byte[]) value));
            }
        }
    }

    private void value(long step, Map<Integer, List<Object>> value) {
        assertThat(value.keySet()).isSubsetOf(1, 2, 4, 5, 8, 9);
        Float scalar = value.containsKey(2) ? Float.intBitsToFloat((int) value.get(2).get(0)) : null;
        Map<Integer, byte[]> content = new LinkedHashMap<>();
        for (int field : new int[] {4, 5, 8, 9}) {
            if (value.containsKey(field)) {
                content.put(field, (byte[]) value.get(field).get(0));
            }
        }
        assertThat(content.isEmpty()).as("either a scalar or something else").isEqualTo(scalar != null);
        String tag = new String((byte[]) value.get(1).get(0), StandardCharsets.UTF_8);
        byTag.computeIfAbsent(tag, name -> new ArrayList<>()).add(new Point(step, scalar, content));
    }

    /** A message's fields by number: varints and 64-bit values as Long, 32-bit ones as Integer, the rest as bytes. */
    static Map<Integer, List<Object>> fields(byte[] message) throws IOException {
        CodedInputStream in = CodedInputStream.newInstance(message);
        Map<Integer, List<Object>> fields = new LinkedHashMap<>();
        for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
            Object value = switch (WireFormat.getTagWireType(tag)) {
                case WireFormat.WIRETYPE_VARINT -> in.readRawVarint64();
                case WireFormat.WIRETYPE_FIXED64 -> in.readRawLittleEndian64();
                case WireFormat.WIRETYPE_FIXED32 -> in.readRawLittleEndian32();
                case WireFormat.WIRETYPE_LENGTH_DELIMITED -> in.readByteArray();
                default -> throw new IOException("wire type of tag " + tag);
            };
            fields.computeIfAbsent(WireFormat.getTagFieldNumber(tag), number -> new ArrayList<>()).add(value);
        }
        return fields;
    }
}
