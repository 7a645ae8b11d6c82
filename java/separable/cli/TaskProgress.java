package separable.cli;

import java.io.PrintWriter;
import java.util.Locale;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;

/** Shows how a list of tasks goes on: a bar where a person looks on, else a plain line every few seconds. */
final class TaskProgress implements AutoCloseable {

    private static final int REFRESH_MILLISECONDS = 250;
    private static final double INTERVAL_SECONDS = 5;

    private final PrintWriter err;
    private final String title;
    private final int tasks;
    private final ProgressBar bar;
    private final long began = System.nanoTime();
    private double next = INTERVAL_SECONDS;

    TaskProgress(PrintWriter err, String title, int tasks) {
        this(err, title, tasks, Boolean.getBoolean("separable.terminal"));
    }

    TaskProgress(PrintWriter err, String title, int tasks, boolean terminal) {
        this.err = err;
        this.title = title;
        this.tasks = tasks;
        this.bar = terminal ? new ProgressBarBuilder().setTaskName(title).setInitialMax(tasks).setStyle(ProgressBarStyle.ASCII)
                .setUpdateIntervalMillis(REFRESH_MILLISECONDS).build() : null;
    }

    /** @param doing what comes next */
    void done(int count, String doing) {
        done(count, doing, (System.nanoTime() - began) * 1e-9);
    }

    void done(int count, String doing, double seconds) {
        if (bar != null) {
            bar.stepTo(count);
            bar.setExtraMessage(" " + doing);
        } else if (seconds >= next) {
            next = seconds + INTERVAL_SECONDS;
            double left = count == 0 ? Double.NaN : seconds * (tasks - count) / count;
            err.println(String.format(Locale.ROOT, "%s %d/%d: %s, %s left", title, count, tasks, doing, Progress.duration(left)));
        }
    }

    @Override
    public void close() {
        if (bar != null) {
            bar.close();
        }
    }
}
