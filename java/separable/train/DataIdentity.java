package separable.train;

import java.io.DataOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import separable.data.Dataset;

/**
 * Tells one run's pictures from others at the cost of their labels, not of their pixels.
 *
 * @param train  pictures to train on
 * @param test   pictures to evaluate on
 * @param sha256 over both parts' shapes, class names and labels, and {@link Dataset#mark marks}, in hexadecimal
 */
record DataIdentity(int train, int test, String sha256) {

    DataIdentity {
        Check.that(train > 0, "pictures to train on", train, "at least 1");
        Check.that(test > 0, "pictures to evaluate on", test, "at least 1");
        Check.present("sha256 of the data", sha256);
    }

    static DataIdentity of(LoadedData data) {
        MessageDigest digest = Digest.algorithm();
        DataOutputStream out = new DataOutputStream(new DigestOutputStream(OutputStream.nullOutputStream(), digest));
        try {
            describe(data.train(), out);
            describe(data.test(), out);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return new DataIdentity(data.train().count(), data.test().count(), Digest.text(digest));
    }

    private static void describe(Dataset part, DataOutputStream out) throws IOException {
        for (int size : new int[] {part.count(), part.height(), part.width(), part.channels(), part.classes().size()}) {
            out.writeInt(size);
        }
        for (String name : part.classes()) {
            write(name, out);
        }
        for (int picture = 0; picture < part.count(); picture++) {
            out.writeInt(part.label(picture));
            write(part.mark(picture), out);
        }
    }

    private static void write(String text, DataOutputStream out) throws IOException {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        out.writeInt(bytes.length);
        out.write(bytes);
    }

    /** What {@code now} has become instead of this, for a message. */
    String against(DataIdentity now) {
        return train == now.train && test == now.test ? "as many pictures as now, but other labels, classes or files"
                : train + " pictures to train on and " + test + " to evaluate on, now there are " + now.train + " and " + now.test;
    }
}
