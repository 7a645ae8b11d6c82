package separable.kernel;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * What the loss leaves behind for one step: the smoothed loss summed over the valid samples, and how many of their labels
 * ranked first and among the first five.
 */
public record StepMetrics(float lossSum, int top1, int top5, int count) {

    /** Bytes of one entry of the ring on the device. */
    public static final int BYTES = 16;

    /** Entry {@code slot} of a copy of the ring, in the machine's byte order whatever the buffer's. */
    public static StepMetrics at(ByteBuffer ring, int slot) {
        ByteBuffer words = ring.order() == ByteOrder.nativeOrder() ? ring : ring.duplicate().order(ByteOrder.nativeOrder());
        int at = slot * BYTES;
        return new StepMetrics(words.getFloat(at), words.getInt(at + 4), words.getInt(at + 8), words.getInt(at + 12));
    }
}
