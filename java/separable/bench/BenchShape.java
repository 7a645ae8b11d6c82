package separable.bench;

import java.util.Objects;
import separable.spec.ConvSpec;

/**
 * One convolution to measure.
 *
 * @param name  for people, one line
 * @param count how often the network has it
 */
public record BenchShape(String name, ConvSpec spec, int count) {

    public BenchShape {
        Objects.requireNonNull(name, "name");
        Objects.requireNonNull(spec, "spec");
        if (count < 1) {
            throw new IllegalArgumentException("shape " + name + " occurs " + count + " times: at least 1 is needed");
        }
    }

    /** Named by what it is, as in {@code dw3s2 56x56x128} or {@code pw 28x28x256-512}. */
    public static BenchShape of(ConvSpec spec, int count) {
        return new BenchShape(describe(spec), spec, count);
    }

    public ConvFamily family() {
        return ConvFamily.of(spec);
    }

    /** Without the batch, which all shapes of a network share. */
    static String describe(ConvSpec spec) {
        ConvFamily family = ConvFamily.of(spec);
        StringBuilder text = new StringBuilder(family.abbreviation());
        if (family != ConvFamily.POINTWISE) {
            text.append(spec.kernelHeight());
            if (spec.kernelWidth() != spec.kernelHeight()) {
                text.append('x').append(spec.kernelWidth());
            }
            text.append('s').append(spec.stride());
            if (spec.dilation() > 1) {
                text.append('d').append(spec.dilation());
            }
        }
        text.append(' ').append(spec.input().h()).append('x').append(spec.input().w()).append('x').append(spec.input().c());
        if (family != ConvFamily.DEPTHWISE) {
            text.append('-').append(spec.outputChannels());
        }
        if (family == ConvFamily.OTHER && spec.groups() > 1) {
            text.append(" g").append(spec.groups());
        }
        return text.toString();
    }
}
