package separable.kernel;

import static java.util.Objects.requireNonNull;

import java.util.List;
import java.util.function.Function;
import separable.device.Closing;
import separable.device.Device;
import separable.spec.DType;

/**
 * What every op has: a share of a device, and the launches it described there. Closing the op ends them and nothing else; closed,
 * the op refuses every call with an {@link IllegalStateException}.
 *
 * @param <L> what the op describes or allocates on the device: its launches, most often
 */
abstract class DeviceOp<L> implements AutoCloseable {

    private final Device device;
    final L launches;

    /**
     * @param share    of the op alone: what {@link Device#current} or {@link Device#lend} gave
     * @param describe makes the launches; when it fails the share is closed
     */
    DeviceOp(Device share, Function<Device, L> describe) {
        device = share;
        try {
            launches = describe.apply(share);
        } catch (RuntimeException | Error failure) {
            Closing.after(failure, List.of(share));
            throw failure;
        }
    }

    /** Refuses a problem of which a part is missing. @param name of {@code extents}, a shape or what else tells them */
    static void requireProblem(String name, Object extents, DType type) {
        requireNonNull(extents, name);
        requireNonNull(type, "type");
    }

    Device device() {
        return device;
    }

    /**
     * Ends the op; of an op on the current context it is the last one's close that unloads the kernels. Waits for nothing, except that
     * unloading does. May be called on any thread, and again.
     */
    @Override
    public void close() {
        device.close();
    }
}
