package separable.testing;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import separable.device.Device;
import separable.device.Resource;

/** What was open on a device before a test, so that what the test opens and leaves open can be closed after it. */
public final class OpenResources {

    private final Device device;
    private final Set<Resource> before;

    /** Makes the device current and remembers what is open on it. */
    public OpenResources(Device device) {
        this.device = device;
        device.makeCurrent();
        before = new HashSet<>(device.openResources());
    }

    /** Waits for the device, so that a failing kernel fails the test that launched it, and closes what is new, the latest first. */
    public void closeNew() {
        device.synchronize();
        List<Resource> open = device.openResources();
        for (int i = open.size() - 1; i >= 0; i--) {
            if (!before.contains(open.get(i))) {
                open.get(i).close();
            }
        }
    }
}
