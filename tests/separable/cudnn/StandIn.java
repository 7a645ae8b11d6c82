package separable.cudnn;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import separable.testing.ForkedJava;

/** Processes that find the stand-in libcudnn.so.9 of tests/native/cudnn, or another in its place; always on the emulated device. */
public final class StandIn {

    static final Path FOLDER = Path.of("target", "native", "cudnn").toAbsolutePath();
    private static final Path DEVICE = Path.of("target", "native", "emulated").toAbsolutePath();

    private StandIn() {
    }

    static ForkedJava.Result run(Map<String, String> switches, String... arguments) throws Exception {
        return run(FOLDER, switches, arguments);
    }

    /** @param cudnn the folder where libcudnn.so.9 is found */
    static ForkedJava.Result run(Path cudnn, Map<String, String> switches, String... arguments) throws Exception {
        Map<String, String> environment = new HashMap<>(switches);
        environment.put("LD_LIBRARY_PATH", libraryPath(cudnn));
        return ForkedJava.run(CudnnProbe.class, environment, arguments);
    }

    /** LD_LIBRARY_PATH of a process that finds the emulated device and the stand-in. */
    public static String libraryPath() {
        return libraryPath(FOLDER);
    }

    private static String libraryPath(Path cudnn) {
        return DEVICE + ":" + cudnn;
    }
}
