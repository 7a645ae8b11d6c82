package separable.data;

import java.nio.ByteBuffer;

/** What a data set's pictures hold. */
final class Pictures {

    private Pictures() {
    }

    /** All of them, one after the other. */
    static byte[] of(Dataset dataset) {
        ByteBuffer bytes = ByteBuffer.allocate(Math.toIntExact(dataset.bytes()));
        for (int picture = 0; picture < dataset.count(); picture++) {
            dataset.read(picture, bytes);
        }
        return bytes.array();
    }
}
