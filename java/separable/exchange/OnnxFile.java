package separable.exchange;

import ai.onnx.proto.OnnxMl.ModelProto;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import separable.graph.ParameterLayout;
import separable.graph.StateValue;
import separable.layer.Network;
import separable.spec.DType;

/**
 * A network and its weights as an ONNX file (github.com/onnx/onnx, docs/IR.md): opset {@value #OPSET}, fp32, any batch, running
 * statistics, no dropout. It runs wherever ONNX does, without Separable.
 */
public final class OnnxFile {

    public static final int OPSET = 17;

    /** The oldest version of the format that has this opset. */
    private static final int IR_VERSION = 8;

    private OnnxFile() {
    }

    /**
     * @param state by our names, as {@link StateImport} or the network's own file gives it; counters do not matter
     * @param notes free text by key, kept in the file
     * @throws IllegalArgumentException naming entries that are missing, superfluous or of another shape
     */
    public static void write(Path file, Network network, Map<String, StateValue> state, OnnxOptions options, Map<String, String> notes)
            throws IOException {
        ModelProto model = model(network, state, options, notes);
        WholeFile.replace(file, channel -> WholeFile.writeFully(channel, ByteBuffer.wrap(model.toByteArray())));
    }

    static ModelProto model(Network network, Map<String, StateValue> state, OnnxOptions options, Map<String, String> notes) {
        new ParameterLayout(network.state()).requireFitting(state);
        ModelProto.Builder model = ModelProto.newBuilder().setIrVersion(IR_VERSION).setProducerName("Separable")
                .setGraph(new OnnxLowering(network.inferenceGraph(1, DType.F32), state, options).lower());
        model.addOpsetImportBuilder().setVersion(OPSET);
        new TreeMap<>(notes).forEach((key, value) -> model.addMetadataPropsBuilder().setKey(key).setValue(value));
        return model.build();
    }
}
