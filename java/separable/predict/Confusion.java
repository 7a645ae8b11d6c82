package separable.predict;

import java.util.List;

/**
 * How often pictures of each class were taken for each class. A network may have more outputs than the data set has classes: what is
 * taken for one of those counts as {@link #other}.
 */
public final class Confusion {

    private final List<String> classes;
    /** {@code [label][predicted]}, the last column for what is no class of the data set. */
    private final int[][] counts;

    public Confusion(List<String> classes) {
        this.classes = List.copyOf(classes);
        this.counts = new int[classes.size()][classes.size() + 1];
    }

    /** Counts one picture. @param predicted an output of the network, at least 0 */
    void add(int label, int predicted) {
        counts[label][Math.min(predicted, classes.size())]++;
    }

    /** Class names in index order. */
    public List<String> classes() {
        return classes;
    }

    /** Pictures of class {@code label} that were taken for class {@code predicted}. */
    public int count(int label, int predicted) {
        return counts[label][predicted];
    }

    /** Pictures of class {@code label} that were taken for none of the classes. */
    public int other(int label) {
        return counts[label][classes.size()];
    }

    /** Pictures of the class. */
    public int support(int label) {
        int sum = 0;
        for (int count : counts[label]) {
            sum += count;
        }
        return sum;
    }

    /** Pictures that were taken for the class. */
    public int predictions(int predicted) {
        int sum = 0;
        for (int[] row : counts) {
            sum += row[predicted];
        }
        return sum;
    }

    /** Share of the pictures taken for the class that are of it; NaN when none was. */
    public double precision(int index) {
        return (double) counts[index][index] / predictions(index);
    }

    /** Share of the class's pictures that were taken for it; NaN when there are none. */
    public double recall(int index) {
        return (double) counts[index][index] / support(index);
    }

    /** Pictures that were taken for their class. */
    public int right() {
        int sum = 0;
        for (int index = 0; index < counts.length; index++) {
            sum += counts[index][index];
        }
        return sum;
    }
}
