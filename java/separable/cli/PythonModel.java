package separable.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import separable.exchange.LayerNames;
import separable.layer.Conv;
import separable.train.ModelConfig;

/**
 * The Python that makes a library's model of the same shape as ours, for the person who loads an exported file.
 *
 * @param lines to be run in order; the last leaves {@code model}
 */
record PythonModel(List<String> lines) {

    /** @return nothing where the library has no such model: {@link #reason} then says why */
    static Optional<PythonModel> of(String library, ModelConfig model) {
        if (reason(library, model).isPresent()) {
            return Optional.empty();
        }
        return Optional.of(new PythonModel(library.equals(LayerNames.TIMM) ? timm(model) : torchvision(model)));
    }

    /** Why the library has no such model; nothing where it has. */
    static Optional<String> reason(String library, ModelConfig model) {
        return switch (library) {
            case LayerNames.TORCHVISION -> Optional.empty();
            case LayerNames.TIMM -> model.hasChannelsOfTimm() ? Optional.empty()
                    : Optional.of("timm rounds channels to multiples of 8, and at width " + model.width() + " these are others");
            default -> Optional.of("these are Separable's own");
        };
    }

    private static List<String> torchvision(ModelConfig model) {
        List<String> lines = new ArrayList<>();
        lines.add(String.format(Locale.ROOT, "model = torchvision.models.mobilenet_v2(num_classes=%d, width_mult=%s)", model.classes(), model.width()));
        if (model.inputChannels() != 3) {
            Conv stem = (Conv) model.network().layers().get(0).layer();
            lines.add(String.format(Locale.ROOT, "model.features[0][0] = torch.nn.Conv2d(%d, %d, 3, stride=%d, padding=1, bias=False)", model.inputChannels(),
                    stem.outputChannels(), model.stemStride()));
        } else if (model.stemStride() != 2) {
            lines.add("model.features[0][0].stride = (1, 1)");
        }
        return lines;
    }

    private static List<String> timm(ModelConfig model) {
        boolean isV1 = model.name().equals(ModelConfig.MOBILENET_V1);
        String family = isV1 ? "mobilenetv1_100" : "mobilenetv2_100";
        StringBuilder options = new StringBuilder(String.format(Locale.ROOT, "num_classes=%d, in_chans=%d", model.classes(), model.inputChannels()));
        if (model.style().equals(ModelConfig.TF_SLIM)) {
            options.append(", pad_type='same', bn_eps=1e-3");
        }
        List<String> lines = new ArrayList<>();
        if (model.width() == 1 && model.depth() == 1) {
            lines.add("model = timm.create_model('" + family + "', " + options + ")");
        } else {
            String depth = model.depth() == 1 ? "" : ", depth_multiplier=" + model.depth() + ", fix_stem_head=True";
            lines.add("model = timm.models.efficientnet._gen_mobilenet_" + (isV1 ? "v1" : "v2") + "('" + family + "', " + model.width() + depth + ", "
                    + options + ")");
        }
        if (model.stemStride() != 2) {
            lines.add("model.conv_stem.stride = (1, 1)");
        }
        return lines;
    }
}
