package separable.device;

import java.nio.file.Path;
import java.util.Map;

/** Where this user's caches lie. */
public final class UserCache {

    /** The environment variable that names another folder than the user's. */
    public static final String FOLDER_VARIABLE = "SEPARABLE_CACHE";

    private UserCache() {
    }

    /** {@code $SEPARABLE_CACHE}, else {@code $XDG_CACHE_HOME/separable}, else {@code ~/.cache/separable}; there or not. */
    public static Path folder() {
        return folder(System.getenv(), System.getProperty("user.home"));
    }

    /** As the XDG Base Directory Specification says, a relative {@code $XDG_CACHE_HOME} does not count. */
    static Path folder(Map<String, String> environment, String home) {
        String own = environment.getOrDefault(FOLDER_VARIABLE, "");
        if (!own.isEmpty()) {
            return Path.of(own);
        }
        Path caches = Path.of(environment.getOrDefault("XDG_CACHE_HOME", ""));
        return (caches.isAbsolute() ? caches : Path.of(home, ".cache")).resolve("separable");
    }
}
