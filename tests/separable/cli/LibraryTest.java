package separable.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class LibraryTest {

    @Test
    void findsTheFileBehindAMapping() {
        Stream<String> maps = Stream.of("7f00-7f01 rw-p 00000000 00:00 0", "7f01-7f02 r--p 00000000 08:01 77 /usr/lib/libcudart.so.12",
                "7f02-7f03 r-xp 00001000 08:01 78 /opt/my driver/libcuda.so.1");
        assertThat(Library.find(maps, "libcuda.so")).contains("/opt/my driver/libcuda.so.1");
        assertThat(Library.find(Stream.of("7f00-7f01 rw-p 00000000 00:00 0 [heap]"), "libcuda.so")).isEmpty();
    }

    @Test
    void findsALibraryOfThisProcess() {
        assertThat(Library.path("libjvm.so")).hasValueSatisfying(path -> assertThat(path).startsWith("/"));
    }
}
