package separable.cli;

import java.io.PrintWriter;
import java.util.function.BooleanSupplier;
import separable.data.DecodeListener;
import separable.train.StoppedException;

/** Shows how the decoding of pictures goes on; Ctrl-C ends it between two of them. */
final class DecodeProgress implements DecodeListener, AutoCloseable {

    private final PrintWriter err;
    private final BooleanSupplier stop;
    private final boolean quiet;
    private TaskProgress progress;
    private boolean saidToWait;

    DecodeProgress(PrintWriter err, BooleanSupplier stop) {
        this(err, stop, false);
    }

    /** @param quiet whether it only sees to it that Ctrl-C is heard */
    DecodeProgress(PrintWriter err, BooleanSupplier stop, boolean quiet) {
        this.err = err;
        this.stop = stop;
        this.quiet = quiet;
    }

    @Override
    public void decoded(int done, int all) {
        if (stop.getAsBoolean()) {
            throw new StoppedException("stopped while pictures were decoded: the same command goes on from there");
        }
        if (quiet) {
            return;
        }
        if (done < 0) {
            if (!saidToWait) {
                err.println("another process decodes the same pictures: waiting for it");
            }
            saidToWait = true;
            return;
        }
        if (progress == null) {
            progress = new TaskProgress(err, "pictures", all);
        }
        progress.done(done, "decoding");
    }

    @Override
    public void close() {
        if (progress != null) {
            progress.close();
        }
    }
}
