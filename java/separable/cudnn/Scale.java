package separable.cudnn;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import jcuda.Pointer;

/** cuDNN's alpha and beta for {@code out = 1 * result + 0 * out}: floats in host memory that does not move. */
final class Scale {

    private final ByteBuffer memory = ByteBuffer.allocateDirect(2 * Float.BYTES).order(ByteOrder.nativeOrder())
            .putFloat(0, 1f).putFloat(Float.BYTES, 0f);
    private final Pointer one = Pointer.to(memory);
    private final Pointer zero = one.withByteOffset(Float.BYTES);

    Pointer one() {
        return one;
    }

    Pointer zero() {
        return zero;
    }
}
