package separable.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.awt.Color;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYSeries;
import separable.spec.Precision;
import separable.spec.Pass;

class RooflineChartTest {

    private static final KernelReport REPORT = Reports.mobileNetV2(Reports.GPU, Precision.FP32, Precision.BF16);

    private static BufferedImage decoded(KernelReport report, Precision precision) throws IOException {
        return ImageIO.read(new ByteArrayInputStream(RooflinePicture.png(report, precision)));
    }

    private static Map<Integer, Integer> pixelsByColour(BufferedImage picture) {
        Map<Integer, Integer> counts = new HashMap<>();
        for (int y = 0; y < picture.getHeight(); y++) {
            for (int x = 0; x < picture.getWidth(); x++) {
                counts.merge(picture.getRGB(x, y) & 0xffffff, 1, Integer::sum);
            }
        }
        return counts;
    }

    /** A pass's colour as it comes out on white. */
    private static int onWhite(Pass pass) {
        Color colour = RooflineChart.COLOURS.get(pass);
        int[] mixed = {colour.getRed(), colour.getGreen(), colour.getBlue()};
        int rgb = 0;
        for (int channel : mixed) {
            rgb = rgb << 8 | Math.round(255 + (channel - 255) * colour.getAlpha() / 255f);
        }
        return rgb;
    }

    @Test
    void everySeriesIsThere() {
        XYChart chart = RooflineChart.chart(REPORT, Precision.BF16);
        assertThat(chart.getSeriesCollection()).extracting(XYSeries::getName).containsExactly("copy, 3000 GB/s", "product, 600 TFLOP/s", "depthwise, forward", "depthwise, data",
                "depthwise, filter", "pointwise, forward", "pointwise, data", "pointwise, filter", "other, forward", "other, data", "other, filter");
        assertThat(chart.getSeries("pointwise, data").getXData()).hasSize(19);
        assertThat(chart.getSeries("depthwise, filter").getXData()).hasSize(10);
    }

    @Test
    void thePictureDecodesAndShowsEveryPass() throws IOException {
        BufferedImage picture = decoded(REPORT, Precision.BF16);
        assertThat(picture.getWidth()).isEqualTo(1600);
        assertThat(picture.getHeight()).isEqualTo(1000);
        Map<Integer, Integer> counts = pixelsByColour(picture);
        for (Pass pass : Pass.values()) {
            assertThat(counts.getOrDefault(onWhite(pass), 0)).as("%s: pixels of its colour", pass).isGreaterThan(1000);
        }
    }

    @Test
    void whatWasNotMeasuredIsNotShown() throws IOException {
        List<KernelRow> forward = REPORT.rows().stream().filter(row -> row.pass() == Pass.FORWARD).toList();
        Map<Integer, Integer> counts = pixelsByColour(decoded(new KernelReport(Reports.GPU, false, REPORT.ceilings(), forward, List.of()), Precision.FP32));
        assertThat(counts.getOrDefault(onWhite(Pass.FORWARD), 0)).isGreaterThan(1000);
        assertThat(counts).doesNotContainKeys(onWhite(Pass.BACKWARD_DATA), onWhite(Pass.BACKWARD_FILTER));
    }
}
