package separable.bench;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import java.util.LinkedHashMap;
import java.util.Map;
import separable.device.GraphNodes;
import separable.tune.Timing;

/** A report of steps as JSON, for programs: what was measured and where, the copy beside it, a row a case. */
public final class StepFile {

    /** Of the file's layout. */
    private static final int VERSION = 1;

    private static final Gson GSON = new GsonBuilder().setPrettyPrinting().disableHtmlEscaping().serializeNulls().create();

    private StepFile() {}

    public static String json(StepReport report) {
        Map<String, Object> top = new LinkedHashMap<>();
        top.put("version", VERSION);
        report.info().warning().ifPresent(warning -> top.put("warning", warning));
        top.putAll(report.info().fields());
        top.put("whole", report.whole());
        top.put("copy_gb_per_s", report.copyBytesPerSecond() / 1e9);
        top.put("rows", report.rows().stream().map(row -> row(row, report)).toList());
        return GSON.toJson(top) + "\n";
    }

    private static Map<String, Object> row(StepRow row, StepReport report) {
        Map<String, Object> map = what(row.what());
        Timing time = row.timing();
        map.put("images_per_s", row.imagesPerSecond(time.median()));
        map.put("images_per_s_low", row.imagesPerSecond(time.upper()));
        map.put("images_per_s_high", row.imagesPerSecond(time.lower()));
        map.put("ms_per_step", time.median() / 1e3);
        map.put("ms_per_step_low", time.lower() / 1e3);
        map.put("ms_per_step_high", time.upper() / 1e3);
        map.put("samples", time.samples());
        map.put("steps_per_sample", time.group());
        map.put("captured", row.nodes().isPresent());
        map.put("kernel_nodes", row.nodes().map(GraphNodes::kernels).orElse(null));
        map.put("copy_nodes", row.nodes().map(GraphNodes::copies).orElse(null));
        map.put("fill_nodes", row.nodes().map(GraphNodes::fills).orElse(null));
        map.put("other_nodes", row.nodes().map(GraphNodes::others).orElse(null));
        map.put("plan_launches", row.ops());
        map.put("forward_bytes", row.traffic().forward());
        map.put("backward_bytes", row.traffic().backward());
        map.put("activation_bytes", row.traffic().activations());
        map.put("gb_per_s", row.bytesPerSecond() / 1e9);
        map.put("copy_share", report.copyShare(row));
        map.put("peak_bytes", row.memory().peak());
        map.put("picture_bytes", row.memory().dataset());
        map.put("driver_bytes", row.memory().driver());
        map.put("loss", row.loss());
        if (!row.launches().isEmpty()) {
            map.put("launches", row.launches().stream().map(each -> launch(each, report)).toList());
        }
        return map;
    }

    private static Map<String, Object> launch(LaunchRow row, StepReport report) {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("layer", row.op().traffic().layer());
        map.put("operation", row.op().traffic().op());
        map.put("backward", row.op().traffic().backward());
        map.put("kernel", row.op().kernel());
        map.put("us", row.timing().median());
        map.put("us_low", row.timing().lower());
        map.put("us_high", row.timing().upper());
        map.put("bytes", row.op().traffic().bytes());
        map.put("flops", 2 * row.op().multiplyAdds());
        map.put("gb_per_s", row.bytesPerSecond() / 1e9);
        map.put("copy_share", row.bytesPerSecond() / report.copyBytesPerSecond());
        map.put("gflop_per_s", row.flopsPerSecond() / 1e9);
        return map;
    }

    private static Map<String, Object> what(StepCase what) {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("model", what.model().name());
        map.put("width", what.model().width());
        map.put("resolution", what.model().resolution());
        map.put("batch", what.batch());
        map.put("precision", what.precision());
        map.put("schedule", what.schedule().toString());
        map.put("optimizer", what.optimizer());
        map.put("ema", what.ema());
        map.put("tune", what.effort().toString());
        return map;
    }
}
