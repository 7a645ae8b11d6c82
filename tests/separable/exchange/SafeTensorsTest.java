package separable.exchange;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class SafeTensorsTest {

    private static final String ONE = "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}";

    @TempDir
    Path folder;

    @Test
    void readsAFileWrittenElsewhere() throws IOException {
        SafeTensors file = SafeTensors.read(resource("every-type.safetensors"));

        assertThat(file.metadata()).containsExactly(Map.entry("format", "pt"), Map.entry("note", "line\nbreak"));
        assertThat(file.names()).containsExactly("floats", "halves", "brain", "longs", "ints", "bytes", "scalar", "nothing",
                "n\u00e4me \"quoted\"");
        assertThat(file.tensor("floats").shape()).containsExactly(2, 3);
        assertThat(file.tensor("floats").floats())
                .containsExactly(1.5f, -2.25f, 3e-41f, Float.POSITIVE_INFINITY, -0.0f, 0.1f);
        assertThat(file.tensor("halves").floats())
                .containsExactly(1.5f, -0.0f, 0x1p-24f, -65504f, Float.POSITIVE_INFINITY, 0.0999755859375f);
        assertThat(file.tensor("brain").floats())
                .containsExactly(1f, -2.5f, Float.intBitsToFloat(0x10000), Float.NEGATIVE_INFINITY);
        assertThat(file.tensor("longs").integers()).containsExactly(-1, 1L << 40);
        assertThat(file.tensor("ints").integers()).containsExactly(-7, Integer.MAX_VALUE);
        assertThat(file.tensor("bytes").integers()).containsExactly(0, 127, 255);
        assertThat(file.tensor("scalar").shape()).isEmpty();
        assertThat(file.tensor("scalar").floats()).containsExactly(2.5f);
        assertThat(file.tensor("nothing").shape()).containsExactly(0, 3);
        assertThat(file.tensor("nothing").elements()).isZero();
    }

    @Test
    void whatIsWrittenReadsBackEqual() throws IOException {
        SafeTensors read = SafeTensors.read(resource("every-type.safetensors"));
        Path copy = folder.resolve("copy.safetensors");
        read.write(copy);

        assertThat(SafeTensors.read(copy)).isEqualTo(read);
    }

    @Test
    void bytesDependOnNothingButTheContents() throws IOException {
        SafeTensors contents = SafeTensors.of(List.of(
                NamedTensor.of("b", new long[] {2}, new float[] {1, 2}),
                NamedTensor.of("a", new long[] {1, 1}, new int[] {3})), Map.of("k", "v"));
        Path file = folder.resolve("x.safetensors");
        contents.write(file);

        String header = "{\"__metadata__\":{\"k\":\"v\"},\"b\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},"
                + "\"a\":{\"dtype\":\"I32\",\"shape\":[1,1],\"data_offsets\":[8,12]}}";
        int padded = (header.length() + 7) / 8 * 8;
        ByteBuffer expected = ByteBuffer.allocate(8 + padded + 12).order(ByteOrder.LITTLE_ENDIAN).putLong(padded)
                .put((header + " ".repeat(padded - header.length())).getBytes(StandardCharsets.UTF_8))
                .putFloat(1).putFloat(2).putInt(3);
        assertThat(Files.readAllBytes(file)).isEqualTo(expected.array());
        assertThat(folder.toFile().list()).containsExactly("x.safetensors");
    }

    @Test
    void tensorsLargerThanOnePieceSurvive() throws IOException {
        float[] values = new float[700_001];
        for (int i = 0; i < values.length; i++) {
            values[i] = i * 0.37f;
        }
        Path file = folder.resolve("large.safetensors");
        SafeTensors.of(List.of(NamedTensor.of("w", new long[] {values.length}, values)), Map.of()).write(file);

        assertThat(SafeTensors.read(file).tensor("w").floats()).isEqualTo(values);
    }

    @Test
    void aFailedWriteLeavesTheOldFile() throws IOException {
        Path occupied = folder.resolve("model.safetensors");
        Files.createDirectories(occupied.resolve("not-empty")); // a folder cannot be replaced by a file

        SafeTensors contents = SafeTensors.of(List.of(NamedTensor.of("w", new long[] {1}, new float[] {1})), Map.of());
        assertThatThrownBy(() -> contents.write(occupied)).isInstanceOf(IOException.class);
        assertThat(folder.toFile().list()).containsExactly("model.safetensors");
        assertThat(occupied.resolve("not-empty")).isDirectory();
    }

    @Test
    void everyTruncationIsAnError() throws IOException {
        byte[] whole = Files.readAllBytes(resource("every-type.safetensors"));
        Path file = folder.resolve("short.safetensors");
        for (int bytes = 0; bytes < whole.length; bytes++) {
            Files.write(file, Arrays.copyOf(whole, bytes));
            assertThatThrownBy(() -> SafeTensors.read(file)).as("%d bytes", bytes).isInstanceOf(SafeTensorsException.class);
        }
    }

    /** A flipped bit of the header is refused in one line or leaves a file of the same size with other names, types or text. */
    @Test
    void aFlippedBitOfTheHeaderIsAnErrorOrHarmless() throws IOException {
        byte[] whole = Files.readAllBytes(resource("every-type.safetensors"));
        SafeTensors original = SafeTensors.read(resource("every-type.safetensors"));
        int header = 8 + (int) ByteBuffer.wrap(whole).order(ByteOrder.LITTLE_ENDIAN).getLong();
        Path file = folder.resolve("flipped.safetensors");
        int refused = 0;
        for (int bit = 0; bit < 8 * header; bit += 3) {
            byte[] flipped = whole.clone();
            flipped[bit / 8] ^= (byte) (1 << bit % 8);
            Files.write(file, flipped);
            try {
                assertThat(SafeTensors.read(file).tensors()).as("bit %d", bit).hasSameSizeAs(original.tensors());
            } catch (SafeTensorsException e) {
                assertThat(e).hasMessageStartingWith(file.toString()).hasMessageNotContaining("\n");
                refused++;
            }
        }
        assertThat(refused).isGreaterThan(4 * header / 3);
    }

    @Test
    void saysWhatToDoWithAFileOfTorchSave() throws IOException {
        Path file = folder.resolve("mobilenet_v2.pth");
        Files.write(file, ByteBuffer.allocate(64).order(ByteOrder.LITTLE_ENDIAN).putInt(0x04034b50).putInt(20).array());
        assertThatThrownBy(() -> SafeTensors.read(file)).isInstanceOf(SafeTensorsException.class)
                .hasMessageContaining("it is a zip, as torch.save writes").hasMessageContaining("save_file");
    }

    static Stream<Arguments> corruptHeaders() {
        return Stream.of(
                Arguments.of("", 8, "2 to 100000000"),
                Arguments.of("[]", 8, "expected begin object, found begin array"),
                Arguments.of("{\"a\":", 8, "not valid JSON"),
                Arguments.of("{'a':1}", 8, "not valid JSON"),
                Arguments.of(ONE + "{}", 8, "follows the header's JSON object|not valid JSON"),
                Arguments.of("{\"\u00ff\":1}", 8, "not UTF-8"),
                Arguments.of(ONE.replace("F32", "F31"), 8, "element type 'F31'"),
                Arguments.of(ONE.replace("\"F32\"", "32"), 8, "expected string, found number"),
                Arguments.of(ONE.replace("[2]", "[3]"), 8, "takes 12 bytes.*give 8"),
                Arguments.of(ONE.replace("[2]", "[-2]"), 8, "not a whole number"),
                Arguments.of(ONE.replace("[2]", "[2.0]"), 8, "not a whole number"),
                Arguments.of(ONE.replace("[2]", "[\"2\"]"), 8, "expected number, found string"),
                Arguments.of(ONE.replace("[2]", "[4294967296,4294967296]"), 8, "impossible shape"),
                Arguments.of(ONE.replace("[0,8]", "[8,0]"), 8, "wanted are \\[begin, end\\]"),
                Arguments.of(ONE.replace("[0,8]", "[0,8,8]"), 8, "wanted are \\[begin, end\\]"),
                Arguments.of(ONE.replace("\"shape\"", "\"size\""), 8, "unknown field 'size'"),
                Arguments.of(ONE.replace("\"shape\":[2],", ""), 8, "lacks shape"),
                Arguments.of(ONE.replace("[0,8]", "[4,12]"), 12, "leaving a gap after byte 0"),
                Arguments.of(two(4, 12), 12, "inside the tensor before it, which ends at 8"),
                Arguments.of(two(12, 20), 20, "leaving a gap after byte 8"),
                Arguments.of(two(8, 16).replace("\"b\"", "\"a\""), 16, "'a' occurs twice"),
                Arguments.of(ONE, 7, "truncated.*need 8 bytes.*has 7"),
                Arguments.of(ONE, 9, "1 bytes follow"),
                Arguments.of("{\"__metadata__\":{\"k\":1}}", 0, "__metadata__ 'k': expected string"),
                Arguments.of("{\"__metadata__\":[]}", 0, "__metadata__: expected begin object"));
    }

    private static String two(int begin, int end) {
        return ONE.substring(0, ONE.length() - 1)
                + ",\"b\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[" + begin + "," + end + "]}}";
    }

    @ParameterizedTest
    @MethodSource("corruptHeaders")
    void corruptHeadersAreNamedInOneLine(String header, int dataBytes, String defect) throws IOException {
        byte[] text = header.getBytes(StandardCharsets.ISO_8859_1);
        Path file = folder.resolve("corrupt.safetensors");
        Files.write(file, ByteBuffer.allocate(8 + text.length + dataBytes).order(ByteOrder.LITTLE_ENDIAN)
                .putLong(text.length).put(text).array());

        assertThatThrownBy(() -> SafeTensors.read(file)).isInstanceOf(SafeTensorsException.class)
                .hasMessageStartingWith(file.toString()).hasMessageNotContaining("\n")
                .hasMessageMatching(".*(" + defect + ").*");
    }

    @Test
    void anAbsurdHeaderLengthAllocatesNothing() throws IOException {
        Path file = folder.resolve("absurd.safetensors");
        for (long length : new long[] {-1, Long.MAX_VALUE, 100_000_001, 99_999_999}) {
            Files.write(file, ByteBuffer.allocate(16).order(ByteOrder.LITTLE_ENDIAN).putLong(length).array());
            assertThatThrownBy(() -> SafeTensors.read(file)).isInstanceOf(SafeTensorsException.class)
                    .hasMessageContaining("bytes is announced");
        }
    }

    @Test
    void aMissingFileAndMisuseAreNamed() {
        assertThatThrownBy(() -> SafeTensors.read(folder.resolve("none"))).isInstanceOf(NoSuchFileException.class)
                .hasMessageContaining("no such file");
        NamedTensor tensor = NamedTensor.of("w", new long[] {1}, new float[] {1});
        assertThatIllegalArgumentException().isThrownBy(() -> SafeTensors.of(List.of(tensor, tensor), Map.of()))
                .withMessageContaining("'w'");
        assertThatIllegalArgumentException().isThrownBy(() -> NamedTensor.of("w", new long[] {3}, new float[2]))
                .withMessageContaining("takes 12 bytes, got 8");
        assertThatThrownBy(tensor::integers).isInstanceOf(IllegalStateException.class).hasMessageContaining("F32");
    }

    private Path resource(String name) throws IOException {
        Path file = folder.resolve(name);
        try (InputStream stream = getClass().getResourceAsStream("/fixtures/" + name)) {
            Files.write(file, stream.readAllBytes());
        }
        return file;
    }
}
