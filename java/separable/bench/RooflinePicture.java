package separable.bench;

import separable.spec.DType;

/** The roofline of one precision as a PNG of 1600 x 1000 pixels. */
public final class RooflinePicture {

    private RooflinePicture() {}

    /** {@code roofline-bf16.png} */
    public static String fileName(DType type) {
        return "roofline-" + type + ".png";
    }

    /** @throws DrawingException when this Java cannot draw: it has no AWT, or the system has no fonts */
    public static byte[] png(KernelReport report, DType type) {
        return Drawing.png(() -> RooflineChart.picture(report, type));
    }
}
