package separable.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import separable.picture.PictureFile;

/** Folders of pictures as data sets: what belongs to which part, and what is said of the odd and the broken. */
class PictureFolderTest {

    @TempDir
    Path place;

    private Path folder;

    @BeforeEach
    void makeFolder() {
        folder = place.resolve("pictures");
    }

    private FolderOptions options(int size, double validation, long seed, double maxBroken) {
        return new FolderOptions(size, 3, validation, seed, maxBroken, place.resolve("cache"));
    }

    private PictureFolder open(FolderOptions options) {
        return PictureFolder.open(folder, options, DecodeListener.NONE);
    }

    /** A data set's pictures, so that two sets can be compared whatever their order. */
    private static Set<ByteBuffer> contents(Dataset dataset) {
        Set<ByteBuffer> contents = new HashSet<>();
        for (int i = 0; i < dataset.count(); i++) {
            ByteBuffer picture = ByteBuffer.allocate(dataset.imageBytes());
            dataset.read(i, picture);
            contents.add(picture.flip());
        }
        return contents;
    }

    @Test
    void partsOfTheFolderAreTheParts() throws IOException {
        PictureFiles.writeClasses(folder.resolve("train"), 4, 12);
        PictureFiles.writeClasses(folder.resolve("val"), 2, 12);
        PictureFiles.write(folder.resolve("train/red/deeper/still/one.jpeg"), 20, 9, 0, 99);
        Files.writeString(folder.resolve("train/red/notes.txt"), "no picture, and none by name");
        Files.writeString(folder.resolve("train/red/.hidden.jpg"), "left by a desktop");
        PictureFolder opened = open(options(8, 0, 1, 0));

        Dataset train = opened.train();
        assertThat(train.classes()).containsExactly("blue", "green", "red");
        assertThat(List.of(train.count(), train.height(), train.width(), train.channels())).containsExactly(13, 8, 8, 3);
        assertThat(train.labels()).containsExactly(0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 2);
        assertThat(opened.test().labels()).containsExactly(0, 0, 1, 1, 2, 2);
        assertThat(opened.report()).isEmpty();
    }

    @Test
    void picturesAreSquaresOfTheFiles() throws IOException {
        PictureFiles.writeClasses(folder, 3, 15);
        Set<ByteBuffer> expected = new HashSet<>();
        try (var files = Files.walk(folder)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                expected.add(ByteBuffer.wrap(PictureFile.read(file).picture().square(10).pixels()));
            }
        }
        PictureFolder opened = open(options(10, 0.34, 1, 0));
        Set<ByteBuffer> found = contents(opened.train());
        found.addAll(contents(opened.test()));
        assertThat(found).isEqualTo(expected);
        assertThat(opened.train().statistics()).isEqualTo(PictureStatistics.of(opened.train()));
    }

    @Test
    void greyIsGreyWhateverTheFilesHold() throws IOException {
        PictureFiles.writeClasses(folder, 2, 10);
        Path one = folder.resolve("blue/0.jpg");
        PictureFolder opened = PictureFolder.open(folder, new FolderOptions(6, 1, 0.5, 1, 0, place.resolve("cache")), DecodeListener.NONE);
        Set<ByteBuffer> all = contents(opened.train());
        all.addAll(contents(opened.test()));
        assertThat(all).hasSize(6).contains(ByteBuffer.wrap(PictureFile.read(one).picture().withChannels(1).square(6).pixels()));
    }

    @Test
    void theSeedDrawsTheSameShareOfEveryClass() throws IOException {
        PictureFiles.writeClasses(folder, 20, 9);
        Set<ByteBuffer> first = contents(open(options(8, 0.2, 1, 0)).test());
        assertThat(contents(open(options(8, 0.2, 1, 0)).test())).isEqualTo(first);
        assertThat(contents(open(options(8, 0.2, 2, 0)).test())).isNotEqualTo(first);
        PictureFolder opened = open(options(8, 0.2, 1, 0));
        assertThat(opened.test().labels()).containsExactly(0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2);
        assertThat(contents(opened.train())).hasSize(48).doesNotContainAnyElementsOf(first);

        PictureFiles.write(folder.resolve("red/one-more.png"), 9, 9, 0, 1234);
        Set<ByteBuffer> after = contents(open(options(8, 0.2, 1, 0)).test());
        after.retainAll(first);
        assertThat(after).as("of 12 pictures held back, still held back with one more in the folder").hasSizeGreaterThanOrEqualTo(11);
    }

    /** One picture of a class is one to train on, whatever share is held back. */
    @Test
    void everyClassKeepsAPictureToTrainOn() throws IOException {
        PictureFiles.writeClasses(folder, 1, 9);
        PictureFiles.write(folder.resolve("red/more.png"), 9, 9, 0, 7);
        PictureFolder opened = open(options(8, 0.9, 1, 0.5));
        assertThat(opened.train().labels()).containsExactly(0, 1, 2);
        assertThat(opened.test().labels()).containsExactly(2);

        Files.writeString(folder.resolve("green/1.png"), "the only picture of its class");
        PictureFolder without = open(options(8, 0.9, 1, 0.5));
        assertThatThrownBy(without::train).isInstanceOf(DataException.class).hasMessage(folder
                + ": class green has no whole picture to train on: put more pictures there, or remove its folder");
        assertThat(without.all().labels()).as("to evaluate on it is no hindrance").containsExactly(0, 2, 2);
    }

    @Test
    void brokenPicturesAreNamedAndLeftOut() throws IOException {
        PictureFiles.writeClasses(folder, 30, 9);
        Files.writeString(folder.resolve("red/text.jpg"), "this is not a picture at all");
        Files.write(folder.resolve("green/empty.png"), new byte[0]);
        PictureFiles.write(folder.resolve("blue/dot.png"), 1, 1, 2, 5);
        PictureFolder opened = open(options(8, 0.1, 1, 0.03));
        assertThat(opened.train().count() + opened.test().count()).isEqualTo(91);
        assertThat(opened.broken()).containsExactly("green/empty.png: is empty", "red/text.jpg: is text, not a JPEG or PNG picture");
        assertThat(opened.converted()).containsExactly("blue/dot.png: 1x1 pixels enlarged");
        assertThat(opened.report()).isEqualTo("""
                2 of 93 pictures broken and left out:
                green/empty.png: is empty
                red/text.jpg: is text, not a JPEG or PNG picture
                1 of 93 pictures odd, and used as said:
                blue/dot.png: 1x1 pixels enlarged
                """);
        assertThatThrownBy(() -> open(options(8, 0.1, 1, 0.02))).isInstanceOf(DataException.class).hasMessage(folder
                + ": 2 of 93 pictures are broken, more than the share of 0.02 that --max-broken allows; the first is green/empty.png: is empty: "
                + "mend or remove them, or allow more");
    }

    @Test
    void whatIsNoFolderOfClassesIsRefused() throws IOException {
        List<String> refusals = new ArrayList<>();
        refusals.add(refusal(0.1));
        Files.createDirectories(folder.resolve("cats"));
        refusals.add(refusal(0.1));
        Files.createDirectories(folder.resolve("dogs"));
        PictureFiles.write(folder.resolve("cats/one.png"), 5, 5, 0, 1);
        refusals.add(refusal(0.1));
        PictureFiles.write(folder.resolve("dogs/one.png"), 5, 5, 1, 1);
        refusals.add(refusal(0));
        PictureFiles.writeClasses(folder.resolve("train"), 1, 5);
        PictureFiles.write(folder.resolve("test/yellow/one.png"), 5, 5, 1, 1);
        refusals.add(refusal(0));
        Files.move(folder.resolve("test/yellow"), folder.resolve("test/red"));
        refusals.add(refusal(0.1));
        assertThat(refusals).containsExactly(
                folder + ": no such folder: name one with a folder of JPEG or PNG pictures for each class",
                folder + ": holds one class folder, cats: put the pictures of every class into a folder of its own, two classes at least",
                folder + "/dogs: holds no JPEG or PNG pictures: put some there, or remove the folder",
                folder + ": has neither val nor test: have part of the pictures held back with --validation 0.1",
                folder + "/test/yellow: the training pictures have no class yellow: remove the folder or name it as one of theirs",
                folder + ": evaluation has the pictures in test: leave --validation out");
    }

    private String refusal(double validation) {
        try {
            open(options(8, validation, 1, 0));
            return "nothing";
        } catch (DataException e) {
            return e.getMessage();
        }
    }
}
