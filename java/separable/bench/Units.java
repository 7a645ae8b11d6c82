package separable.bench;

import java.util.Locale;

/** Figures for people: three or four digits and a unit. */
final class Units {

    private static final String[] PREFIXES = {"", "k", "M", "G", "T", "P"};

    private Units() {}

    /** {@code 12.3 us}, {@code 4.57 ms}. */
    static String time(double microseconds) {
        if (microseconds >= 1e6) {
            return digits(microseconds / 1e6) + " s";
        }
        return microseconds >= 1000 ? digits(microseconds / 1000) + " ms" : digits(microseconds) + " us";
    }

    /** {@code 2710 GB/s} from bytes a second. */
    static String bandwidth(double bytesPerSecond) {
        return digits(bytesPerSecond / 1e9) + " GB/s";
    }

    /** {@code 512 TFLOP/s} from operations a second. */
    static String rate(double flopsPerSecond) {
        return scaled(flopsPerSecond) + "FLOP/s";
    }

    /** {@code 84.1 MB}. */
    static String bytes(double bytes) {
        return scaled(bytes) + "B";
    }

    static String percent(double share) {
        return String.format(Locale.ROOT, "%.0f%%", 100 * share);
    }

    private static String scaled(double value) {
        int prefix = Math.max(0, Math.min(PREFIXES.length - 1, (int) Math.floor(Math.log10(value) / 3)));
        return digits(value / Math.pow(1000, prefix)) + " " + PREFIXES[prefix];
    }

    /** At least three significant digits. */
    static String digits(double value) {
        int decimals = value < 10 ? 2 : value < 100 ? 1 : 0;
        return String.format(Locale.ROOT, "%." + decimals + "f", value);
    }
}
