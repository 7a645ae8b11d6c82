package separable.data;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import javax.imageio.ImageIO;

/** Makes folders of small pictures for tests. */
public final class PictureFiles {

    private PictureFiles() {
    }

    /** A picture of noise that is brighter in one channel: something to learn. */
    public static void write(Path file, int height, int width, int channel, long seed) throws IOException {
        BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
        Random random = new Random(seed);
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                image.setRGB(x, y, random.nextInt(0x404040) & 0x3f3f3f | 0xa0 << 8 * (2 - channel));
            }
        }
        Files.createDirectories(file.getParent());
        String name = file.toString();
        ImageIO.write(image, name.substring(name.lastIndexOf('.') + 1), file.toFile());
    }

    /** So many pictures of each of three classes, JPEG and PNG by turns, in {@code folder/CLASS}. */
    public static void writeClasses(Path folder, int each, int side) throws IOException {
        String[] classes = {"blue", "green", "red"};
        for (int i = 0; i < each * classes.length; i++) {
            int label = i % classes.length;
            write(folder.resolve(classes[label]).resolve(i + (i % 2 == 0 ? ".jpg" : ".png")), side + i % 5, side + i % 7, 2 - label, i);
        }
    }
}
