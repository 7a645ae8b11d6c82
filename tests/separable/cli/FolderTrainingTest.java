package separable.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import separable.data.PictureFiles;
import separable.train.RunConfig;

/** {@code train --dataset folder} from end to end. */
class FolderTrainingTest {

    @TempDir
    Path place;

    private Path folder;
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @BeforeEach
    void makeFolder() {
        folder = place.resolve("pictures");
    }

    private int run(String line) {
        String[] words = line.replace("DATA", folder.toString()).replace("PLACE", place.toString()).trim().split(" +");
        return Main.run(words, new PrintWriter(out, true), new PrintWriter(err, true));
    }

    private static String tiny(String more) {
        return "train --model separable-cnn --blocks 8,8,8,8 --resolution 8 --dataset folder --data DATA --cache PLACE/cache --out PLACE/run"
                + " --precision fp32 " + more;
    }

    /** Twenty that are broken or odd among a thousand, each in a way of its own. @return their names and what is said of them */
    private Map<String, String> writeOddOnes() throws IOException {
        byte[] jpeg = fixture("420.jpg");
        byte[] progressive = fixture("progressive.jpg");
        byte[] png = fixture("colours.png");
        Map<String, byte[]> files = new TreeMap<>();
        Map<String, String> said = new TreeMap<>();
        odd(files, said, "cut-in-half.jpg", Arrays.copyOf(jpeg, jpeg.length / 2), "is a truncated JPEG picture");
        odd(files, said, "cut-in-header.jpg", Arrays.copyOf(jpeg, 30), "is a truncated JPEG picture");
        odd(files, said, "cut-progressive.jpg", Arrays.copyOf(progressive, progressive.length - 40), "is a truncated JPEG picture");
        odd(files, said, "cut-in-half.png", Arrays.copyOf(png, png.length / 2), "is a truncated PNG picture");
        odd(files, said, "cut-in-header.png", Arrays.copyOf(png, 20), "is a truncated PNG picture");
        odd(files, said, "empty.jpg", new byte[0], "is empty");
        odd(files, said, "empty.png", new byte[0], "is empty");
        odd(files, said, "zeros.jpg", new byte[3000], "is zero bytes, not a JPEG or PNG picture");
        odd(files, said, "text.jpg", "Access denied\n".getBytes(StandardCharsets.US_ASCII), "is text, not a JPEG or PNG picture");
        odd(files, said, "page.png", "<!DOCTYPE html><html></html>".getBytes(StandardCharsets.US_ASCII), "is text, not a JPEG or PNG picture");
        odd(files, said, "moving.gif", "GIF89a\1\0\1\0\0\0\0;".getBytes(StandardCharsets.ISO_8859_1), "is a GIF picture, not a JPEG or PNG picture");
        byte[] flipped = png.clone();
        flipped[png.length - 30] ^= 16;
        odd(files, said, "flipped-bit.png", flipped, "is a damaged PNG picture: the checksum of its part IDAT at byte");
        byte[] noData = Arrays.copyOf(jpeg, jpeg.length * 3 / 4);
        noData[noData.length - 2] = (byte) 0xff;
        noData[noData.length - 1] = (byte) 0xd9;
        odd(files, said, "lost-data.jpg", noData, "is a damaged JPEG picture: ");
        odd(files, said, "cmyk.jpg", fixture("cmyk.jpg"), "CMYK to RGB");
        odd(files, said, "ycck.jpg", fixture("ycck.jpg"), "CMYK to RGB");
        odd(files, said, "deep-grey.png", fixture("grey16.png"), "16 bits to 8");
        odd(files, said, "see-through.png", fixture("alpha.png"), "transparency over white");
        for (Map.Entry<String, byte[]> file : files.entrySet()) {
            Files.write(folder.resolve("red").resolve(file.getKey()), file.getValue());
        }
        PictureFiles.write(folder.resolve("red/dot.png"), 1, 1, 0, 1);
        PictureFiles.write(folder.resolve("red/stripe.png"), 3, 12_000, 0, 1);
        PictureFiles.write(folder.resolve("red/tower.jpg"), 2_000, 4, 0, 1);
        said.put("dot.png", "1x1 pixels enlarged");
        said.put("stripe.png", "12000x3 pixels enlarged, 12000x3 pixels cut to the middle square");
        said.put("tower.jpg", "4x2000 pixels enlarged, 4x2000 pixels cut to the middle square");
        return said;
    }

    private static void odd(Map<String, byte[]> files, Map<String, String> said, String name, byte[] bytes, String remark) {
        files.put(name, bytes);
        said.put(name, remark);
    }

    private static byte[] fixture(String name) {
        try (var in = FolderTrainingTest.class.getResourceAsStream("/fixtures/pictures/" + name)) {
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void aThousandPicturesWithTwentyBrokenOrOddOnesTrain() throws IOException {
        PictureFiles.writeClasses(folder, 326, 12);
        PictureFiles.write(folder.resolve("green/one.png"), 12, 12, 1, 5);
        PictureFiles.write(folder.resolve("green/two.png"), 12, 12, 1, 6);
        Map<String, String> said = writeOddOnes();

        assertThat(run(tiny(""))).isEqualTo(Main.FAILED);
        assertThat(err.toString()).startsWith("separable: " + folder + ": 13 of 1000 pictures are broken, more than the share of 0.01 that --max-broken allows; "
                + "the first is red/cut-in-half.jpg: is a truncated JPEG picture").hasLineCount(1);

        assertThat(run(tiny("--max-broken 0.02 --batch 20 --epochs 3"))).as(err.toString()).isZero();
        assertThat(out.toString()).containsPattern("\\n8\\d\\d pictures of 3 classes to train on, \\d+ to evaluate on; 13 broken, 7 odd: see ");
        List<String> report = Files.readAllLines(place.resolve("run/broken-pictures.txt"));
        assertThat(report).hasSize(22).contains("13 of 1000 pictures broken and left out:", "7 of 1000 pictures odd, and used as said:");
        said.forEach((name, remark) -> assertThat(report).as(name).anyMatch(line -> line.startsWith("red/" + name + ": " + remark)));
        assertThat(lastAccuracy()).isGreaterThan(0.8);
    }

    private double lastAccuracy() {
        String[] lines = out.toString().split("\n");
        return Double.parseDouble(lines[lines.length - 1].split(" ")[2]);
    }

    @Test
    void theConfigurationSaysWhatThePicturesAre() throws IOException {
        PictureFiles.writeClasses(folder.resolve("train"), 40, 12);
        PictureFiles.writeClasses(folder.resolve("test"), 4, 12);
        assertThat(run("train --model mobilenet-v1 --width 0.1 --resolution 16 --picture-size 20 --dataset folder --data DATA --cache PLACE/cache"
                + " --out PLACE/run --batch 20 --epochs 1")).as(err.toString()).isZero();
        RunConfig config = RunConfig.read(place.resolve("run/config.json"));
        assertThat(config.data().classes()).containsExactly("blue", "green", "red");
        assertThat(config.data().size()).isEqualTo(20);
        assertThat(config.model().classes()).isEqualTo(3);
        assertThat(config.recipe().input().centre()).isEqualTo(0.8f);
        assertThat(config.recipe().input().mean()).allMatch(mean -> mean > 0.25f && mean < 0.4f).doesNotContain(0.5f);
        assertThat(place.resolve("run/broken-pictures.txt")).doesNotExist();

        assertThat(run("eval PLACE/run")).as(err.toString()).isZero();
        assertThat(out.toString()).contains("green").containsPattern("top-1 .* \\(\\d+ of 12\\)");
        assertThat(run("train --config PLACE/run/config.json --out PLACE/again --mean 0.1,0.2,0.3 --deviation 0.5,0.5,0.5")).as(err.toString()).isZero();
        assertThat(RunConfig.read(place.resolve("again/config.json")).recipe().input().mean()).containsExactly(0.1f, 0.2f, 0.3f);
    }

    @Test
    void impossibleOptionsAreRefusedInALine() throws IOException {
        PictureFiles.writeClasses(folder, 2, 8);
        for (Map.Entry<String, String> wrong : Map.of(
                "train --dataset folder", "--dataset folder: name the folder with --data DIR",
                "train --dataset mnist --picture-size 32", "--picture-size: is for --dataset folder, not for mnist: leave it out",
                tiny("--mean 0.5,half,0.5"), "--mean 0.5,half,0.5: must be auto, or a number for each channel with commas between",
                tiny("--mean 0.5"), "mean and deviation [0.5] and [0.5, 0.5, 0.5]: must be one number a channel each",
                tiny("--channels 2"), "channels 2: must be 1 or 3",
                tiny("--validation 1"), "validation 1.0: must be 0 to below 1").entrySet()) {
            err.getBuffer().setLength(0);
            assertThat(run(wrong.getKey())).as(wrong.getKey()).isEqualTo(Main.USAGE);
            assertThat(err.toString()).as(wrong.getKey()).isEqualTo("separable: " + wrong.getValue() + "\n");
        }
        assertThat(place.resolve("cache")).as("nothing is decoded for a run that cannot be").doesNotExist();
    }
}
