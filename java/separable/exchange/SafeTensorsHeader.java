package separable.exchange;

import com.google.gson.Strictness;
import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import com.google.gson.stream.JsonWriter;
import com.google.gson.stream.MalformedJsonException;
import java.io.EOFException;
import java.io.IOException;
import java.io.StringReader;
import java.io.StringWriter;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/** The header of a safetensors file: {@code bytes} up to the first element, what each tensor is and where, and the free text. */
record SafeTensorsHeader(long bytes, List<Entry> entries, Map<String, String> metadata) {

    private static final String METADATA = "__metadata__";

    /** A tensor at bytes {@code begin} to {@code end}, counted from the header's end. */
    record Entry(String name, ElementType type, long[] shape, long begin, long end) {
        long bytes() {
            return end - begin;
        }
    }

    /** The length, the JSON and the padding, such that the elements start at a multiple of 8 bytes. */
    static ByteBuffer format(Collection<NamedTensor> tensors, Map<String, String> metadata) throws IOException {
        StringWriter text = new StringWriter();
        JsonWriter json = new JsonWriter(text);
        json.beginObject();
        if (!metadata.isEmpty()) {
            json.name(METADATA).beginObject();
            for (Map.Entry<String, String> entry : metadata.entrySet()) {
                json.name(entry.getKey()).value(entry.getValue());
            }
            json.endObject();
        }
        long offset = 0;
        for (NamedTensor tensor : tensors) {
            json.name(tensor.name()).beginObject().name("dtype").value(tensor.type().name());
            writeLongs(json.name("shape"), tensor.shape());
            long end = offset + tensor.data().remaining();
            writeLongs(json.name("data_offsets"), offset, end);
            json.endObject();
            offset = end;
        }
        json.endObject().close();

        byte[] utf8 = text.toString().getBytes(StandardCharsets.UTF_8);
        int padded = (utf8.length + 7) / 8 * 8;
        ByteBuffer header = ByteBuffer.allocate(Long.BYTES + padded).order(ByteOrder.LITTLE_ENDIAN).putLong(padded).put(utf8);
        Arrays.fill(header.array(), header.position(), header.capacity(), (byte) ' ');
        return header.rewind();
    }

    private static void writeLongs(JsonWriter json, long... values) throws IOException {
        json.beginArray();
        for (long value : values) {
            json.value(value);
        }
        json.endArray();
    }

    /**
     * @param json the header without its length
     * @param dataBytes bytes of the file after the header
     */
    static SafeTensorsHeader parse(Path file, ByteBuffer json, long dataBytes) throws IOException {
        long bytes = Long.BYTES + json.remaining();
        SafeTensorsHeader header = new Parser(file, decode(file, json)).parse(bytes);
        header.checkCoverage(file, dataBytes);
        return header;
    }

    private static String decode(Path file, ByteBuffer json) throws SafeTensorsException {
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(json).toString();
        } catch (CharacterCodingException e) {
            throw new SafeTensorsException(file, "the header is not UTF-8 text");
        }
    }

    /** In the order of their offsets the tensors must follow one another from the first byte to the last. */
    private void checkCoverage(Path file, long dataBytes) throws SafeTensorsException {
        List<Entry> byOffset = new ArrayList<>(entries);
        byOffset.sort(Comparator.comparingLong(Entry::begin).thenComparingLong(Entry::end));
        long covered = 0;
        for (Entry entry : byOffset) {
            if (entry.begin() != covered) {
                throw new SafeTensorsException(file, "tensor '" + entry.name() + "' begins at byte " + entry.begin() + " of the data, "
                        + (entry.begin() < covered ? "inside the tensor before it, which ends at " : "leaving a gap after byte ") + covered);
            }
            covered = entry.end();
        }
        if (covered != dataBytes) {
            throw new SafeTensorsException(file, covered > dataBytes
                    ? "truncated, the tensors need " + covered + " bytes of data, the file has " + dataBytes
                    : dataBytes - covered + " bytes follow the last tensor");
        }
    }

    /** Reads the JSON token by token, so that nothing but what the format allows is ever built. */
    private static final class Parser {
        private final Path file;
        private final JsonReader json;

        Parser(Path file, String text) {
            this.file = file;
            json = new JsonReader(new StringReader(text));
            json.setStrictness(Strictness.STRICT);
        }

        SafeTensorsHeader parse(long bytes) throws SafeTensorsException {
            try {
                List<Entry> entries = new ArrayList<>();
                Map<String, String> metadata = new LinkedHashMap<>();
                Set<String> names = new HashSet<>();
                expect(JsonToken.BEGIN_OBJECT, "the header");
                json.beginObject();
                while (json.hasNext()) {
                    String name = json.nextName();
                    if (!names.add(name)) {
                        throw defect("'" + name + "' occurs twice in the header");
                    }
                    if (name.equals(METADATA)) {
                        readMetadata(metadata);
                    } else {
                        entries.add(readEntry(name));
                    }
                }
                json.endObject();
                if (json.peek() != JsonToken.END_DOCUMENT) {
                    throw defect("something follows the header's JSON object");
                }
                return new SafeTensorsHeader(bytes, entries, metadata);
            } catch (SafeTensorsException e) {
                throw e;
            } catch (MalformedJsonException | EOFException e) {
                throw defect("the header is not valid JSON near " + json.getPath());
            } catch (IOException e) {
                throw new AssertionError("reading a string", e);
            }
        }

        private void readMetadata(Map<String, String> metadata) throws IOException {
            expect(JsonToken.BEGIN_OBJECT, METADATA);
            json.beginObject();
            while (json.hasNext()) {
                String key = json.nextName();
                expect(JsonToken.STRING, METADATA + " '" + key + "'");
                if (metadata.put(key, json.nextString()) != null) {
                    throw defect(METADATA + " '" + key + "' occurs twice");
                }
            }
            json.endObject();
        }

        private Entry readEntry(String name) throws IOException {
            String where = "tensor '" + name + "'";
            String dtype = null;
            long[] shape = null;
            long[] offsets = null;
            expect(JsonToken.BEGIN_OBJECT, where);
            json.beginObject();
            while (json.hasNext()) {
                String field = json.nextName();
                if (field.equals("dtype") && dtype == null) {
                    expect(JsonToken.STRING, where + " dtype");
                    dtype = json.nextString();
                } else if (field.equals("shape") && shape == null) {
                    shape = readLongs(where + " shape");
                } else if (field.equals("data_offsets") && offsets == null) {
                    offsets = readLongs(where + " data_offsets");
                } else {
                    throw defect(where + " has a repeated or unknown field '" + field + "'");
                }
            }
            json.endObject();
            if (dtype == null || shape == null || offsets == null) {
                throw defect(where + " lacks " + (dtype == null ? "dtype" : shape == null ? "shape" : "data_offsets"));
            }
            return checked(where, name, type(where, dtype), shape, offsets);
        }

        private Entry checked(String where, String name, ElementType type, long[] shape, long[] offsets) throws SafeTensorsException {
            if (offsets.length != 2 || offsets[0] > offsets[1]) {
                throw defect(where + " has data_offsets " + Arrays.toString(offsets) + ", wanted are [begin, end]");
            }
            long expected;
            try {
                expected = NamedTensor.bytes(shape, type);
            } catch (ArithmeticException e) {
                throw defect(where + " has the impossible shape " + Arrays.toString(shape));
            }
            if (expected != offsets[1] - offsets[0]) {
                throw defect(where + " " + type + Arrays.toString(shape) + " takes " + expected + " bytes, its data_offsets "
                        + Arrays.toString(offsets) + " give " + (offsets[1] - offsets[0]));
            }
            return new Entry(name, type, shape, offsets[0], offsets[1]);
        }

        private ElementType type(String where, String dtype) throws SafeTensorsException {
            for (ElementType type : ElementType.values()) {
                if (type.name().equals(dtype)) {
                    return type;
                }
            }
            throw defect(where + " has the element type '" + dtype + "', known are " + Arrays.toString(ElementType.values()));
        }

        /** An array of integers from 0 up; 18 digits at most, so that no sum of two overflows. */
        private long[] readLongs(String where) throws IOException {
            List<Long> values = new ArrayList<>();
            expect(JsonToken.BEGIN_ARRAY, where);
            json.beginArray();
            while (json.hasNext()) {
                expect(JsonToken.NUMBER, where);
                String digits = json.nextString();
                if (!digits.matches("[0-9]{1,18}")) {
                    throw defect(where + " holds " + digits + ", not a whole number from 0 up");
                }
                values.add(Long.parseLong(digits));
            }
            json.endArray();
            return values.stream().mapToLong(Long::longValue).toArray();
        }

        private void expect(JsonToken token, String where) throws IOException {
            JsonToken found = json.peek();
            if (found != token) {
                throw defect(where + ": expected " + words(token) + ", found " + words(found));
            }
        }

        private static String words(JsonToken token) {
            return token.name().toLowerCase(Locale.ROOT).replace('_', ' ');
        }

        private SafeTensorsException defect(String text) {
            return new SafeTensorsException(file, text);
        }
    }
}
