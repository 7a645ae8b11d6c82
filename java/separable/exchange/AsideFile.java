package separable.exchange;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The place where a file is written before it is renamed: {@code .NAME.THREAD.PID.tmp} beside it. Hidden, so that none is mistaken for
 * a result; named by thread and process, so that no two writers share one and what a killed process left can be told.
 */
public final class AsideFile {

    private static final Pattern NAME = Pattern.compile("\\..+\\.\\d+\\.(\\d+)\\.tmp");

    private AsideFile() {
    }

    /** Where this thread writes what will be {@code file}. */
    public static Path of(Path file) {
        return file.resolveSibling("." + file.getFileName() + "." + Thread.currentThread().getId() + "." + ProcessHandle.current().pid() + ".tmp");
    }

    /** Deletes what processes that are gone left in {@code folder}. */
    public static void deleteLeftovers(Path folder) throws IOException {
        try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, file -> isLeftover(file.getFileName().toString()))) {
            for (Path file : files) {
                Files.deleteIfExists(file);
            }
        }
    }

    private static boolean isLeftover(String name) {
        Matcher aside = NAME.matcher(name);
        return aside.matches() && !isAlive(aside.group(1));
    }

    /** No process has a number of more than ten digits. */
    private static boolean isAlive(String pid) {
        return pid.length() <= 10 && ProcessHandle.of(Long.parseLong(pid)).map(ProcessHandle::isAlive).orElse(false);
    }
}
