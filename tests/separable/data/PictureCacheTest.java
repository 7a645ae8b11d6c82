package separable.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.fail;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import separable.testing.ForkedJava;

/** The cache of decoded pictures: written once, gone on with after a cut, checked when read, shared by processes. */
class PictureCacheTest {

    private static final int PICTURES = 60;

    /** More that keep one core busy for a second or more. */
    private static final int LARGE = 100;

    @TempDir
    Path place;

    private Path folder;

    @BeforeEach
    void makeFolder() throws IOException {
        folder = place.resolve("pictures");
        PictureFiles.writeClasses(folder, PICTURES / 3, 10);
    }

    private static FolderOptions options(Path cache) {
        return new FolderOptions(8, 3, 0.1, 1, 0, cache);
    }

    private static PictureFolder open(Path folder, Path cache, DecodeListener listener) {
        return PictureFolder.open(folder, options(cache), listener);
    }

    /** Opens the folder. @return how many pictures had to be decoded */
    private int decoded(Path cache) {
        int[] first = {PICTURES};
        open(folder, cache, (done, all) -> first[0] = Math.min(first[0], done));
        return PICTURES - first[0];
    }

    private Path cache() {
        return place.resolve("cache");
    }

    private Path file(String name) throws IOException {
        try (Stream<Path> inside = Files.walk(cache())) {
            return inside.filter(path -> path.getFileName().toString().equals(name)).findFirst().orElseThrow();
        }
    }

    @Test
    void decodesOnceAndAgainWhatChanged() throws IOException {
        assertThat(decoded(cache())).isEqualTo(PICTURES);
        assertThat(decoded(cache())).isZero();
        Files.setLastModifiedTime(folder.resolve("blue/0.jpg"), FileTime.fromMillis(1_000_000));
        assertThat(decoded(cache())).as("another listing").isEqualTo(PICTURES);
        assertThat(decoded(cache())).isZero();
    }

    /** What could not be read says nothing of the picture: it is broken for the run, and tried again by the next. */
    @Test
    void whatCouldNotBeReadIsTriedAgain() throws IOException {
        Path target = place.resolve("elsewhere.png");
        Files.createSymbolicLink(folder.resolve("red/link.png"), target);
        FolderListing listing = FolderListing.of(folder);
        int link = PICTURES;
        assertThat(listing.entries().get(link).path()).isEqualTo("red/link.png");
        CacheEntry unread = PictureCache.open(listing, options(cache()), DecodeListener.NONE).entry(link);
        assertThat(unread.isBroken()).isTrue();
        assertThat(unread.remark()).isEqualTo("no such file");

        PictureFiles.write(target, 9, 9, 0, 1);
        int[] first = {PICTURES + 1};
        PictureCache again = PictureCache.open(listing, options(cache()), (done, all) -> first[0] = Math.min(first[0], done));
        assertThat(again.entry(link).isBroken()).isFalse();
        assertThat(first[0]).as("all others are there").isEqualTo(PICTURES);
    }

    /** Large ones are named, not tried until the heap ends; a larger heap has them. */
    @Test
    void whatTheHeapCannotHoldIsTriedAgain() throws IOException {
        PictureFiles.write(folder.resolve("red/vast.png"), 400, 400, 0, 1);
        FolderListing listing = FolderListing.of(folder);
        int vast = listing.entries().size() - 1;
        Path pixels = place.resolve("pixels.u8");
        try (RandomAccessFile file = new RandomAccessFile(pixels.toFile(), "rw")) {
            file.setLength(listing.entries().size() * 192L);
        }
        CacheIndex index = new CacheIndex(place.resolve("index"), 3);
        List<Integer> all = IntStream.range(0, listing.entries().size()).boxed().toList();
        CacheEntry[] entries = new CacheEntry[all.size()];
        new PictureDecoding(listing, 8, 3, pixels, index, 900_000).run(all, entries, DecodeListener.NONE);
        assertThat(Stream.of(entries).filter(CacheEntry::isBroken)).containsExactly(entries[vast]);
        assertThat(entries[vast].remark()).isEqualTo("is too large for this heap: takes up to 2 MiB of the 1 that are for pictures (half of it): "
                + "give Java a larger one, as with JDK_JAVA_OPTIONS=-Xmx8g");
        assertThat(index.read(entries, false)).isEqualTo(PICTURES);
        new PictureDecoding(listing, 8, 3, pixels, index, 2_000_000).run(List.of(vast), entries, DecodeListener.NONE);
        assertThat(entries[vast].isBroken()).isFalse();
        assertThat(index.read(entries, false)).isEqualTo(PICTURES + 1);
    }

    /** The second sees half of the pictures, waits for the first to decode the others, and then has nothing to do. */
    @Test
    void whoWaitedForAnotherDecodesNothing() throws Exception {
        byte[] whole = reference();
        byte[] index = Files.readAllBytes(file("index"));
        Files.write(file("index"), Arrays.copyOf(index, index.length / 2));
        CountDownLatch begun = new CountDownLatch(1);
        CountDownLatch mayGoOn = new CountDownLatch(1);
        Thread first = new Thread(() -> open(folder, cache(), (done, all) -> {
            begun.countDown();
            await(mayGoOn);
        }));
        List<Integer> heard = Collections.synchronizedList(new ArrayList<>());
        Thread second = new Thread(() -> open(folder, cache(), (done, all) -> heard.add(done)));
        first.start();
        await(begun);
        second.start();
        while (second.getState() != Thread.State.BLOCKED) {
            Thread.sleep(1);
        }
        mayGoOn.countDown();
        first.join();
        second.join();
        assertThat(heard).isEmpty();
        assertThat(reference()).isEqualTo(whole);
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Paths, sizes and times of change may be equal where the pictures are not. */
    @Test
    void twoFoldersThatLookAlikeShareNothing() throws IOException {
        Path other = place.resolve("other");
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                Path copy = other.resolve(folder.relativize(file));
                Files.createDirectories(copy.getParent());
                Files.copy(file, copy, StandardCopyOption.COPY_ATTRIBUTES);
            }
        }
        Path changed = other.resolve("blue/0.jpg");
        FileTime time = Files.getLastModifiedTime(changed);
        Files.write(changed, new byte[(int) Files.size(changed)]);
        Files.setLastModifiedTime(changed, time);
        assertThat(FolderListing.of(other).entries()).isEqualTo(FolderListing.of(folder).entries());

        assertThat(PictureCache.open(FolderListing.of(folder), options(cache()), DecodeListener.NONE).entry(0).isBroken()).isFalse();
        assertThat(PictureCache.open(FolderListing.of(other), options(cache()), DecodeListener.NONE).entry(0).isBroken()).isTrue();
        Path link = Files.createSymbolicLink(place.resolve("link"), folder);
        assertThat(PictureCache.open(FolderListing.of(link), options(cache()), (done, all) -> fail("decoded again")).entry(0).isBroken()).isFalse();
    }

    @Test
    void aListenerThatThrowsEndsItAndTheNextGoesOn() {
        IllegalStateException stop = new IllegalStateException("enough");
        assertThatThrownBy(() -> open(folder, cache(), (done, all) -> {
            if (done == all) {
                throw stop;
            }
        })).isSameAs(stop);
        assertThat(decoded(cache())).as("all were kept").isZero();
    }

    /** Every length that a kill may leave the index at, and rubbish after it. */
    @Test
    void whatACutLeftIsGoneOnWith() throws IOException {
        byte[] whole = reference();
        byte[] index = Files.readAllBytes(file("index"));
        Random random = new Random(5);
        for (int round = 0; round < 12; round++) {
            int length = round == 0 ? 0 : random.nextInt(index.length);
            byte[] cut = Arrays.copyOf(index, length + random.nextInt(3) * 5);
            Files.write(file("index"), cut);
            int again = decoded(cache());
            assertThat(again).isBetween(1, PICTURES);
            assertThat(again).isLessThanOrEqualTo(PICTURES - (length - 8) / 200);
            assertThat(reference()).isEqualTo(whole);
        }
    }

    /** A power cut may keep the index and lose pictures that were written before it. */
    @Test
    void anUnfinishedCacheIsCheckedBeforeItIsGoneOnWith() throws IOException {
        byte[] whole = reference();
        byte[] index = Files.readAllBytes(file("index"));
        Files.write(file("index"), Arrays.copyOf(index, index.length - 10));
        byte[] pixels = Files.readAllBytes(file("pixels.u8"));
        Arrays.fill(pixels, 0, pixels.length / 2, (byte) 0);
        Files.write(file("pixels.u8"), pixels);
        assertThat(decoded(cache())).isBetween(PICTURES / 2, PICTURES / 2 + 1);
        assertThat(reference()).isEqualTo(whole);
    }

    @Test
    void damageIsSeenWhenAPictureIsRead() throws IOException {
        byte[] whole = reference();
        byte[] pixels = Files.readAllBytes(file("pixels.u8"));
        pixels[pixels.length / 2] ^= 1;
        Files.write(file("pixels.u8"), pixels);
        assertThatThrownBy(this::reference).isInstanceOf(DataException.class).hasMessageStartingWith(file("pixels.u8") + ": the square of green/")
                .hasMessageEndingWith(" is damaged (its checksum is wrong) and was struck from the index: start again, it alone is then decoded again");
        assertThat(decoded(cache())).as("the damaged one alone").isEqualTo(1);
        assertThat(reference()).isEqualTo(whole);
        Files.write(file("pixels.u8"), Arrays.copyOf(pixels, 100));
        assertThat(decoded(cache())).as("of a file of another length nothing is used").isEqualTo(PICTURES);
        assertThat(reference()).isEqualTo(whole);
        Files.delete(file("pixels.u8"));
        assertThat(decoded(cache())).isEqualTo(PICTURES);
    }

    /** All pictures, as a reader gets them. */
    private byte[] reference() {
        Dataset train = open(folder, cache(), DecodeListener.NONE).train();
        ByteBuffer bytes = ByteBuffer.allocate((int) train.bytes());
        for (int i = 0; i < train.count(); i++) {
            train.read(i, bytes);
        }
        return bytes.array();
    }

    /** Wrong bytes in the index are pictures decoded again: never another exception, never an entry that is not there. */
    @Test
    void anIndexOfAnyBytesIsRead() throws IOException {
        decoded(cache());
        Path index = file("index");
        byte[] whole = Files.readAllBytes(index);
        Random random = new Random(7);
        Path other = place.resolve("index");
        CacheEntry[] intact = new CacheEntry[PICTURES];
        assertThat(new CacheIndex(index, 3).read(intact, false)).isEqualTo(PICTURES);
        for (int round = 0; round < 300; round++) {
            byte[] bytes = round % 3 == 0 ? new byte[random.nextInt(300)] : whole.clone();
            if (round % 3 == 0) {
                random.nextBytes(bytes);
                System.arraycopy(whole, 0, bytes, 0, Math.min(8, bytes.length));
            } else {
                bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
            }
            Files.write(other, bytes);
            CacheEntry[] entries = new CacheEntry[PICTURES];
            int found = new CacheIndex(other, 3).read(entries, false);
            assertThat(Stream.of(entries).filter(Objects::nonNull).count()).isEqualTo(found);
            for (CacheEntry entry : entries) {
                assertThat(entry == null || Arrays.equals(entry.toBytes(), intact[entry.picture()].toBytes())).as("an entry as it was written").isTrue();
            }
        }
    }

    @Test
    void twoProcessesThatStartTogetherDecodeOnce() throws IOException {
        for (int i = 0; i < 300; i++) {
            PictureFiles.write(folder.resolve("red").resolve("more" + i + ".png"), 60, 60, 0, i);
        }
        List<CompletableFuture<ForkedJava.Result>> both = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
            both.add(CompletableFuture.supplyAsync(() -> {
                try {
                    return ForkedJava.run(Decoder.class, Map.of(), folder.toString(), cache().toString());
                } catch (IOException | InterruptedException e) {
                    throw new IllegalStateException(e);
                }
            }));
        }
        int sum = 0;
        for (CompletableFuture<ForkedJava.Result> one : both) {
            assertThat(one.join().status()).as(one.join().output()).isZero();
            sum += Integer.parseInt(one.join().output().trim());
        }
        assertThat(sum).as("pictures decoded by both together").isEqualTo(PICTURES + 300);
    }

    /** Kills at random moments around a flush to the disk: the next goes on from what is there, to the same bytes. */
    @Test
    void whoIsKilledLeavesWhatTheNextGoesOnFrom() throws Exception {
        PictureFiles.write(folder.resolve("red/large0.jpg"), 600, 600, 0, 1);
        for (int i = 1; i < LARGE; i++) {
            Files.copy(folder.resolve("red/large0.jpg"), folder.resolve("red/large" + i + ".jpg"));
        }
        FolderListing listing = FolderListing.of(folder);
        Path cacheOfOne = place.resolve("whole");
        Path whole = PictureCache.open(listing, options(cacheOfOne), DecodeListener.NONE).folder();
        Path killed = cache().resolve(cacheOfOne.relativize(whole));
        Random random = new Random(11);
        for (int round = 0; round < 2; round++) {
            killAfterAFlush(killed.resolve("index"), random.nextInt(60));
        }
        PictureCache.open(listing, options(cache()), DecodeListener.NONE);
        assertThat(killed.resolve("pixels.u8")).hasSameBinaryContentAs(whole.resolve("pixels.u8"));
        assertThat(entries(killed)).isEqualTo(entries(whole));
    }

    /** Decodes on one core in a process of its own, until the index has grown and so many milliseconds more. */
    private void killAfterAFlush(Path index, int millis) throws IOException, InterruptedException {
        long before = Files.exists(index) ? Files.size(index) : 0;
        List<String> command = ForkedJava.command(Decoder.class, folder.toString(), cache().toString());
        command.add(1, "-XX:ActiveProcessorCount=1");
        Process decoder = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(place.resolve("killed.txt").toFile()).start();
        while (decoder.isAlive() && (!Files.exists(index) || Files.size(index) <= before)) {
            Thread.sleep(1);
        }
        Thread.sleep(millis);
        decoder.destroyForcibly().waitFor();
    }

    /** What an index holds, whatever the order it was written in. */
    private static List<String> entries(Path place) throws IOException {
        CacheEntry[] entries = new CacheEntry[PICTURES + LARGE];
        assertThat(new CacheIndex(place.resolve("index"), 3).read(entries, false)).isEqualTo(entries.length);
        return Stream.of(entries).map(entry -> HexFormat.of().formatHex(entry.toBytes())).toList();
    }

    /** Opens a folder and prints how many pictures it decoded itself. */
    static final class Decoder {

        private Decoder() {
        }

        public static void main(String[] arguments) {
            int[] own = {0};
            open(Path.of(arguments[0]), Path.of(arguments[1]), (done, all) -> own[0] = done < 0 ? 0 : all);
            System.out.println(own[0]);
        }
    }

    @Test
    void aPlaceThatCannotBeWrittenIsNamed() throws IOException {
        Path cache = Files.writeString(place.resolve("file"), "in the way", StandardOpenOption.CREATE_NEW);
        assertThatThrownBy(() -> open(folder, cache, DecodeListener.NONE)).isInstanceOf(DataException.class)
                .hasMessageStartingWith(cache + "/pictures/").hasMessageContaining("the decoded pictures cannot be kept there (")
                .hasMessageEndingWith("make room, or name another place with --cache DIR");
    }
}
