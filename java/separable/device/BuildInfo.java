package separable.device;

import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Properties;

/**
 * How the kernels on the class path were built.
 *
 * @param architectures compute capabilities with machine code, as in {@code 80, 90}; empty when no CUDA compiler was there
 * @param ptx the compute capability of the PTX that newer GPUs compile for themselves; empty for none
 * @param compiler the CUDA compiler and its version; {@code none} when none was there
 * @param version Separable's version
 */
public record BuildInfo(List<String> architectures, String ptx, String compiler, String version) {

    private static final String FOLDER = "/separable/native/";

    public BuildInfo {
        architectures = List.copyOf(architectures);
    }

    /** @throws DeviceException when the build left no native part on the class path */
    public static BuildInfo read() {
        Properties properties = new Properties();
        try (InputStream stream = resource("kernels.properties")) {
            properties.load(stream);
        } catch (IOException e) {
            throw new DeviceException(0, "reading " + FOLDER + "kernels.properties from the class path: " + e.getMessage(), e);
        }
        String[] architectures = properties.getProperty("architectures", "").trim().split("[;, ]+");
        return new BuildInfo(architectures[0].isEmpty() ? List.of() : List.of(architectures),
                value(properties, "ptx"), value(properties, "compiler"), value(properties, "version"));
    }

    /** Whether the build holds code that a GPU can run. */
    public boolean hasGpuCode() {
        return !architectures.isEmpty() || !ptx.isEmpty();
    }

    /** The module's image: machine code and PTX for every architecture. */
    static byte[] fatbin() {
        try (InputStream stream = resource("kernels.fatbin")) {
            return stream.readAllBytes();
        } catch (IOException e) {
            throw new DeviceException(0, "reading " + FOLDER + "kernels.fatbin from the class path: " + e.getMessage(), e);
        }
    }

    /** What the build holds beside what {@code device} needs, for an error when they do not fit. */
    String describe(Device device) {
        String built = hasGpuCode()
                ? "built by " + compiler + " for " + String.join(", ", architectures) + (ptx.isEmpty() ? "" : ", PTX " + ptx)
                : "built without a CUDA compiler, so without code for a GPU: install nvcc and build again";
        int driver = device.driverVersion();
        return built + "; this device is " + device.computeCapability() + " with a driver for CUDA "
                + driver / 1000 + "." + driver % 1000 / 10;
    }

    private static String value(Properties properties, String key) {
        return properties.getProperty(key, "").trim();
    }

    private static InputStream resource(String file) {
        InputStream stream = BuildInfo.class.getResourceAsStream(FOLDER + file);
        if (stream == null) {
            throw new DeviceException(0, FOLDER + file + " is not on the class path: the native build did not run;"
                    + " run `mvn verify` without -Dexec.skip, or use the packaged jar");
        }
        return stream;
    }
}
