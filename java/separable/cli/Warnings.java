package separable.cli;

import java.io.PrintWriter;
import separable.train.TrainListener;

/** Says on the error stream what a run found damaged and can do without. */
record Warnings(PrintWriter err) implements TrainListener {

    @Override
    public void warned(String message) {
        err.println("separable: " + message);
    }
}
