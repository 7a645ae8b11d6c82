package separable.exchange;

import java.util.List;
import java.util.Objects;

/**
 * What became of the entries of a file of weights. Names are the file's.
 *
 * @param library   whose names the file has
 * @param loaded    entries that went into the network
 * @param missing   entries that the network's body needs and the file lacks
 * @param extra     entries of the file that the network has no place for
 * @param misshapen entries of the body that the file has in another shape, with both shapes
 * @param newHead   why the last layer starts anew; empty where it was loaded
 */
public record ImportReport(String library, int loaded, List<String> missing, List<String> extra, List<String> misshapen, String newHead) {

    /** A line names at most so many entries. */
    private static final int NAMED = 3;

    public ImportReport {
        Objects.requireNonNull(library, "library");
        missing = List.copyOf(missing);
        extra = List.copyOf(extra);
        misshapen = List.copyOf(misshapen);
        Objects.requireNonNull(newHead, "newHead");
    }

    /** Whether the whole body came out of the file. */
    public boolean fits() {
        return missing.isEmpty() && misshapen.isEmpty();
    }

    /** On one line. */
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder(loaded + " entries loaded, under " + library + "'s names");
        note(text, "missing", missing);
        note(text, "of another shape", misshapen);
        note(text, "left out, not of this network", extra);
        return newHead.isEmpty() ? text.toString() : text.append("; new head: ").append(newHead).toString();
    }

    private static void note(StringBuilder text, String what, List<String> names) {
        if (!names.isEmpty()) {
            text.append("; ").append(what).append(": ").append(String.join(", ", names.subList(0, Math.min(NAMED, names.size()))));
            if (names.size() > NAMED) {
                text.append(" and ").append(names.size() - NAMED).append(" more");
            }
        }
    }
}
