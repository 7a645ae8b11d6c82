package separable.data;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;

/**
 * A folder of pictures in class folders, {@code DIR/train/CLASS/*.jpg} with {@code DIR/val} or {@code DIR/test} beside, or
 * {@code DIR/CLASS/*.jpg}, as two data sets. Pictures are decoded once, on all cores, into a cache.
 */
public final class PictureFolder {

    private final FolderListing listing;
    private final FolderOptions options;
    private final PictureCache cache;
    private final Set<Integer> held;

    private PictureFolder(FolderListing listing, FolderOptions options, PictureCache cache) {
        this.listing = listing;
        this.options = options;
        this.cache = cache;
        this.held = listing.hasTestFolder() ? Set.of() : drawn(listing, options);
    }

    /** What can be said of a folder before anything is decoded. @param hasTest whether it has a part for evaluation */
    public record Outline(List<String> classes, boolean hasTest, int pictures) {
    }

    /** @throws DataException when it is no folder of class folders */
    public static Outline outline(Path folder) {
        FolderListing listing = FolderListing.of(folder);
        return new Outline(listing.classes(), listing.hasTestFolder(), listing.entries().size());
    }

    /**
     * Lists the folder and decodes what is not in the cache yet.
     *
     * @throws DataException when it is no folder of class folders, too many pictures are broken, or the cache cannot be written
     */
    public static PictureFolder open(Path folder, FolderOptions options, DecodeListener listener) {
        FolderListing listing = FolderListing.of(folder);
        if (listing.hasTestFolder() && options.validation() > 0) {
            throw new DataException(folder + ": evaluation has the pictures in " + listing.testFolder() + ": leave --validation out");
        }
        if (!listing.hasTestFolder() && options.validation() == 0) {
            throw new DataException(folder + ": has neither val nor test: have part of the pictures held back with --validation 0.1");
        }
        PictureFolder opened = new PictureFolder(listing, options, PictureCache.open(listing, options, listener));
        opened.requireFewBroken();
        return opened;
    }

    /** Class names in index order: the names of their folders, sorted. */
    public List<String> classes() {
        return listing.classes();
    }

    /** The pictures to train on. @throws DataException when a class has none */
    public Dataset train() {
        Dataset train = part("train", picture -> !isTest(picture));
        requireEveryClass(train);
        return train;
    }

    private void requireEveryClass(Dataset train) {
        boolean[] seen = new boolean[classes().size()];
        for (int picture = 0; picture < train.count(); picture++) {
            seen[train.label(picture)] = true;
        }
        for (int label = 0; label < seen.length; label++) {
            if (!seen[label]) {
                throw new DataException(listing.root() + ": class " + classes().get(label)
                        + " has no whole picture to train on: put more pictures there, or remove its folder");
            }
        }
    }

    /** The pictures to evaluate on. @throws DataException when there are none */
    public Dataset test() {
        return part("test", this::isTest);
    }

    /** All pictures. @throws DataException when there are none */
    public Dataset all() {
        return part("all", picture -> true);
    }

    /** Whether it has a part for evaluation, instead of pictures that are held back. */
    public boolean hasTestFolder() {
        return listing.hasTestFolder();
    }

    private boolean isTest(int picture) {
        return listing.hasTestFolder() ? listing.entries().get(picture).isTest() : held.contains(picture);
    }

    private Dataset part(String name, IntPredicate belongs) {
        int[] pictures = IntStream.range(0, listing.entries().size()).filter(belongs).filter(p -> !cache.entry(p).isBroken()).toArray();
        if (pictures.length == 0) {
            throw new DataException(listing.root() + ": no picture to " + (name.equals("train") ? "train" : "evaluate")
                    + " on: use more pictures, or another --validation");
        }
        return new FolderPart(listing.root().getFileName() + " " + name, pictures);
    }

    /**
     * The pictures held back: of every class the first so many in an order that the seed and every picture's path give, so that a
     * picture more or less changes little. One of every class stays for training.
     */
    private static Set<Integer> drawn(FolderListing listing, FolderOptions options) {
        Map<Integer, List<Integer>> byClass = new TreeMap<>();
        for (int picture = 0; picture < listing.entries().size(); picture++) {
            byClass.computeIfAbsent(listing.entries().get(picture).label(), label -> new ArrayList<>()).add(picture);
        }
        Set<Integer> held = new HashSet<>();
        for (List<Integer> pictures : byClass.values()) {
            pictures.sort(Comparator.comparingLong((Integer picture) -> mixed(listing.entries().get(picture).path(), options.seed()))
                    .thenComparing(picture -> listing.entries().get(picture).path()));
            long wanted = Math.round(pictures.size() * options.validation());
            held.addAll(pictures.subList(0, (int) Math.min(Math.max(wanted, 1), pictures.size() - 1)));
        }
        return held;
    }

    /** A number that a path and a seed give: FNV-1a, then SplitMix64's finaliser. */
    private static long mixed(String path, long seed) {
        long hash = 0xcbf29ce484222325L ^ seed;
        for (int i = 0; i < path.length(); i++) {
            hash = (hash ^ path.charAt(i)) * 0x100000001b3L;
        }
        hash = (hash ^ hash >>> 30) * 0xbf58476d1ce4e5b9L;
        hash = (hash ^ hash >>> 27) * 0x94d049bb133111ebL;
        return hash ^ hash >>> 31;
    }

    /** Every broken picture, {@code path: reason}, in the order of paths. They are in neither data set. */
    public List<String> broken() {
        return remarks(true);
    }

    /** Every odd picture that is used all the same, {@code path: what was done to it}. */
    public List<String> converted() {
        return remarks(false);
    }

    private List<String> remarks(boolean broken) {
        return IntStream.range(0, listing.entries().size())
                .filter(p -> cache.entry(p).isBroken() == broken && !cache.entry(p).remark().isEmpty())
                .mapToObj(p -> listing.entries().get(p).path() + ": " + cache.entry(p).remark()).toList();
    }

    /** Pictures there are files of, broken ones included. */
    public int pictures() {
        return listing.entries().size();
    }

    /** Both lists with a line above each, for a file; empty when there is nothing to say. */
    public String report() {
        StringBuilder text = new StringBuilder();
        append(text, broken(), "broken and left out");
        append(text, converted(), "odd, and used as said");
        return text.toString();
    }

    private void append(StringBuilder text, List<String> lines, String title) {
        if (!lines.isEmpty()) {
            text.append(lines.size()).append(" of ").append(pictures()).append(" pictures ").append(title).append(":\n");
            lines.forEach(line -> text.append(line).append('\n'));
        }
    }

    private void requireFewBroken() {
        List<String> broken = broken();
        if (broken.size() > options.maxBroken() * pictures()) {
            throw new DataException(String.format(Locale.ROOT, "%s: %d of %d pictures are broken, more than the share of %s that --max-broken allows; "
                    + "the first is %s: mend or remove them, or allow more", listing.root(), broken.size(), pictures(), options.maxBroken(), broken.get(0)));
        }
    }

    /** Some of the folder's pictures. */
    private final class FolderPart implements Dataset {

        private final String name;
        private final int[] pictures;

        FolderPart(String name, int[] pictures) {
            this.name = name;
            this.pictures = pictures;
        }

        @Override
        public String name() {
            return name;
        }

        @Override
        public String source() {
            return listing.root().toString();
        }

        @Override
        public int height() {
            return options.size();
        }

        @Override
        public int width() {
            return options.size();
        }

        @Override
        public int channels() {
            return options.channels();
        }

        @Override
        public int count() {
            return pictures.length;
        }

        @Override
        public List<String> classes() {
            return listing.classes();
        }

        @Override
        public int label(int picture) {
            return listing.entries().get(pictures[picture]).label();
        }

        @Override
        public void read(int picture, ByteBuffer to) {
            cache.read(pictures[picture], to);
        }

        /** Path and sums over the pixels. */
        @Override
        public String mark(int picture) {
            return listing.entries().get(pictures[picture]).path() + Arrays.toString(cache.entry(pictures[picture]).sums());
        }

        /** From sums that were taken while decoding. */
        @Override
        public PictureStatistics statistics() {
            PixelSums sums = new PixelSums(channels());
            for (int picture : pictures) {
                CacheEntry entry = cache.entry(picture);
                sums.add((long) height() * width(), entry.sums(), entry.squares());
            }
            return sums.statistics();
        }
    }
}
