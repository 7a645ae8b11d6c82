package separable.cudnn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import separable.device.Device;
import separable.testing.DeviceExtension;

/** Finding cuDNN, and saying why not. */
class CudnnTest {

    private static final List<String> PARTS = List.of("graph", "ops", "cnn", "heuristic", "engines_precompiled", "engines_runtime_compiled");

    @TempDir
    private Path folder;

    @Test
    void aLibraryOnTheLibraryPathIsFound() throws Exception {
        assertThat(StandIn.run(Map.of(), "find").output()).isEqualTo("cuDNN 9.5.1, " + StandIn.FOLDER.resolve("libcudnn.so.9") + System.lineSeparator());
    }

    @Test
    void aLibraryThatSaysItIsMajor8IsNamed() throws Exception {
        assertThat(StandIn.run(Map.of("STANDIN_CUDNN_VERSION", "8902"), "find").output()).hasLineCount(1)
                .startsWith("no cuDNN: " + StandIn.FOLDER.resolve("libcudnn.so.9") + " says that it is cuDNN 8 (8902), and this needs cuDNN 9: install");
    }

    @Test
    void anotherLibraryOfThatNameIsNamed() throws Exception {
        wholeRelease(folder);
        Files.delete(folder.resolve("libcudnn.so.9"));
        Files.copy(StandIn.FOLDER.resolve("libcudnn_graph.so.9"), folder.resolve("libcudnn.so.9"));
        assertThat(StandIn.run(folder, Map.of(), "find").output()).hasLineCount(1)
                .startsWith("no cuDNN: " + folder.resolve("libcudnn.so.9") + " is no cuDNN 9: it does not have cudnnGetVersion, ");
    }

    @Test
    void aDamagedLibraryIsNamed() throws Exception {
        wholeRelease(folder);
        byte[] damaged = Files.readAllBytes(StandIn.FOLDER.resolve("libcudnn.so.9"));
        Arrays.fill(damaged, 0, 16, (byte) 0);
        Files.delete(folder.resolve("libcudnn.so.9"));
        Files.write(folder.resolve("libcudnn.so.9"), damaged);
        assertThat(StandIn.run(folder, Map.of(), "find").output())
                .contains("no cuDNN: " + folder.resolve("libcudnn.so.9") + " cannot be loaded: ").contains("invalid ELF header");
    }

    /** JCudnn unpacks its native part to the folder for temporary files, and takes what is there under that name. */
    @Test
    void aNativePartThatCannotBeLoadedIsNamed() throws Exception {
        Files.writeString(folder.resolve("libJCudnn-12.6.0-linux-x86_64.so"), "what is left of an unpacking that ended in the middle, a full disk say");
        assertThat(StandIn.run(Map.of("JDK_JAVA_OPTIONS", "-Djava.io.tmpdir=" + folder), "find").output())
                .contains("no cuDNN: cuDNN is at " + StandIn.FOLDER.resolve("libcudnn.so.9") + ", but JCudnn's native part cannot be loaded: ")
                .contains("; delete libJCudnn* from " + folder);
    }

    @Test
    void aMissingPartIsNamed() throws Exception {
        wholeRelease(folder);
        assertThat(Cudnn.missingParts(onlyIn(folder), folder.resolve("libcudnn.so.9"))).isEmpty();
        Files.delete(folder.resolve("libcudnn_ops.so.9"));
        Files.delete(folder.resolve("libcudnn_heuristic.so.9"));
        assertThat(Cudnn.missingParts(onlyIn(folder), folder.resolve("libcudnn.so.9"))).hasValueSatisfying(reason -> assertThat(reason)
                .startsWith(folder.resolve("libcudnn.so.9") + " is there, but not libcudnn_ops.so.9, libcudnn_heuristic.so.9, which").contains("install the whole"));
    }

    @Test
    void anOlderMajorVersionIsNamed() throws Exception {
        Files.createFile(folder.resolve("libcudnn.so.8"));
        assertThat(Cudnn.notFound(onlyIn(folder))).startsWith("cuDNN 8 was found at " + folder.resolve("libcudnn.so.8") + ", and this needs cuDNN 9");
    }

    @Test
    void nothingFoundSaysWhereAndHow() {
        assertThat(Cudnn.notFound(onlyIn(folder))).startsWith("libcudnn.so.9 was not found in LD_LIBRARY_PATH (" + folder + "), ")
                .contains("cudnn9-cuda-12", "pip install nvidia-cudnn-cu12", "org.bytedeco:cuda:12.6-9.5-1.5.11:linux-x86_64-redist");
    }

    @Test
    void loadedFilesComeFirstThenFoldersThenTheCacheThenDefaults() throws Exception {
        Path first = Files.createDirectory(folder.resolve("first"));
        Path second = Files.createDirectory(folder.resolve("second"));
        Path cached = Files.createFile(folder.resolve("libcudnn.so.9"));
        Path inDefault = Files.createFile(second.resolve("libcudnn.so.9"));
        Path maps = Files.createFile(folder.resolve("maps"));
        Path cache = folder.resolve("cache");
        LibrarySearch search = new LibrarySearch(maps, List.of(first), cache, List.of(second));

        assertThat(search.find("libcudnn.so.9")).hasValue(inDefault);
        Files.write(cache, cacheOf(cached, "older part of the file, as older linkers read it "));
        assertThat(search.find("libcudnn.so.9")).hasValue(cached);
        Path inFolder = Files.createFile(first.resolve("libcudnn.so.9"));
        assertThat(search.find("libcudnn.so.9")).hasValue(inFolder);
        Files.writeString(maps, "7f00-7f01 r-xp 00000000 08:01 42    /opt/cudnn/libcudnn.so.9.5.1\n7f02-7f03 rw-p 00000000 00:00 0\n");
        assertThat(search.find("libcudnn.so.9")).hasValue(Path.of("/opt/cudnn/libcudnn.so.9.5.1"));
        assertThat(search.find("libcudnn.so.95")).isEmpty();
    }

    @Test
    void aDamagedCacheIsPassedOver() throws Exception {
        byte[] whole = cacheOf(Files.createFile(folder.resolve("libcudnn.so.9")), "");
        Path cache = folder.resolve("cache");
        LibrarySearch search = new LibrarySearch(folder.resolve("no maps"), List.of(), cache, List.of());
        for (int length = 0; length < whole.length; length += 7) {
            Files.write(cache, Arrays.copyOf(whole, length));
            assertThat(search.find("libcudnn.so.9")).as("%d of %d bytes", length, whole.length).isEmpty();
        }
    }

    @Test
    void theLibraryPathIsReadAsTheLinkerReadsIt() {
        assertThat(LibrarySearch.folders(null)).isEmpty();
        assertThat(LibrarySearch.folders("")).isEmpty();
        assertThat(LibrarySearch.folders("/a::/b")).containsExactly(Path.of("/a"), Path.of("."), Path.of("/b"));
    }

    @Test
    @ExtendWith(DeviceExtension.class)
    void withoutCudnnAHandleSaysWhy(Device device) {
        Cudnn cudnn = Cudnn.find();
        assumeFalse(cudnn.isAvailable(), "there is a cuDNN here");
        assertThat(cudnn.version()).isEmpty();
        assertThat(cudnn.path()).isEqualTo(Optional.empty());
        assertThatThrownBy(() -> new CudnnHandle(cudnn, device)).isInstanceOf(IllegalStateException.class)
                .hasMessage("cuDNN is not available: " + cudnn.reason());
    }

    @Test
    void aDeviceThatCudnnCannotUseIsNamed() throws Exception {
        assertThat(StandIn.run(Map.of(), "refusal").output()).contains("refusal: none");
        assertThat(StandIn.run(Map.of("STANDIN_CUDNN_FAULTS", "cudnnCreate:1:1001"), "refusal").output())
                .contains("refusal: making cuDNN handle on device 'Emulated CUDA device': CUDNN_STATUS_NOT_INITIALIZED (1001); no usable GPU");
    }

    private static LibrarySearch onlyIn(Path folder) {
        Path nothing = folder.resolve("nothing");
        return new LibrarySearch(nothing, List.of(folder), nothing, List.of());
    }

    private static void wholeRelease(Path folder) throws IOException {
        Files.copy(StandIn.FOLDER.resolve("libcudnn.so.9"), folder.resolve("libcudnn.so.9"));
        for (String part : PARTS) {
            String name = "libcudnn_" + part + ".so.9";
            Files.copy(StandIn.FOLDER.resolve(name), folder.resolve(name));
        }
    }

    /** A linker's cache with one library, behind {@code before}. */
    private static byte[] cacheOf(Path library, String before) {
        byte[] path = library.toString().getBytes(StandardCharsets.UTF_8);
        int start = before.length();
        int strings = 48 + 24;
        ByteBuffer bytes = ByteBuffer.allocate(start + strings + path.length + 1).order(ByteOrder.LITTLE_ENDIAN);
        bytes.put(before.getBytes(StandardCharsets.US_ASCII)).put("glibc-ld.so.cache1.1".getBytes(StandardCharsets.US_ASCII))
                .putInt(1).putInt(path.length + 1);
        bytes.position(start + 48);
        bytes.putInt(3).putInt(strings).putInt(strings);
        bytes.position(start + strings);
        return bytes.put(path).array();
    }
}
