package separable.spec;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import separable.testing.Fp16;
import separable.testing.RoundingCases;

class Float16Test {

    @Test
    void widensEveryValue() {
        for (short bits : RoundingCases.allBits()) {
            assertThat(Float16.value(bits)).as("%04x", bits).isEqualTo(Float.valueOf(Fp16.value(bits)));
        }
    }

    @Test
    void roundsToNearestEven() {
        for (float value : RoundingCases.of(DType.F16)) {
            assertThat(Float16.bits(value)).as("%a", value).isEqualTo(Fp16.bits(value));
        }
    }

    @Test
    void hasTheLimitsOfTheStandard() {
        assertThat(Float16.bits(1)).isEqualTo((short) 0x3c00);
        assertThat(Float16.bits(-65504)).isEqualTo((short) 0xfbff);
        assertThat(Float16.bits(Math.nextDown(65520f))).isEqualTo((short) 0x7bff);
        assertThat(Float16.bits(65520)).isEqualTo((short) 0x7c00);
        assertThat(Float16.bits(0x1p-24f)).isEqualTo((short) 1);
        assertThat(Float16.bits(0x1p-25f)).as("a tie, to even").isZero();
        assertThat(Float16.bits(0x1.8p-24f)).as("a tie, to even").isEqualTo((short) 2);
        assertThat(Float16.bits(-0f)).isEqualTo((short) 0x8000);
        assertThat(Float16.bits(0x1.ffcp-15f)).as("the smallest normal number, from below").isEqualTo((short) 0x400);
        assertThat(Float16.bits(Float.NaN)).isEqualTo((short) 0x7fff);
    }
}
