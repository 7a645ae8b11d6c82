package separable.testing;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import javax.imageio.ImageIO;
import separable.data.Dataset;

/** A data set's pictures as files. */
public final class PngFiles {

    private PngFiles() {
    }

    /** Writes a picture in colour, a grey one with three equal channels. Its folder is made. */
    public static void write(Dataset dataset, int picture, Path file) throws IOException {
        ByteBuffer pixels = ByteBuffer.allocate(dataset.imageBytes());
        dataset.read(picture, pixels);
        BufferedImage image = new BufferedImage(dataset.width(), dataset.height(), BufferedImage.TYPE_INT_RGB);
        int channels = dataset.channels();
        for (int at = 0; at < dataset.width() * dataset.height(); at++) {
            int rgb = 0;
            for (int c = 0; c < 3; c++) {
                rgb = rgb << 8 | pixels.get(at * channels + Math.min(c, channels - 1)) & 0xff;
            }
            image.setRGB(at % dataset.width(), at / dataset.width(), rgb);
        }
        Files.createDirectories(file.getParent());
        ImageIO.write(image, "png", file.toFile());
    }
}
