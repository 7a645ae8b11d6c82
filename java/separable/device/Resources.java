package separable.device;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** What is open on a device, in the order of opening. Safe for use by several threads. */
final class Resources {

    private final Set<Resource> open = new LinkedHashSet<>();

    synchronized void add(Resource resource) {
        open.add(resource);
    }

    /** @return false when it was not, or no longer, in here */
    synchronized boolean remove(Resource resource) {
        return open.remove(resource);
    }

    synchronized List<Resource> snapshot() {
        return new ArrayList<>(open);
    }

    /** Closes everything, the newest first; goes on after an error and throws the first at the end. */
    void closeAll() {
        Closing.all(snapshot());
    }

    /** For a context that is gone: everything counts as closed, and the driver is not asked. */
    void forgetAll() {
        snapshot().forEach(Resource::forget);
    }
}
