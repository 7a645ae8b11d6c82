package separable.spec;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/** Constants by the name that users type, which is their {@link Object#toString()}. */
public final class Labels {

    private Labels() {
    }

    /**
     * The constant of {@code type} whose text is {@code label}.
     *
     * @param what what the constants are, in one word or a few: {@code precision}
     * @throws IllegalArgumentException naming the accepted labels
     */
    public static <E extends Enum<E>> E parse(Class<E> type, String label, String what) {
        return Arrays.stream(type.getEnumConstants()).filter(each -> each.toString().equals(label)).findFirst().orElseThrow(
                () -> new IllegalArgumentException("unknown " + what + " '" + label + "': use " + listed(type)));
    }

    /** As in {@code fp32, bf16 or fp16}. */
    private static <E extends Enum<E>> String listed(Class<E> type) {
        List<String> labels = Arrays.stream(type.getEnumConstants()).map(Enum::toString).toList();
        String allButLast = labels.stream().limit(labels.size() - 1L).collect(Collectors.joining(", "));
        return allButLast.isEmpty() ? labels.get(0) : allButLast + " or " + labels.get(labels.size() - 1);
    }
}
