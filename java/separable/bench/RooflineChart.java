package separable.bench;

import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Font;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.XYSeries.XYSeriesRenderStyle;
import org.knowm.xchart.style.Styler.ChartTheme;
import org.knowm.xchart.style.Styler.LegendPosition;
import org.knowm.xchart.style.XYStyler;
import org.knowm.xchart.style.markers.Marker;
import org.knowm.xchart.style.markers.SeriesMarkers;
import separable.spec.Precision;
import separable.spec.Pass;

/**
 * A roofline: every row of one precision by operations a byte and operations a second, below the rates that memory and
 * arithmetic allow. Both axes are logarithmic. The mark tells the kind of convolution, the colour the pass.
 */
final class RooflineChart {

    static final int WIDTH = 1600;
    static final int HEIGHT = 1000;

    private static final Map<ConvFamily, Marker> MARKS = Map.of(ConvFamily.DEPTHWISE, SeriesMarkers.CIRCLE,
            ConvFamily.POINTWISE, SeriesMarkers.DIAMOND, ConvFamily.OTHER, SeriesMarkers.SQUARE);

    /** Told apart by people who do not see all colours: Okabe and Ito's blue, orange and green, half transparent where marks overlap. */
    static final Map<Pass, Color> COLOURS = Map.of(Pass.FORWARD, new Color(0, 114, 178, 190),
            Pass.BACKWARD_DATA, new Color(230, 159, 0, 190), Pass.BACKWARD_FILTER, new Color(0, 158, 115, 190));
    private static final Color CEILING = new Color(60, 60, 60);

    private static final Font TITLE = new Font(Font.SANS_SERIF, Font.BOLD, 24);
    private static final Font LARGE = new Font(Font.SANS_SERIF, Font.PLAIN, 20);
    private static final Font SMALL = new Font(Font.SANS_SERIF, Font.PLAIN, 18);
    /** Pixels above the chart, and left of the text in them. */
    private static final int HEADER = 90;
    private static final int MARGIN_LEFT = 30;

    private static final float CEILING_WIDTH = 2.5f;
    private static final int MARK_SIZE = 13;

    /** How far the axes reach beyond the outermost point, as a factor. */
    private static final double MARGIN = 1.6;

    /** Of the y axis, so that its figures stay short. */
    private enum Unit {
        GIGA(1e9, "GFLOP/s"), TERA(1e12, "TFLOP/s");

        private final double flops;
        private final String label;

        Unit(double flops, String label) {
            this.flops = flops;
            this.label = label;
        }
    }

    private RooflineChart() {}

    /** Two lines of text, what was measured and how far it can be trusted, above the chart: XChart's own title has one. */
    static BufferedImage picture(KernelReport report, Precision precision) {
        RunInfo info = report.info();
        BufferedImage picture = new BufferedImage(WIDTH, HEIGHT, BufferedImage.TYPE_INT_RGB);
        Graphics2D graphics = picture.createGraphics();
        try {
            graphics.setColor(Color.WHITE);
            graphics.fillRect(0, 0, WIDTH, HEIGHT);
            graphics.setRenderingHint(RenderingHints.KEY_TEXT_ANTIALIASING, RenderingHints.VALUE_TEXT_ANTIALIAS_ON);
            graphics.setColor(Color.BLACK);
            graphics.setFont(TITLE);
            graphics.drawString(info.shapes() + ", " + precision + ", on " + info.device(), MARGIN_LEFT, 45);
            graphics.setFont(SMALL);
            graphics.drawString(info.warning().map(warning -> "Beware: " + warning + ". ").orElse("") + "Separable " + info.separable() + ", commit " + info.commit()
                    + ", CUDA " + info.cuda() + ", driver " + info.driver() + ", " + info.date(), MARGIN_LEFT, 78);
            graphics.translate(0, HEADER);
            chart(report, precision).paint(graphics, WIDTH, HEIGHT - HEADER);
        } finally {
            graphics.dispose();
        }
        return picture;
    }

    static XYChart chart(KernelReport report, Precision precision) {
        List<KernelRow> rows = report.rows(precision);
        Ceiling ceiling = report.ceilings().get(precision);
        XYChart chart = new XYChartBuilder().width(WIDTH).height(HEIGHT - HEADER).theme(ChartTheme.Matlab)
                .xAxisTitle("operations a byte, every operand moved once (FLOP/B)").yAxisTitle("operations a second (" + unit(ceiling).label + ")").build();
        double left = rows.stream().mapToDouble(row -> row.cost().intensity()).min().orElseThrow() / MARGIN;
        double right = MARGIN * Math.max(rows.stream().mapToDouble(row -> row.cost().intensity()).max().orElseThrow(), ridge(ceiling));
        style(chart, rows, ceiling, left, right);
        addCeilings(chart, ceiling, left, right);
        for (ConvFamily family : ConvFamily.values()) {
            for (Pass pass : Pass.values()) {
                addMarks(chart, unit(ceiling), rows.stream().filter(row -> row.shape().family() == family && row.pass() == pass).toList(), family + ", " + pass);
            }
        }
        return chart;
    }

    private static Unit unit(Ceiling ceiling) {
        return ceiling.flopsPerSecond() < Unit.TERA.flops ? Unit.GIGA : Unit.TERA;
    }

    /** The intensity at which memory and arithmetic take the same time. */
    private static double ridge(Ceiling ceiling) {
        return ceiling.flopsPerSecond() / ceiling.copyBytesPerSecond();
    }

    private static void style(XYChart chart, List<KernelRow> rows, Ceiling ceiling, double left, double right) {
        double lowest = Math.min(rows.stream().mapToDouble(KernelRow::flopsPerSecond).min().orElseThrow(), ceiling.roof(left));
        double highest = Math.max(rows.stream().mapToDouble(KernelRow::flopsPerSecond).max().orElseThrow(), ceiling.flopsPerSecond());
        double unit = unit(ceiling).flops;
        XYStyler styler = chart.getStyler();
        styler.setXAxisLogarithmic(true).setYAxisLogarithmic(true).setXAxisMin(left).setXAxisMax(right)
                .setYAxisMin(lowest / MARGIN / unit).setYAxisMax(highest * MARGIN / unit)
                .setXAxisLogarithmicDecadeOnly(false).setYAxisLogarithmicDecadeOnly(false).setAxisTitlePadding(14)
                .setAxisTitleFont(LARGE).setAxisTickLabelsFont(SMALL);
        styler.setXAxisTickLabelsFormattingFunction(RooflineChart::tick).setYAxisTickLabelsFormattingFunction(RooflineChart::tick);
        styler.setDefaultSeriesRenderStyle(XYSeriesRenderStyle.Scatter).setChartTitleVisible(false).setLegendFont(SMALL).setLegendPosition(LegendPosition.OutsideE)
                .setMarkerSize(MARK_SIZE).setChartPadding(20).setPlotContentSize(1);
    }

    /** Labels 1, 2 and 5 of every decade: nine would run into each other. */
    private static String tick(double value) {
        double decade = Math.pow(10, Math.floor(Math.log10(value) + 1e-9));
        long leading = Math.round(value / decade);
        if (leading != 1 && leading != 2 && leading != 5) {
            return "";
        }
        return value >= 1 ? String.format(Locale.ROOT, "%,d", Math.round(value)) : String.valueOf((float) value);
    }

    private static void addCeilings(XYChart chart, Ceiling ceiling, double left, double right) {
        double ridge = Math.max(left, ridge(ceiling));
        double unit = unit(ceiling).flops;
        addLine(chart, "copy, " + Units.bandwidth(ceiling.copyBytesPerSecond()), new double[] {left, ridge},
                new double[] {ceiling.roof(left) / unit, ceiling.flopsPerSecond() / unit}, new BasicStroke(CEILING_WIDTH));
        addLine(chart, "product, " + Units.rate(ceiling.flopsPerSecond()), new double[] {ridge, right},
                new double[] {ceiling.flopsPerSecond() / unit, ceiling.flopsPerSecond() / unit},
                new BasicStroke(CEILING_WIDTH, BasicStroke.CAP_BUTT, BasicStroke.JOIN_ROUND, 1, new float[] {12, 6}, 0));
    }

    private static void addLine(XYChart chart, String name, double[] x, double[] y, BasicStroke stroke) {
        XYSeries line = chart.addSeries(name, x, y);
        line.setXYSeriesRenderStyle(XYSeriesRenderStyle.Line);
        line.setMarker(SeriesMarkers.NONE).setLineStyle(stroke).setLineColor(CEILING);
    }

    private static void addMarks(XYChart chart, Unit unit, List<KernelRow> rows, String name) {
        if (!rows.isEmpty()) {
            XYSeries marks = chart.addSeries(name, rows.stream().mapToDouble(row -> row.cost().intensity()).toArray(),
                    rows.stream().mapToDouble(row -> row.flopsPerSecond() / unit.flops).toArray());
            marks.setMarker(MARKS.get(rows.get(0).shape().family())).setMarkerColor(COLOURS.get(rows.get(0).pass()));
        }
    }
}
