package separable.picture;

import java.awt.image.DataBufferByte;
import java.awt.image.Raster;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import javax.imageio.ImageReader;
import javax.imageio.spi.IIORegistry;
import javax.imageio.spi.ImageReaderSpi;
import javax.imageio.stream.MemoryCacheImageInputStream;

/**
 * Decodes a JPEG picture with the JDK's libjpeg, which here only unpacks components: colours are computed as libjpeg would, without
 * colour profiles, so that values are PIL's. Anything libjpeg warns of but stray bytes makes a picture a damaged one.
 */
final class JpegDecoder {

    private static final String JDK_READER = "com.sun.imageio.plugins.jpeg.JPEGImageReaderSpi";
    private static final ImageReaderSpi PROVIDER = provider();

    private final JpegHeader jpeg;
    private final List<String> warnings = new ArrayList<>();

    JpegDecoder(JpegHeader jpeg) {
        this.jpeg = jpeg;
    }

    private static ImageReaderSpi provider() {
        Iterator<ImageReaderSpi> found = IIORegistry.getDefaultInstance().getServiceProviders(ImageReaderSpi.class,
                provider -> provider.getClass().getName().equals(JDK_READER), false);
        if (!found.hasNext()) {
            throw new IllegalStateException("this Java has no JPEG reader: use a JDK with the module java.desktop");
        }
        return found.next();
    }

    Decoded decode() {
        byte[] values = components();
        if (jpeg.hasLuma()) {
            toColours(values, jpeg.components());
        }
        List<String> conversions = List.of();
        if (jpeg.components() == 4) {
            values = withoutBlack(values, jpeg.hasLuma());
            conversions = List.of("CMYK to RGB");
        }
        Picture picture = new Picture(jpeg.height(), jpeg.width(), jpeg.components() == 1 ? 1 : 3, values);
        return new Decoded(picture.turned(jpeg.orientation()), conversions);
    }

    /** u8 {@code [height, width, components]}, as they were stored */
    private byte[] components() {
        try {
            Raster raster = read();
            String damage = warnings.stream().filter(text -> !text.contains("extraneous bytes")).findFirst().orElse(null);
            if (damage != null) {
                throw new PictureException(jpeg.name(), "is a damaged JPEG picture: " + damage);
            }
            byte[] values = ((DataBufferByte) raster.getDataBuffer()).getData();
            if (raster.getWidth() != jpeg.width() || raster.getHeight() != jpeg.height() || raster.getNumBands() != jpeg.components()) {
                throw new PictureException(jpeg.name(), "is a damaged JPEG picture: its headers contradict each other");
            }
            return values;
        } catch (IOException e) {
            throw new PictureException(jpeg.name(), "is a damaged JPEG picture: " + firstLine(e), e);
        }
    }

    private Raster read() throws IOException {
        ImageReader reader = PROVIDER.createReaderInstance();
        try (MemoryCacheImageInputStream in = new MemoryCacheImageInputStream(new ByteArrayInputStream(jpeg.stripped()))) {
            reader.addIIOReadWarningListener((source, warning) -> warnings.add(warning));
            reader.setInput(in, true, true);
            return reader.readRaster(0, null);
        } catch (RuntimeException e) {
            // The JDK's reader meets some damage with exceptions of the language.
            throw new PictureException(jpeg.name(), "is a damaged JPEG picture: " + firstLine(e), e);
        } finally {
            reader.dispose();
        }
    }

    /**
     * Luma and colour differences to red, green, blue in place (JFIF 1.02, section 7), in libjpeg's 16-bit fixed point:
     * {@code R = Y + 1.402 Cr, G = Y - 0.344136 Cb - 0.714136 Cr, B = Y + 1.772 Cb}.
     */
    private static void toColours(byte[] values, int step) {
        for (int p = 0; p < values.length; p += step) {
            int y = values[p] & 0xff;
            int cb = (values[p + 1] & 0xff) - 128;
            int cr = (values[p + 2] & 0xff) - 128;
            values[p] = clamp(y + (91881 * cr + 32768 >> 16));
            values[p + 1] = clamp(y + (-22554 * cb - 46802 * cr + 32768 >> 16));
            values[p + 2] = clamp(y + (116130 * cb + 32768 >> 16));
        }
    }

    private static byte clamp(int value) {
        return (byte) Math.max(0, Math.min(255, value));
    }

    /** CMYK to red, green, blue: ink over black, as PIL computes it. Black is stored inverted, ink is unless {@code inkIsPlain}. */
    private static byte[] withoutBlack(byte[] values, boolean inkIsPlain) {
        byte[] colours = new byte[values.length / 4 * 3];
        for (int p = 0; p < values.length / 4; p++) {
            int white = values[4 * p + 3] & 0xff;
            for (int c = 0; c < 3; c++) {
                int stored = values[4 * p + c] & 0xff;
                int ink = inkIsPlain ? stored : 255 - stored;
                int product = ink * white + 128;
                colours[3 * p + c] = (byte) (white - ((product >> 8) + product >> 8));
            }
        }
        return colours;
    }

    private static String firstLine(Throwable e) {
        return String.valueOf(e.getMessage()).lines().findFirst().orElse(e.getClass().getSimpleName());
    }
}
