package separable.device;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import separable.testing.DeviceExtension;

@ExtendWith(DeviceExtension.class)
class ArenaTest {

    @Test
    void packsSlicesOneAfterTheOther(Device device) {
        Map<String, Long> sizes = new LinkedHashMap<>();
        sizes.put("x", 100L);
        sizes.put("y", 256L);
        sizes.put("z", 1L);
        try (Arena arena = Arena.pack(device, "packed", sizes)) {
            long start = Handles.of(arena.buffer().pointer());
            assertThat(Handles.of(arena.pointer("x"))).isEqualTo(start);
            assertThat(Handles.of(arena.pointer("y"))).isEqualTo(start + 256);
            assertThat(Handles.of(arena.pointer("z"))).isEqualTo(start + 512);
            assertThat(arena.bytes()).isEqualTo(768);
            assertThat(arena.describe().lines()).containsExactly("           0          100  x", "         256          256  y",
                    "         512            1  z");
        }
    }

    @Test
    void slicesMayOverlapButNotLeave(Device device) {
        try (Arena arena = new Arena(device, "shared", 512)) {
            arena.slice("early", 0, 512);
            arena.slice("late", 256, 256);
            assertThatThrownBy(() -> arena.slice("outside", 256, 257)).isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("slice 'outside' of 257 bytes at 256 in buffer 'shared'");
            assertThatThrownBy(() -> arena.slice("crooked", 16, 16)).isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> arena.pointer("unknown")).isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("'unknown'");
        }
    }
}
