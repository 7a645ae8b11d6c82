package separable.bench;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import separable.spec.Precision;

/** What is written can be read again. */
class KernelFilesTest {

    private static final KernelReport REPORT = Reports.mobileNetV2(Reports.GPU, Precision.BF16);

    /** RFC 4180: commas, quoted cells, doubled quotes. */
    private static List<String> cells(String line) {
        List<String> cells = new ArrayList<>();
        StringBuilder cell = new StringBuilder();
        boolean quoted = false;
        for (int i = 0; i < line.length(); i++) {
            char c = line.charAt(i);
            if (c == '"' && quoted && i + 1 < line.length() && line.charAt(i + 1) == '"') {
                cell.append(line.charAt(++i));
            } else if (c == '"') {
                quoted = !quoted;
            } else if (c == ',' && !quoted) {
                cells.add(cell.toString());
                cell.setLength(0);
            } else {
                cell.append(c);
            }
        }
        cells.add(cell.toString());
        return cells;
    }

    private static List<String> rows(String csv) {
        return csv.lines().filter(line -> !line.startsWith("#")).toList();
    }

    @Test
    void theCsvHasEveryRowAndItsFigures() {
        List<String> lines = rows(KernelFiles.csv(REPORT));
        assertThat(lines).hasSize(1 + 90);
        List<String> columns = cells(lines.get(0));
        for (int i = 0; i < REPORT.rows().size(); i++) {
            KernelRow row = REPORT.rows().get(i);
            List<String> cells = cells(lines.get(i + 1));
            assertThat(cells).hasSameSizeAs(columns);
            assertThat(cells.get(columns.indexOf("name"))).isEqualTo(row.shape().name());
            assertThat(cells.get(columns.indexOf("bytes"))).isEqualTo(String.valueOf(row.cost().bytes()));
            assertThat(Double.parseDouble(cells.get(columns.indexOf("best_us")))).isCloseTo(row.best().median(), withinSixDigits(row.best().median()));
            assertThat(Double.parseDouble(cells.get(columns.indexOf("ratio")))).isCloseTo(row.ratio().getAsDouble(), withinSixDigits(3));
            assertThat(cells.get(columns.indexOf("no_cudnn"))).isEmpty();
        }
    }

    private static Offset<Double> withinSixDigits(double value) {
        return Offset.offset(1e-5 * value);
    }

    @Test
    void oddTextIsQuoted() {
        KernelRow some = REPORT.rows().get(0);
        String reason = "no \"engine\", says cuDNN";
        KernelRow row = new KernelRow(some.shape(), some.problem(), some.ours(), some.best(), Optional.empty(), reason);
        List<String> lines = rows(KernelFiles.csv(new KernelReport(Reports.GPU, true, REPORT.ceilings(), List.of(row), List.of())));
        assertThat(cells(lines.get(1)).get(cells(lines.get(0)).indexOf("no_cudnn"))).isEqualTo(reason);
        assertThat(cells(lines.get(1)).get(cells(lines.get(0)).indexOf("cudnn_us"))).isEmpty();
    }

    @Test
    void theJsonHasTheSameAndWhatItComesTo() {
        JsonObject json = JsonParser.parseString(KernelFiles.json(REPORT)).getAsJsonObject();
        assertThat(json.get("device").getAsString()).isEqualTo("Test GPU");
        assertThat(json.get("commit").getAsString()).isEqualTo("abc1234");
        assertThat(json.getAsJsonObject("ceilings").getAsJsonObject("bf16").get("copy_gb_per_s").getAsDouble()).isEqualTo(3000);
        assertThat(json.getAsJsonArray("rows")).hasSize(90);
        JsonObject row = json.getAsJsonArray("rows").get(7).getAsJsonObject();
        assertThat(row.get("best_us").getAsDouble()).isEqualTo(REPORT.rows().get(7).best().median());
        assertThat(new ArrayList<>(row.keySet())).isEqualTo(cells(rows(KernelFiles.csv(REPORT)).get(0)));
        JsonObject summary = json.getAsJsonObject("summary");
        assertThat(summary.getAsJsonArray("medians")).hasSize(3);
        assertThat(summary.getAsJsonArray("slower_than_cudnn")).hasSize(REPORT.slowerThanCudnn().size()).isNotEmpty();
    }

    @Test
    void theWarningComesFirstInBoth() {
        RunInfo info = Reports.GPU;
        RunInfo emulated = new RunInfo(info.command(), info.date(), "Emulated CUDA device", info.capability(), 4, info.cuda(), info.driver(),
                info.cudnn(), info.separable(), info.commit(), info.java(), info.shapes());
        KernelReport report = new KernelReport(emulated, true, Map.of(), List.of(), List.of());
        assertThat(KernelFiles.csv(report)).startsWith("# emulated device on the CPU: these times mean nothing for a GPU\n");
        assertThat(JsonParser.parseString(KernelFiles.json(report)).getAsJsonObject().get("warning").getAsString()).isEqualTo(RunInfo.EMULATED_WARNING);
        assertThat(KernelFiles.csv(REPORT) + KernelFiles.json(REPORT)).doesNotContain("mean nothing");
    }
}
