package separable.device;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;

class UserCacheTest {

    @Test
    void theFolderIsTheUsersUnlessNamed() {
        assertThat(UserCache.folder(Map.of(), "/home/u")).isEqualTo(Path.of("/home/u/.cache/separable"));
        assertThat(UserCache.folder(Map.of("XDG_CACHE_HOME", "/c"), "/home/u")).isEqualTo(Path.of("/c/separable"));
        assertThat(UserCache.folder(Map.of("XDG_CACHE_HOME", "relative"), "/home/u")).isEqualTo(Path.of("/home/u/.cache/separable"));
        assertThat(UserCache.folder(Map.of("XDG_CACHE_HOME", "/c", "SEPARABLE_CACHE", "/own"), "/home/u")).isEqualTo(Path.of("/own"));
    }
}
