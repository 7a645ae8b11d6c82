package separable.device;

import java.io.IOException;
import java.io.InputStream;
import java.lang.ref.SoftReference;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Properties;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

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

    private static final int HASH_BYTES = 6;

    private static SoftReference<byte[]> image = new SoftReference<>(null);

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

    /**
     * The module's image: machine code and PTX for every architecture. Kept between calls while there is memory to spare: it is megabytes,
     * and an op on the current context of an application may be made and closed again and again. Not to be written.
     */
    static synchronized byte[] fatbin() {
        byte[] kept = image.get();
        if (kept == null) {
            kept = readFatbin();
            image = new SoftReference<>(kept);
        }
        return kept;
    }

    private static byte[] readFatbin() {
        try (InputStream stream = resource("kernels.fatbin")) {
            return stream.readAllBytes();
        } catch (IOException e) {
            throw new DeviceException(0, "reading " + FOLDER + "kernels.fatbin from the class path: " + e.getMessage(), e);
        }
    }

    /** Twelve hexadecimal digits that differ from build to build of the module's image. */
    public static String kernelsHash() {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(fatbin()), 0, HASH_BYTES);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }

    /**
     * What to do when a driver refuses the kernels: the first thing that keeps this build from the device, else what the
     * result itself suggests.
     *
     * @param capability the device's, 80 for 8.0
     * @param driver the CUDA version of the driver, 12040 for 12.4
     */
    String advice(int result, int capability, int driver) {
        String device = "; this device is " + capability / 10 + "." + capability % 10 + " with a driver for CUDA " + driver / 1000 + "."
                + driver % 1000 / 10;
        if (!hasGpuCode()) {
            return "the kernels were built without nvcc, so without code for a GPU: install nvcc and build again,"
                    + " or use the emulated device with SEPARABLE_DEVICE=emulated" + device;
        }
        String built = " (built by " + compiler + ": " + describeCode() + device + ")";
        if (compilerMajor() > driver / 1000) {
            return "a driver older than the compiler's major version cannot load the kernels: install a driver for CUDA " + compilerMajor()
                    + " or newer, or build with nvcc " + driver / 1000 + built;
        }
        if (!covers(capability)) {
            return "the kernels were not built for this GPU: build with -Dcuda.architectures=" + capability + built;
        }
        return Advice.forResult(result) + built;
    }

    /** The code inside, as in {@code machine code for 80, 90; PTX 80}. */
    public String describeCode() {
        return "machine code for " + String.join(", ", architectures) + "; PTX " + (ptx.isEmpty() ? "none" : ptx);
    }

    /** Machine code runs on its own major capability from its minor upwards, PTX on everything newer. */
    private boolean covers(int capability) {
        boolean machineCode = architectures.stream().mapToInt(Integer::parseInt)
                .anyMatch(built -> built / 10 == capability / 10 && built <= capability);
        return machineCode || !ptx.isEmpty() && Integer.parseInt(ptx) <= capability;
    }

    private int compilerMajor() {
        Matcher number = Pattern.compile("\\d+").matcher(compiler);
        return number.find() ? Integer.parseInt(number.group()) : 0;
    }

    private static String value(Properties properties, String key) {
        return properties.getProperty(key, "").trim();
    }

    /** A file that the native build made. @throws DeviceException when it is missing */
    static InputStream resource(String file) {
        InputStream stream = BuildInfo.class.getResourceAsStream(FOLDER + file);
        if (stream == null) {
            throw new DeviceException(0, FOLDER + file + " is not on the class path: the native build did not run;"
                    + " run `mvn verify` without -Dexec.skip, or use the packaged jar");
        }
        return stream;
    }
}
