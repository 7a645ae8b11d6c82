package separable.bench;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.stream.Collectors;
import separable.spec.Precision;

/** A report as text for programs: {@code kernels.csv} and {@code kernels.json}. */
public final class KernelFiles {

    public static final String CSV = "kernels.csv";
    public static final String JSON = "kernels.json";

    /** Of the JSON file's layout. */
    private static final int VERSION = 1;

    private static final Gson GSON = new GsonBuilder().setPrettyPrinting().disableHtmlEscaping().serializeNulls().create();

    private KernelFiles() {}

    /** Comments that begin with {@code #}, a line of column names, a line a row. */
    public static String csv(KernelReport report) {
        StringBuilder text = new StringBuilder();
        report.info().warning().ifPresent(warning -> comment(text, warning));
        info(report).forEach((key, value) -> comment(text, key + ": " + value));
        boolean first = true;
        for (KernelRow row : report.rows()) {
            Map<String, Object> columns = KernelColumns.of(row, report.ceilings().get(row.precision()));
            if (first) {
                text.append(String.join(",", columns.keySet())).append('\n');
                first = false;
            }
            text.append(columns.values().stream().map(KernelFiles::cell).collect(Collectors.joining(","))).append('\n');
        }
        return text.toString();
    }

    private static void comment(StringBuilder text, String line) {
        text.append("# ").append(line.replace('\n', ' ')).append('\n');
    }

    /** Quoted as RFC 4180 has it where it must be; numbers with six digits. */
    private static String cell(Object value) {
        String text = value == null ? "" : value instanceof Double number ? String.format(Locale.ROOT, "%.6g", number) : value.toString();
        return text.matches("(?s).*[\",\n\r].*") ? '"' + text.replace("\"", "\"\"") + '"' : text;
    }

    /** One object: what was measured and where, ceilings, rows, and what the rows come to. */
    public static String json(KernelReport report) {
        Map<String, Object> top = new LinkedHashMap<>();
        top.put("version", VERSION);
        report.info().warning().ifPresent(warning -> top.put("warning", warning));
        top.putAll(info(report));
        top.put("ceilings", ceilings(report));
        top.put("rows", report.rows().stream().map(row -> KernelColumns.of(row, report.ceilings().get(row.precision()))).toList());
        top.put("summary", summary(report));
        top.put("refused", report.refused());
        return GSON.toJson(top) + "\n";
    }

    private static Map<String, Object> info(KernelReport report) {
        Map<String, Object> map = report.info().fields();
        map.put("whole", report.whole());
        return map;
    }

    private static Map<String, Object> ceilings(KernelReport report) {
        Map<String, Object> map = new LinkedHashMap<>();
        for (Precision precision : report.precisions()) {
            Ceiling ceiling = report.ceilings().get(precision);
            Map<String, Object> one = new LinkedHashMap<>();
            one.put("copy_gb_per_s", ceiling.copyBytesPerSecond() / 1e9);
            one.put("product_gflop_per_s", ceiling.flopsPerSecond() / 1e9);
            map.put(precision.toString(), one);
        }
        return map;
    }

    private static Map<String, Object> summary(KernelReport report) {
        Map<String, Object> map = new LinkedHashMap<>();
        List<Map<String, Object>> medians = new ArrayList<>();
        for (Precision precision : report.precisions()) {
            for (ConvFamily family : ConvFamily.values()) {
                List<KernelRow> rows = report.rows(precision, family);
                if (!rows.isEmpty()) {
                    Map<String, Object> one = new LinkedHashMap<>();
                    one.put("precision", precision.toString());
                    one.put("kind", family.toString());
                    one.put("rows", rows.size());
                    one.put("median_ceiling_share", orNull(report.medianShare(rows)));
                    one.put("median_ratio", orNull(report.medianRatio(rows)));
                    medians.add(one);
                }
            }
        }
        map.put("medians", medians);
        map.put("below_copy_bandwidth", report.belowCopyBandwidth().stream().map(KernelRow::label).toList());
        map.put("slower_than_cudnn", report.slowerThanCudnn().stream().map(KernelRow::label).toList());
        return map;
    }

    private static Double orNull(OptionalDouble value) {
        return value.isPresent() ? value.getAsDouble() : null;
    }
}
