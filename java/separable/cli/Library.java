package separable.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.Stream;

/** Finds the files of native libraries that this process has loaded. Linux lists them in {@code /proc/self/maps}. */
final class Library {

    private static final Path MAPS = Path.of("/proc/self/maps");

    private Library() {
    }

    /** The path of the first mapped file whose name starts with {@code prefix}; empty when there is none. */
    static Optional<String> path(String prefix) {
        try (Stream<String> lines = Files.lines(MAPS)) {
            return find(lines, prefix);
        } catch (IOException e) {
            return Optional.empty();     // not Linux: there is nothing to say
        }
    }

    static Optional<String> find(Stream<String> maps, String prefix) {
        // address perms offset dev inode path
        return maps.filter(line -> line.indexOf('/') >= 0).map(line -> line.substring(line.indexOf('/')))
                .filter(path -> path.substring(path.lastIndexOf('/') + 1).startsWith(prefix)).findFirst();
    }
}
