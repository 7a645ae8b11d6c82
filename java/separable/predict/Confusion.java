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

    private Confusion(List<String> classes) {
        this.classes = List.copyOf(classes);
        this.counts = new int[classes.size()][classes.size() + 1];
    }

    /** Counts what was said of each picture. @param classes names in index order */
    public static Confusion of(List<String> classes, List<ModelReport.Answer> answers) {
        Confusion confusion = new Confusion(classes);
        for (ModelReport.Answer answer : answers) {
            confusion.counts[answer.label()][Math.min(answer.predicted(), classes.size())]++;
        }
        return confusion;
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
