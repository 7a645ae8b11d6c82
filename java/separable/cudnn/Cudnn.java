package separable.cudnn;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import jcuda.jcudnn.JCudnn;

/**
 * Whether this process can use cuDNN 9, found out once: the library is looked for where the dynamic linker looks, and loaded only
 * when it is there with all its parts. cuDNN is optional: without it everything else works as before.
 */
public final class Cudnn {

    /** The major version that JCudnn's native part is bound to. */
    private static final int MAJOR = 9;
    private static final String LIBRARY = "libcudnn.so.9";
    private static final String OLDER = "libcudnn.so.8";

    /** What libcudnn.so.9, itself but a distributor, loads for convolutions at the first call that needs it. */
    private static final List<String> PARTS = List.of("libcudnn_graph.so.9", "libcudnn_ops.so.9", "libcudnn_cnn.so.9",
            "libcudnn_heuristic.so.9", "libcudnn_engines_precompiled.so.9", "libcudnn_engines_runtime_compiled.so.9");

    /**
     * Of the functions called here the oldest and those that NVIDIA has deprecated. The linker binds them at the first call, and ends
     * the process when one is missing.
     */
    private static final List<String> FUNCTIONS = List.of("cudnnGetVersion", "cudnnGetConvolutionForwardAlgorithm_v7",
            "cudnnGetConvolutionBackwardDataAlgorithm_v7", "cudnnGetConvolutionBackwardFilterAlgorithm_v7");

    private static final String INSTALL = "install cuDNN 9 for CUDA 12: NVIDIA's package cudnn9-cuda-12; or `pip install nvidia-cudnn-cu12`"
            + " with its folders nvidia/cudnn/lib and nvidia/cublas/lib on LD_LIBRARY_PATH; or the Maven artifact"
            + " org.bytedeco:cuda:12.6-9.5-1.5.11:linux-x86_64-redist, unpacked, with its folder org/bytedeco/cuda/linux-x86_64"
            + " on LD_LIBRARY_PATH";

    private final Optional<Path> path;
    private final long version;
    private final String reason;

    private Cudnn(Optional<Path> path, long version, String reason) {
        this.path = path;
        this.version = version;
        this.reason = reason;
    }

    /** What was found; the same for the whole life of the process. */
    public static Cudnn find() {
        return Found.CUDNN;
    }

    private static final class Found {
        static final Cudnn CUDNN = probe(LibrarySearch.ofProcess());
    }

    private static Cudnn probe(LibrarySearch search) {
        Optional<Path> found = search.find(LIBRARY);
        if (found.isEmpty()) {
            return missing(notFound(search));
        }
        Path library = found.get().toAbsolutePath();
        Optional<String> missing = missingParts(search, library).or(() -> missingFunctions(library));
        return missing.isPresent() ? missing(missing.get()) : load(search, library);
    }

    /** Why there is no cuDNN 9, with what to do; for a search that did not find it. */
    static String notFound(LibrarySearch search) {
        return search.find(OLDER)
                .map(older -> "cuDNN 8 was found at " + older
                        + ", and this needs cuDNN 9, which has another ABI; the two can lie side by side: " + INSTALL)
                .orElseGet(() -> LIBRARY + " was not found in " + search.describe() + ": " + INSTALL);
    }

    /** Which of cuDNN's parts are missing, with what to do; empty when none is. */
    static Optional<String> missingParts(LibrarySearch search, Path library) {
        Path folder = library.getParent();
        List<String> missing = PARTS.stream().filter(part -> search.findNear(folder, part).isEmpty()).toList();
        return missing.isEmpty() ? Optional.empty() : Optional.of(library + " is there, but not " + String.join(", ", missing)
                + ", which it loads when it computes: install the whole of that release, in one folder");
    }

    /** Which functions a library does not even name; empty when none is missing. */
    private static Optional<String> missingFunctions(Path library) {
        try {
            // One byte is one letter: the names of a library's functions stand in it in ASCII. This one is small, its parts are not.
            String content = Files.readString(library, StandardCharsets.ISO_8859_1);
            List<String> missing = FUNCTIONS.stream().filter(function -> !content.contains(function)).toList();
            return missing.isEmpty() ? Optional.empty()
                    : Optional.of(library + " is no cuDNN 9: it does not have " + String.join(", ", missing) + "; " + INSTALL);
        } catch (IOException e) {
            return Optional.of(library + " cannot be read: " + e);
        }
    }

    private static Cudnn load(LibrarySearch search, Path library) {
        try {
            // First by its path, so that the linker's own words are about this file; JCudnn then finds it loaded.
            if (search.loaded(LIBRARY).isEmpty()) {
                System.load(library.toString());
            }
        } catch (UnsatisfiedLinkError e) {
            return missing(library + " cannot be loaded: " + firstLine(e) + "; install what it needs, or another release");
        }
        try {
            JCudnn.initialize();
            return of(library, JCudnn.cudnnGetVersion());
        } catch (LinkageError e) {
            return missing("cuDNN is at " + library + ", but JCudnn's native part cannot be loaded: " + firstLine(e)
                    + "; delete libJCudnn* from " + System.getProperty("java.io.tmpdir") + " and try again");
        }
    }

    private static Cudnn of(Path library, long version) {
        // Up to 8 the major version stands before three digits (8902), from 9 on before four (90501).
        boolean older = version < 10000L * MAJOR;
        long major = older ? version / 1000 : version / 10000;
        if (major != MAJOR) {
            return missing(library + " says that it is cuDNN " + major + " (" + version + "), and this needs cuDNN 9: " + INSTALL);
        }
        return new Cudnn(Optional.of(library), version, "");
    }

    private static Cudnn missing(String reason) {
        return new Cudnn(Optional.empty(), 0, reason);
    }

    /** Of JCuda's errors the first line says it; pages of causes and platforms follow. */
    private static String firstLine(LinkageError e) {
        Throwable cause = e;
        while (cause.getCause() != null) {
            cause = cause.getCause();
        }
        return String.valueOf(cause.getMessage()).lines().findFirst().orElse("no reason was given");
    }

    public boolean isAvailable() {
        return path.isPresent();
    }

    /** {@code 9.5.1}; empty without cuDNN. */
    public String version() {
        return isAvailable() ? version / 10000 + "." + version / 100 % 100 + "." + version % 100 : "";
    }

    /** The file it was loaded from; empty without cuDNN. */
    public Optional<Path> path() {
        return path;
    }

    /** Why there is none and what to do, in one line; empty with cuDNN. */
    public String reason() {
        return reason;
    }

    void requireAvailable() {
        if (!isAvailable()) {
            throw new IllegalStateException("cuDNN is not available: " + reason);
        }
    }

    @Override
    public String toString() {
        return isAvailable() ? "cuDNN " + version() + ", " + path.get() : "no cuDNN: " + reason;
    }
}
