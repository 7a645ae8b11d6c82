package separable.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.OffsetDateTime;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import separable.cudnn.Cudnn;
import separable.device.BuildInfo;
import separable.device.Device;

/**
 * Where, when and with what a measurement was made.
 *
 * @param command    the command line, without the launcher
 * @param date       ISO 8601, with the zone
 * @param device     its name as the driver gives it
 * @param capability compute capability, as in 9.0
 * @param cuda       the CUDA version the driver supports, as in 12.4
 * @param driver     the NVIDIA driver's release; {@code unknown} where the system does not say
 * @param cudnn      its version, or why there is none
 * @param separable  version
 * @param commit     of the source tree; {@code unknown} outside of one
 * @param shapes     what was measured, in words
 */
public record RunInfo(String command, String date, String device, String capability, int multiprocessors, String cuda, String driver,
                      String cudnn, String separable, String commit, String java, String shapes) {

    /** Said first and in every file when the device is the emulated one. */
    public static final String EMULATED_WARNING = "emulated device on the CPU: these times mean nothing for a GPU";

    private static final String UNKNOWN = "unknown";
    private static final Path NVIDIA_DRIVER = Path.of("/proc/driver/nvidia/version");

    /** About this process, now. The launcher says the commit in the property {@code separable.commit}. */
    public static RunInfo of(Device device, Cudnn cudnn, String command, String shapes) {
        return new RunInfo(command, OffsetDateTime.now().truncatedTo(ChronoUnit.SECONDS).toString(), device.name(),
                device.computeCapability() / 10 + "." + device.computeCapability() % 10, device.multiprocessors(),
                device.driverVersion() / 1000 + "." + device.driverVersion() % 1000 / 10, driverRelease(),
                cudnn.isAvailable() ? cudnn.version() : "none: " + cudnn.reason(), BuildInfo.read().version(),
                System.getProperty("separable.commit", UNKNOWN), System.getProperty("java.version"), shapes);
    }

    /** By the names that files have them under. */
    Map<String, Object> fields() {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("command", command);
        map.put("date", date);
        map.put("device", device);
        map.put("compute_capability", capability);
        map.put("multiprocessors", multiprocessors);
        map.put("cuda", cuda);
        map.put("driver", driver);
        map.put("cudnn", cudnn);
        map.put("separable", separable);
        map.put("commit", commit);
        map.put("java", java);
        map.put("shapes", shapes);
        return map;
    }

    /** As in {@code 550.54.15}: the one place that has it without NVML. */
    private static String driverRelease() {
        if (!Files.isReadable(NVIDIA_DRIVER)) {
            return UNKNOWN;
        }
        try {
            Matcher release = Pattern.compile("\\d+\\.\\d+(\\.\\d+)?").matcher(Files.readString(NVIDIA_DRIVER));
            return release.find() ? release.group() : UNKNOWN;
        } catch (IOException e) {
            return UNKNOWN;     // one line of a report, not worth a run
        }
    }

    /** A warning that belongs to every figure of this run. */
    public Optional<String> warning() {
        return device.startsWith("Emulated") ? Optional.of(EMULATED_WARNING) : Optional.empty();
    }
}
