package separable.device;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/** The native half of this room: what JCuda lacks. */
final class NativeLibrary {

    private static final String FILE = "libseparable_jni.so";

    private static boolean linked;

    private NativeLibrary() { }

    /**
     * Binds this room's native methods, the first time. The dynamic linker takes files alone: the library is unpacked for the moment of
     * its loading.
     *
     * @throws DeviceException when this build is not whole, or the library cannot be unpacked
     */
    static synchronized void link() {
        if (linked) {
            return;
        }
        try (InputStream packed = BuildInfo.resource(FILE)) {
            Path file = Files.createTempFile("separable-", FILE);
            try {
                Files.copy(packed, file, StandardCopyOption.REPLACE_EXISTING);
                System.load(file.toString());
            } finally {
                Files.delete(file);
            }
        } catch (IOException e) {
            throw new DeviceException(0, "unpacking " + FILE + " to " + System.getProperty("java.io.tmpdir") + ": " + e.getMessage()
                    + ": make room there, or name another folder with -Djava.io.tmpdir", e);
        }
        linked = true;
    }
}
