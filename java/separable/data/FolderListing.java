package separable.data;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitOption;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Which pictures a folder of class folders holds: {@code train/CLASS/...} beside {@code val} or {@code test} with the same classes, or
 * {@code CLASS/...}. Classes and pictures are in the order of their names, whatever order the file system has.
 *
 * @param classes folder names
 * @param testFolder the part for evaluation, {@code val} or {@code test}; empty where there is none
 */
record FolderListing(Path root, List<String> classes, List<Entry> entries, String testFolder) {

    /** Names that pictures have; those of kinds that are not read are there to be named as such. */
    private static final Set<String> ENDINGS = Set.of("jpg", "jpeg", "jpe", "jfif", "png", "gif", "bmp", "webp", "tif", "tiff", "avif", "heic");
    private static final List<String> TEST_FOLDERS = List.of("val", "test");

    /**
     * One file.
     *
     * @param path     below the root, with slashes
     * @param modified milliseconds since 1970
     */
    record Entry(String path, int label, boolean isTest, long bytes, long modified) {
    }

    FolderListing {
        classes = List.copyOf(classes);
        entries = List.copyOf(entries);
    }

    boolean hasTestFolder() {
        return !testFolder.isEmpty();
    }

    /** @throws DataException when it is no folder of class folders */
    static FolderListing of(Path root) {
        if (!Files.isDirectory(root)) {
            throw new DataException(root + ": no such folder: name one with a folder of JPEG or PNG pictures for each class");
        }
        Path train = root.resolve("train");
        boolean hasParts = Files.isDirectory(train) && !folders(train).isEmpty();
        Path classRoot = hasParts ? train : root;
        List<String> classes = folders(classRoot);
        if (classes.size() < 2) {
            throw new DataException(classRoot + ": holds " + (classes.isEmpty() ? "no class folders" : "one class folder, " + classes.get(0))
                    + ": put the pictures of every class into a folder of its own, two classes at least");
        }
        List<Entry> entries = new ArrayList<>(part(root, classRoot, classes, false));
        requireAll(classRoot, classes, entries);
        Optional<String> test = TEST_FOLDERS.stream().filter(name -> hasParts && Files.isDirectory(root.resolve(name))).findFirst();
        test.ifPresent(name -> entries.addAll(part(root, root.resolve(name), classes, true)));
        return new FolderListing(root, classes, entries, test.orElse(""));
    }

    private static List<String> folders(Path folder) {
        try (Stream<Path> inside = Files.list(folder)) {
            return inside.filter(Files::isDirectory).map(path -> path.getFileName().toString()).filter(name -> !name.startsWith("."))
                    .sorted().toList();
        } catch (IOException | UncheckedIOException e) {
            throw unreadable(folder, e);
        }
    }

    private static List<Entry> part(Path root, Path classRoot, List<String> classes, boolean isTest) {
        List<Entry> entries = new ArrayList<>();
        for (String name : folders(classRoot)) {
            int label = classes.indexOf(name);
            if (label < 0) {
                throw new DataException(classRoot.resolve(name) + ": the training pictures have no class " + name
                        + ": remove the folder or name it as one of theirs");
            }
            entries.addAll(files(root, classRoot.resolve(name), label, isTest));
        }
        if (entries.isEmpty()) {
            throw new DataException(classRoot + ": holds no JPEG or PNG pictures: put some into its class folders");
        }
        return entries;
    }

    private static List<Entry> files(Path root, Path folder, int label, boolean isTest) {
        List<Entry> entries = new ArrayList<>();
        try {
            Files.walkFileTree(folder, EnumSet.of(FileVisitOption.FOLLOW_LINKS), Integer.MAX_VALUE, new SimpleFileVisitor<>() {
                @Override
                public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
                    if (isPicture(file.getFileName().toString()) && !attributes.isDirectory()) {
                        String path = root.relativize(file).toString().replace(file.getFileSystem().getSeparator(), "/");
                        entries.add(new Entry(path, label, isTest, attributes.size(), attributes.lastModifiedTime().toMillis()));
                    }
                    return FileVisitResult.CONTINUE;
                }
            });
        } catch (IOException e) {
            throw unreadable(folder, e);
        }
        entries.sort(Comparator.comparing(Entry::path));
        return entries;
    }

    private static boolean isPicture(String name) {
        String ending = name.substring(name.lastIndexOf('.') + 1).toLowerCase(Locale.ROOT);
        return !name.startsWith(".") && ENDINGS.contains(ending);
    }

    private static void requireAll(Path classRoot, List<String> classes, List<Entry> entries) {
        boolean[] seen = new boolean[classes.size()];
        entries.forEach(entry -> seen[entry.label()] = true);
        for (int label = 0; label < seen.length; label++) {
            if (!seen[label]) {
                throw new DataException(classRoot.resolve(classes.get(label)) + ": holds no JPEG or PNG pictures: put some there, or remove the folder");
            }
        }
    }

    private static DataException unreadable(Path folder, Exception e) {
        return new DataException(folder + ": cannot be read (" + e.getMessage() + ")", e);
    }

    /**
     * SHA-256 over {@code head}, the folder's real path and all files' paths, sizes and times of change, in hexadecimal.
     *
     * @throws DataException when the folder is no longer there
     */
    String digest(String head) {
        MessageDigest digest = sha256();
        digest.update(head.getBytes(StandardCharsets.UTF_8));
        digest.update((realRoot() + "\n").getBytes(StandardCharsets.UTF_8));
        ByteBuffer numbers = ByteBuffer.allocate(16);
        for (Entry entry : entries) {
            digest.update(entry.path().getBytes(StandardCharsets.UTF_8));
            digest.update(numbers.clear().putLong(entry.bytes()).putLong(entry.modified()).array());
        }
        return HexFormat.of().formatHex(digest.digest());
    }

    private Path realRoot() {
        try {
            return root.toRealPath();
        } catch (IOException e) {
            throw unreadable(root, e);
        }
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every Java has SHA-256", e);
        }
    }
}
