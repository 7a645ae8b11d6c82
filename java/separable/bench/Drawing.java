package separable.bench;

import java.awt.AWTError;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.function.Supplier;
import javax.imageio.ImageIO;

/** Draws without a display. */
public final class Drawing {

    private Drawing() {}

    /**
     * A picture as a PNG file's bytes.
     *
     * @param picture draws it; nothing of AWT's may be touched before
     * @throws DrawingException when this Java cannot draw: it has no AWT, or the system has no fonts
     */
    public static byte[] png(Supplier<BufferedImage> picture) {
        // AWT reads it at its first use, which is in the next call.
        System.setProperty("java.awt.headless", "true");
        try {
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            ImageIO.setUseCache(false);
            ImageIO.write(picture.get(), "png", bytes);
            return bytes.toByteArray();
        } catch (LinkageError | InternalError | AWTError e) {
            throw new DrawingException(e);
        } catch (IOException e) {
            throw new UncheckedIOException("writing a picture to memory", e);
        }
    }
}
