package separable.bench;

import java.awt.AWTError;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import javax.imageio.ImageIO;
import separable.spec.DType;

/** The roofline of one precision as a PNG of 1600 x 1000 pixels, drawn without a display. */
public final class RooflinePicture {

    private RooflinePicture() {}

    /** {@code roofline-bf16.png} */
    public static String fileName(DType type) {
        return "roofline-" + type + ".png";
    }

    /** @throws PictureException when this Java cannot draw: it has no AWT, or the system has no fonts */
    public static byte[] png(KernelReport report, DType type) {
        // AWT reads it at its first use, which is in the next call.
        System.setProperty("java.awt.headless", "true");
        try {
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            ImageIO.setUseCache(false);
            ImageIO.write(RooflineChart.picture(report, type), "png", bytes);
            return bytes.toByteArray();
        } catch (LinkageError | InternalError | AWTError e) {
            throw new PictureException(e);
        } catch (IOException e) {
            throw new UncheckedIOException("writing a picture to memory", e);
        }
    }
}
