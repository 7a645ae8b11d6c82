package separable.bench;

import java.util.Optional;

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
 */
public record RunInfo(String command, String date, String device, String capability, int multiprocessors, String cuda, String driver,
                      String cudnn, String separable, String commit, String java, String shapes) {

    /** Said first and in every file when the device is the emulated one. */
    public static final String EMULATED_WARNING = "emulated device on the CPU: these times mean nothing for a GPU";

    /** A warning that belongs to every figure of this run. */
    public Optional<String> warning() {
        return device.startsWith("Emulated") ? Optional.of(EMULATED_WARNING) : Optional.empty();
    }
}
