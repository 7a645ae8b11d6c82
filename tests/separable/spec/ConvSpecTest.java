package separable.spec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class ConvSpecTest {

    private static final Shape PICTURE = new Shape(1, 5, 6, 8);

    @Test
    void theOutputHasAPixelForEveryWindowThatFits() {
        assertThat(new ConvSpec(PICTURE, 4, 3, 2, 2, 2, new Padding(1, 0, 2, 3), 2).output()).isEqualTo(new Shape(1, 2, 4, 4));
        assertThat(ConvSpec.full(PICTURE, 4, 5, 1, 1, Padding.NONE).output()).isEqualTo(new Shape(1, 1, 2, 4));
    }

    @Test
    void refusesWindowsThatDoNotFit() {
        assertThatThrownBy(() -> ConvSpec.full(PICTURE, 4, 6, 1, 1, Padding.NONE)).isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("does not fit the padded picture");
        assertThatThrownBy(() -> ConvSpec.full(PICTURE, 4, 3, 1, 1 << 30, Padding.NONE)).isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("does not fit the padded picture");
    }

    /** Coordinates of padded pixels must not wrap around. */
    @Test
    void refusesPaddingBeyond32Bits() {
        Padding padding = new Padding(Integer.MAX_VALUE, 0, Integer.MAX_VALUE, 0);
        assertThatThrownBy(() -> ConvSpec.full(PICTURE, 4, 3, 1 << 30, 1, padding)).isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("4294967299x6 pixels");
    }
}
