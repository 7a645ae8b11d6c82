package separable.tensorboard;

import com.google.protobuf.CodedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;

/** A protocol buffer written field by field, in the order of the calls; numbers and types are those of TensorBoard's .proto files. */
final class Message {

    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final CodedOutputStream fields = CodedOutputStream.newInstance(bytes);

    private interface Write {
        void to(CodedOutputStream stream) throws IOException;
    }

    private Message with(Write write) {
        try {
            write.to(fields);
        } catch (IOException e) {
            throw new UncheckedIOException("writing to memory", e);
        }
        return this;
    }

    /** {@code int32}, {@code int64} or an enumeration. */
    Message integer(int field, long value) {
        return with(stream -> stream.writeInt64(field, value));
    }

    Message bool(int field, boolean value) {
        return with(stream -> stream.writeBool(field, value));
    }

    Message real(int field, float value) {
        return with(stream -> stream.writeFloat(field, value));
    }

    Message real(int field, double value) {
        return with(stream -> stream.writeDouble(field, value));
    }

    /** {@code repeated double}, packed. */
    Message reals(int field, double[] values) {
        return with(stream -> {
            stream.writeTag(field, 2);
            stream.writeUInt32NoTag(values.length * Double.BYTES);
            for (double value : values) {
                stream.writeDoubleNoTag(value);
            }
        });
    }

    Message text(int field, String value) {
        return with(stream -> stream.writeString(field, value));
    }

    Message bytes(int field, byte[] value) {
        return with(stream -> stream.writeByteArray(field, value));
    }

    Message message(int field, Message value) {
        return bytes(field, value.toBytes());
    }

    byte[] toBytes() {
        with(CodedOutputStream::flush);
        return bytes.toByteArray();
    }
}
