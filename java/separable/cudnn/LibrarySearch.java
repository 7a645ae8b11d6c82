package separable.cudnn;

import java.io.IOException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Finds a shared library where the dynamic linker would, without loading it: among what the process has loaded already, in
 * the folders of LD_LIBRARY_PATH, in the linker's cache, in its default folders.
 *
 * @param maps lists the process's mapped files: {@code /proc/self/maps}
 * @param folders those of LD_LIBRARY_PATH, in order
 * @param cache the linker's cache: {@code /etc/ld.so.cache}
 * @param defaults the linker's own folders
 */
record LibrarySearch(Path maps, List<Path> folders, Path cache, List<Path> defaults) {

    /** Begins the cache, or the newer part of one that begins in the older format. */
    private static final byte[] CACHE_MAGIC = "glibc-ld.so.cache1.1".getBytes(StandardCharsets.US_ASCII);
    private static final int CACHE_HEADER_BYTES = 48;
    private static final int CACHE_ENTRY_BYTES = 24;

    LibrarySearch {
        folders = List.copyOf(folders);
        defaults = List.copyOf(defaults);
    }

    /** Of this process. */
    static LibrarySearch ofProcess() {
        return new LibrarySearch(Path.of("/proc/self/maps"), folders(System.getenv("LD_LIBRARY_PATH")), Path.of("/etc/ld.so.cache"),
                Stream.of("/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu", "/lib64", "/usr/lib64", "/lib", "/usr/lib").map(Path::of).toList());
    }

    static List<Path> folders(String libraryPath) {
        if (libraryPath == null || libraryPath.isEmpty()) {
            return List.of();
        }
        // An empty entry is the working folder, to the linker too.
        return Stream.of(libraryPath.split("[:;]", -1)).map(folder -> Path.of(folder.isEmpty() ? "." : folder)).toList();
    }

    /** A file of this name that the process has loaded; the linker would give that to whoever asks for the name. */
    Optional<Path> loaded(String name) {
        try (Stream<String> lines = Files.lines(maps)) {
            return lines.filter(line -> line.indexOf('/') >= 0).map(line -> Path.of(line.substring(line.indexOf('/'))))
                    .filter(path -> isVersionOf(path.getFileName().toString(), name)).findFirst();
        } catch (IOException e) {
            return Optional.empty();     // not Linux: nothing is known
        }
    }

    /** Links are resolved in the list of mapped files: libcudnn.so.9 appears there as libcudnn.so.9.5.1. */
    private static boolean isVersionOf(String file, String name) {
        return file.equals(name) || file.startsWith(name + ".");
    }

    /** The file that the linker would load for this name. */
    Optional<Path> find(String name) {
        return loaded(name).or(() -> in(folders, name)).or(() -> cached(name)).or(() -> in(defaults, name));
    }

    /** As {@link #find}, but {@code folder} first: libraries of one release lie together and look beside themselves. */
    Optional<Path> findNear(Path folder, String name) {
        return in(List.of(folder), name).or(() -> find(name));
    }

    private static Optional<Path> in(List<Path> folders, String name) {
        return folders.stream().map(folder -> folder.resolve(name)).filter(Files::isRegularFile).findFirst();
    }

    private Optional<Path> cached(String name) {
        return cacheEntries().stream().filter(path -> path.getFileName().toString().equals(name) && Files.isRegularFile(path)).findFirst();
    }

    /** The cache's paths; none when there is no cache or it is in no format known here. */
    private List<Path> cacheEntries() {
        try {
            return Files.isReadable(cache) ? cacheEntries(ByteBuffer.wrap(Files.readAllBytes(cache)).order(ByteOrder.LITTLE_ENDIAN)) : List.of();
        } catch (IOException | BufferUnderflowException | IndexOutOfBoundsException e) {
            return List.of();     // it is a cache: the folders behind it remain
        }
    }

    /** A header that ends in the number of entries; entries of flags, name, path; strings, addressed from the header's start. */
    private static List<Path> cacheEntries(ByteBuffer bytes) {
        int start = indexOf(bytes.array(), CACHE_MAGIC);
        if (start < 0) {
            return List.of();
        }
        int entries = bytes.getInt(start + CACHE_MAGIC.length);
        Set<Path> paths = new LinkedHashSet<>();
        for (int i = 0; i < entries; i++) {
            int path = start + bytes.getInt(start + CACHE_HEADER_BYTES + i * CACHE_ENTRY_BYTES + 2 * Integer.BYTES);
            int end = path;
            while (bytes.get(end) != 0) {
                end++;
            }
            paths.add(Path.of(new String(bytes.array(), path, end - path, StandardCharsets.UTF_8)));
        }
        return new ArrayList<>(paths);
    }

    private static int indexOf(byte[] bytes, byte[] wanted) {
        for (int start = 0; start + wanted.length <= bytes.length; start++) {
            if (Arrays.equals(bytes, start, start + wanted.length, wanted, 0, wanted.length)) {
                return start;
            }
        }
        return -1;
    }

    /** Where {@link #find} looks, for people. */
    String describe() {
        return "LD_LIBRARY_PATH (" + (folders.isEmpty() ? "empty" : String.join(":", folders.stream().map(Path::toString).toList()))
                + "), " + cache + ", " + String.join(", ", defaults.stream().map(Path::toString).toList());
    }
}
