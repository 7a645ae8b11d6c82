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

    @Test
    void refusesAnOutputThatCannotBeIndexed() {
        assertThatThrownBy(() -> ConvSpec.pointwise(new Shape(1, 256, 256, 8), 1 << 16)).isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("shape 1x256x256x65536").hasMessageContaining("lower the batch");
    }

    /** Their product is 2^64, which a long takes for 0. */
    @Test
    void refusesExtentsWhoseProductWrapsAround() {
        assertThatThrownBy(() -> new Shape(1 << 16, 1 << 16, 1 << 16, 1 << 16)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new Shape(1, 1, 1, Integer.MAX_VALUE)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void namesWhatIsMissing() {
        assertThatThrownBy(() -> ConvSpec.full(PICTURE, 4, 3, 1, 1, null)).isInstanceOf(NullPointerException.class).hasMessage("padding");
        assertThatThrownBy(() -> new ConvSpec(null, 4, 3, 3, 1, 1, Padding.NONE, 1)).isInstanceOf(NullPointerException.class).hasMessage("input");
        assertThatThrownBy(() -> new PoolSpec(PICTURE, 2, 2, null)).isInstanceOf(NullPointerException.class).hasMessage("padding");
        assertThatThrownBy(() -> new PoolSpec(null, 2, 2, Padding.NONE)).isInstanceOf(NullPointerException.class).hasMessage("input");
    }

    @Test
    void tellsAPaddingInWords() {
        assertThat(Padding.NONE).hasToString("padding 0");
        assertThat(Padding.symmetric(2)).hasToString("padding 2");
        assertThat(new Padding(0, 1, 3, 2)).hasToString("padding top 0 left 1 bottom 3 right 2");
        assertThat(ConvSpec.full(PICTURE, 4, 3, 1, 1, Padding.symmetric(1)))
                .hasToString("1x5x6x8 -> 1x5x6x4 kernel 3x3 stride 1 dilation 1 padding 1 groups 1");
    }

    /** Coordinates of padded pixels must not wrap around. */
    @Test
    void refusesPaddingBeyond32Bits() {
        Padding padding = new Padding(Integer.MAX_VALUE, 0, Integer.MAX_VALUE, 0);
        assertThatThrownBy(() -> ConvSpec.full(PICTURE, 4, 3, 1 << 30, 1, padding)).isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("4294967299x6 pixels");
    }
}
