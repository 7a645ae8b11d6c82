package separable.bench;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import separable.spec.ConvSpec;
import separable.spec.Padding;
import separable.spec.Shape;

/** A row as the files have it: the columns of kernels.csv and the keys of kernels.json, which README describes. */
final class KernelColumns {

    private KernelColumns() {}

    /** Values by column, in order: numbers, text, or null where there is nothing to say. */
    static Map<String, Object> of(KernelRow row, Ceiling ceiling) {
        Map<String, Object> columns = new LinkedHashMap<>();
        problem(columns, row);
        times(columns, "ours", Optional.of(row.ours()));
        times(columns, "best", Optional.of(row.best()));
        times(columns, "cudnn", row.cudnn());
        columns.put("no_cudnn", row.noCudnn().isEmpty() ? null : row.noCudnn());
        columns.put("rounds", row.best().timing().samples());
        columns.put("gb_per_s", row.bytesPerSecond() / 1e9);
        columns.put("gflop_per_s", row.flopsPerSecond() / 1e9);
        columns.put("copy_gb_per_s", ceiling.copyBytesPerSecond() / 1e9);
        columns.put("product_gflop_per_s", ceiling.flopsPerSecond() / 1e9);
        columns.put("bound", row.memoryBound(ceiling) ? "memory" : "arithmetic");
        columns.put("ceiling_share", row.share(ceiling));
        OptionalDouble ratio = row.ratio();
        columns.put("ratio", ratio.isPresent() ? ratio.getAsDouble() : null);
        return columns;
    }

    private static void problem(Map<String, Object> columns, KernelRow row) {
        ConvSpec spec = row.shape().spec();
        Shape input = spec.input();
        columns.put("name", row.shape().name());
        columns.put("kind", row.shape().family().toString());
        columns.put("count", row.shape().count());
        columns.put("n", input.n());
        columns.put("h", input.h());
        columns.put("w", input.w());
        columns.put("c", input.c());
        columns.put("k", spec.outputChannels());
        columns.put("kernel", spec.kernelHeight() + "x" + spec.kernelWidth());
        columns.put("stride", spec.stride());
        columns.put("dilation", spec.dilation());
        columns.put("padding", padding(spec.padding()));
        columns.put("groups", spec.groups());
        columns.put("layout", row.problem().layout().toString());
        columns.put("precision", row.precision().toString());
        columns.put("pass", row.pass().toString());
        columns.put("bytes", row.cost().bytes());
        columns.put("flops", row.cost().flops());
    }

    private static String padding(Padding padding) {
        return padding.top() + "/" + padding.left() + "/" + padding.bottom() + "/" + padding.right();
    }

    private static void times(Map<String, Object> columns, String who, Optional<Timed> timed) {
        columns.put(who, timed.map(Timed::contender).orElse(null));
        columns.put(who + "_us", timed.map(Timed::median).orElse(null));
        columns.put(who + "_low_us", timed.map(each -> each.timing().lower()).orElse(null));
        columns.put(who + "_high_us", timed.map(each -> each.timing().upper()).orElse(null));
    }
}
