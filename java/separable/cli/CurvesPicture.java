package separable.cli;

import java.awt.Color;
import java.awt.Font;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.util.List;
import java.util.Locale;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.ToDoubleFunction;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.style.Styler.ChartTheme;
import org.knowm.xchart.style.Styler.LegendPosition;
import org.knowm.xchart.style.markers.SeriesMarkers;
import separable.train.EpochMetrics;
import separable.train.RunHistory;
import separable.train.StepEvaluation;

/** A run's curves over its steps, one below the other: loss, accuracy, learning rate. */
final class CurvesPicture {

    static final int WIDTH = 1200;
    static final int PANEL = 400;

    /** Told apart by people who do not see all colours: Okabe and Ito's blue and orange, and grey. */
    private static final Color TRAIN = new Color(0, 114, 178);
    private static final Color TEST = new Color(230, 159, 0);
    private static final Color RATE = new Color(60, 60, 60);
    private static final Font LARGE = new Font(Font.SANS_SERIF, Font.PLAIN, 18);
    private static final Font SMALL = new Font(Font.SANS_SERIF, Font.PLAIN, 16);

    private CurvesPicture() {}

    /** @param history of at least one line */
    static BufferedImage draw(RunHistory history) {
        List<XYChart> panels = List.of(
                panel("loss", history, EpochMetrics::trainLoss, StepEvaluation::trainLoss, EpochMetrics::testLoss, StepEvaluation::testLoss),
                panel("accuracy", history, EpochMetrics::trainAccuracy, StepEvaluation::trainAccuracy, EpochMetrics::testAccuracy,
                        StepEvaluation::testAccuracy),
                rate(history));
        BufferedImage picture = new BufferedImage(WIDTH, PANEL * panels.size(), BufferedImage.TYPE_INT_RGB);
        Graphics2D graphics = picture.createGraphics();
        try {
            for (XYChart panel : panels) {
                panel.paint(graphics, WIDTH, PANEL);
                graphics.translate(0, PANEL);
            }
        } finally {
            graphics.dispose();
        }
        return picture;
    }

    private static XYChart panel(String title, RunHistory history, ToDoubleFunction<EpochMetrics> train, ToDoubleFunction<StepEvaluation> trainWithin,
                                 ToDoubleFunction<EpochMetrics> test, ToDoubleFunction<StepEvaluation> testWithin) {
        XYChart chart = empty(title);
        // Within epochs a line of figures is of the steps since the one before: the finer curve, where there is one.
        if (history.steps().isEmpty()) {
            addEpochs(chart, "train", history, train, TRAIN);
        } else {
            addSteps(chart, "train", history, trainWithin, TRAIN);
            addSteps(chart, "test, within epochs", history, testWithin, TEST.darker());
        }
        addEpochs(chart, "test", history, test, TEST);
        return chart;
    }

    private static XYChart rate(RunHistory history) {
        SortedMap<Integer, Float> rates = new TreeMap<>();
        history.epochs().forEach(line -> rates.put(line.step(), line.learningRate()));
        history.steps().forEach(line -> rates.put(line.step(), line.learningRate()));
        XYChart chart = empty("learning rate");
        chart.getStyler().setYAxisMin(0.0).setYAxisTickLabelsFormattingFunction(value -> String.format(Locale.ROOT, "%.3g", value));
        add(chart, "rate", rates.keySet().stream().mapToDouble(Integer::doubleValue).toArray(), rates.values().stream().mapToDouble(Float::doubleValue).toArray(), RATE);
        return chart;
    }

    private static XYChart empty(String title) {
        XYChart chart = new XYChartBuilder().width(WIDTH).height(PANEL).theme(ChartTheme.Matlab).xAxisTitle("step").yAxisTitle(title).build();
        chart.getStyler().setChartTitleVisible(false).setLegendPosition(LegendPosition.OutsideE).setLegendFont(SMALL).setMarkerSize(6).setChartPadding(16);
        chart.getStyler().setAxisTitleFont(LARGE).setAxisTickLabelsFont(SMALL).setXAxisMin(0.0).setXAxisDecimalPattern("#,##0");
        return chart;
    }

    private static void addEpochs(XYChart chart, String name, RunHistory history, ToDoubleFunction<EpochMetrics> value, Color colour) {
        add(chart, name, history.epochs().stream().mapToDouble(EpochMetrics::step).toArray(), history.epochs().stream().mapToDouble(value).toArray(), colour);
    }

    private static void addSteps(XYChart chart, String name, RunHistory history, ToDoubleFunction<StepEvaluation> value, Color colour) {
        add(chart, name, history.steps().stream().mapToDouble(StepEvaluation::step).toArray(), history.steps().stream().mapToDouble(value).toArray(), colour);
    }

    private static void add(XYChart chart, String name, double[] steps, double[] values, Color colour) {
        if (steps.length > 0) {
            XYSeries series = chart.addSeries(name, steps, values);
            series.setMarker(SeriesMarkers.CIRCLE).setMarkerColor(colour).setLineColor(colour);
        }
    }
}
