package separable.train;

/** Seconds of training: pauses, in which the training waits for something else, do not count. */
final class TrainingClock {

    private long began = System.nanoTime();

    double seconds() {
        return (System.nanoTime() - began) * 1e-9;
    }

    /** Does {@code other} while the clock stands still. */
    void pausedFor(Runnable other) {
        long paused = System.nanoTime();
        other.run();
        began += System.nanoTime() - paused;
    }
}
