package separable.bench;

import java.io.IOException;
import java.nio.charset.MalformedInputException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import separable.spec.ConvSpec;
import separable.spec.Padding;
import separable.spec.Shape;

/**
 * A list of convolutions as text: comma-separated values with the column names in the first line. Empty lines and lines that
 * begin with {@code #} are skipped.
 *
 * <table>
 *   <caption>Columns, in any order</caption>
 *   <tr><th>column</th><th>meaning</th><th>when absent or empty</th></tr>
 *   <tr><td>n, h, w, c</td><td>pictures, rows, columns, input channels</td><td>required</td></tr>
 *   <tr><td>kernel</td><td>rows and columns of the filter: {@code 3} or {@code 3x5}</td><td>required</td></tr>
 *   <tr><td>k</td><td>output channels</td><td>c</td></tr>
 *   <tr><td>groups</td><td>c makes it depthwise</td><td>1</td></tr>
 *   <tr><td>stride, dilation</td><td></td><td>1</td></tr>
 *   <tr><td>padding</td><td>pixels on every side; {@code same}, as TensorFlow pads; or {@code top/left/bottom/right}</td>
 *       <td>dilation * (kernel - 1) / 2</td></tr>
 *   <tr><td>count</td><td>how often the network has it</td><td>1</td></tr>
 *   <tr><td>name</td><td>for people</td><td>made from the others</td></tr>
 * </table>
 */
public final class ShapeFile {

    private static final List<String> REQUIRED = List.of("n", "h", "w", "c", "kernel");
    private static final List<String> COLUMNS = List.of("name", "n", "h", "w", "c", "k", "kernel", "stride", "dilation", "padding", "groups", "count");

    private ShapeFile() {}

    /** @throws IllegalArgumentException when the file cannot be read or a line is wrong, with its number */
    public static List<BenchShape> read(Path file) {
        try {
            return parse(file.toString(), Files.readAllLines(file));
        } catch (NoSuchFileException e) {
            throw new IllegalArgumentException(file + ": no such file: use mobilenet-v1, mobilenet-v2 or a file of shapes", e);
        } catch (MalformedInputException e) {
            throw new IllegalArgumentException(file + ": is not text: name a file of comma-separated shapes", e);
        } catch (IOException e) {
            throw new IllegalArgumentException(file + ": cannot be read (" + e.getMessage() + ")", e);
        }
    }

    static List<BenchShape> parse(String file, List<String> lines) {
        List<String> columns = null;
        List<BenchShape> shapes = new ArrayList<>();
        for (int at = 0; at < lines.size(); at++) {
            String line = lines.get(at).strip();
            if (line.isEmpty() || line.startsWith("#")) {
                continue;
            }
            List<String> cells = Arrays.stream(line.split(",", -1)).map(String::strip).toList();
            try {
                if (columns == null) {
                    columns = header(cells);
                } else {
                    shapes.add(shape(columns, cells));
                }
            } catch (IllegalArgumentException e) {
                throw new IllegalArgumentException(file + ", line " + (at + 1) + ": " + e.getMessage(), e);
            }
        }
        if (shapes.isEmpty()) {
            throw new IllegalArgumentException(file + ": holds no shapes: write a line of column names, as in n,h,w,c,kernel, and a line a shape");
        }
        return List.copyOf(shapes);
    }

    private static List<String> header(List<String> cells) {
        Set<String> seen = new HashSet<>();
        for (String cell : cells) {
            if (!COLUMNS.contains(cell)) {
                throw new IllegalArgumentException("unknown column '" + cell + "': use " + String.join(", ", COLUMNS));
            }
            if (!seen.add(cell)) {
                throw new IllegalArgumentException("column '" + cell + "' is there twice");
            }
        }
        for (String name : REQUIRED) {
            if (!seen.contains(name)) {
                throw new IllegalArgumentException("column '" + name + "' is missing: the first line must name " + String.join(", ", REQUIRED));
            }
        }
        return cells;
    }

    private static BenchShape shape(List<String> columns, List<String> cells) {
        if (cells.size() != columns.size()) {
            throw new IllegalArgumentException(cells.size() + " values for " + columns.size() + " columns");
        }
        Map<String, String> row = new HashMap<>();
        for (int i = 0; i < cells.size(); i++) {
            if (!cells.get(i).isEmpty()) {
                row.put(columns.get(i), cells.get(i));
            }
        }
        Shape input = new Shape(number(row, "n", 0), number(row, "h", 0), number(row, "w", 0), number(row, "c", 0));
        int[] kernel = kernel(row);
        int stride = positive(row, "stride");
        int dilation = positive(row, "dilation");
        ConvSpec spec = new ConvSpec(input, number(row, "k", input.c()), kernel[0], kernel[1], stride, dilation,
                padding(row, input, kernel, stride, dilation), positive(row, "groups"));
        int count = positive(row, "count");
        return row.containsKey("name") ? new BenchShape(row.get("name"), spec, count) : BenchShape.of(spec, count);
    }

    private static int[] kernel(Map<String, String> row) {
        String text = row.getOrDefault("kernel", "");
        if (!text.matches("[1-9]\\d{0,3}(x[1-9]\\d{0,3})?")) {
            throw new IllegalArgumentException("kernel '" + text + "': write 3 or 3x5");
        }
        String[] sides = text.split("x");
        return new int[] {Integer.parseInt(sides[0]), Integer.parseInt(sides[sides.length - 1])};
    }

    private static Padding padding(Map<String, String> row, Shape input, int[] kernel, int stride, int dilation) {
        String text = row.get("padding");
        if (text == null) {
            int vertical = dilation * (kernel[0] - 1) / 2;
            int horizontal = dilation * (kernel[1] - 1) / 2;
            return new Padding(vertical, horizontal, vertical, horizontal);
        }
        if (text.equals("same")) {
            return Padding.same(input.h(), input.w(), kernel[0], kernel[1], stride, dilation);
        }
        if (!text.matches("\\d{1,4}(/\\d{1,4}/\\d{1,4}/\\d{1,4})?")) {
            throw new IllegalArgumentException("padding '" + text + "': write 1, same or top/left/bottom/right as in 0/0/1/1");
        }
        int[] sides = Arrays.stream(text.split("/")).mapToInt(Integer::parseInt).toArray();
        return sides.length == 1 ? Padding.symmetric(sides[0]) : new Padding(sides[0], sides[1], sides[2], sides[3]);
    }

    private static int positive(Map<String, String> row, String column) {
        int value = number(row, column, 1);
        if (value < 1) {
            throw new IllegalArgumentException(column + " " + value + ": must be at least 1");
        }
        return value;
    }

    private static int number(Map<String, String> row, String column, int absent) {
        String text = row.get(column);
        if (text == null) {
            if (REQUIRED.contains(column)) {
                throw new IllegalArgumentException(column + " is missing");
            }
            return absent;
        }
        try {
            return Integer.parseInt(text);
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException(column + " '" + text + "' is not a whole number", e);
        }
    }
}
