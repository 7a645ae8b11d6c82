package separable.device;

/**
 * Something of the driver's that must be given back. Closing it a second time does nothing; using it after that throws
 * {@link IllegalStateException} with its name. A {@link Device} closes what is still open, and says so. What the driver would not
 * take back stays with the device: another close, or the device's, tries again.
 */
public abstract class Resource implements AutoCloseable {

    private final Resources owner;
    private volatile boolean closed;

    Resource(Resources owner) {
        this.owner = owner;
    }

    /** To be called last by the constructor of every subclass, when there is something to give back. */
    final void opened() {
        owner.add(this);
    }

    /** Gives the driver's part back; called again only when it threw. */
    abstract void release();

    /** What this is, with its name and size, as errors and leak reports print it. */
    @Override
    public abstract String toString();

    final boolean isOpen() {
        return !closed;
    }

    final void requireOpen() {
        if (closed) {
            throw new IllegalStateException(this + " was used after it was closed");
        }
    }

    /** Counts it as closed without asking the driver, which has freed it with its context. */
    final void forget() {
        owner.remove(this);
        closed = true;
    }

    /** @throws DeviceException when the driver does not take it back, or reports the failure of an earlier launch */
    @Override
    public final void close() {
        if (!owner.remove(this)) {
            return;
        }
        closed = true;
        try {
            release();
        } catch (RuntimeException failure) {
            owner.add(this);
            throw failure;
        }
    }
}
