package separable.bench;

import separable.spec.Precision;

/** The roofline of one precision as a PNG of 1600 x 1000 pixels. */
public final class RooflinePicture {

    private RooflinePicture() {}

    /** {@code roofline-bf16.png} */
    public static String fileName(Precision precision) {
        return "roofline-" + precision + ".png";
    }

    /** @throws DrawingException when this Java cannot draw: it has no AWT, or the system has no fonts */
    public static byte[] png(KernelReport report, Precision precision) {
        return Drawing.png(() -> RooflineChart.picture(report, precision));
    }
}
