package separable.exchange;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import separable.testing.Fuzz;

/** Damaged safetensors files: read or refused in one line, in memory of the file's own size. */
class SafeTensorsFuzzTest {

    @Test
    void anyBytesAreReadOrRefused(@TempDir Path folder) throws IOException {
        Path file = folder.resolve("fuzz.safetensors");
        Fuzz.run(fixture(), 3000, 11, 16 << 20, SafeTensorsException.class, damaged -> {
            Files.write(file, damaged);
            SafeTensors.read(file);
        });
    }

    private static byte[] fixture() throws IOException {
        try (InputStream in = SafeTensorsFuzzTest.class.getResourceAsStream("/fixtures/every-type.safetensors")) {
            return in.readAllBytes();
        }
    }
}
