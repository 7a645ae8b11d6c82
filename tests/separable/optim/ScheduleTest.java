package separable.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class ScheduleTest {

    @Test
    void risesInALineThenFallsAsACosine() {
        float[] table = Schedule.cosine(0.4f, 12, 4).table();
        assertThat(table).hasSize(12);
        assertThat(table).startsWith(0.1f, 0.2f, 0.3f, 0.4f, 0.4f);
        assertThat(table[8]).isEqualTo(0.2f, within(1e-7f));
        assertThat(table[11]).isEqualTo((float) (0.2 * (1 + Math.cos(Math.PI * 7 / 8))), within(1e-7f));
    }

    @Test
    void endsAtTheFractionAskedFor() {
        Schedule schedule = new Schedule(1, 100, 0, 0.25f);
        assertThat(schedule.at(0)).isEqualTo(1f);
        assertThat(schedule.at(50)).isEqualTo(0.625f, within(1e-6f));
        assertThat(schedule.at(99)).isBetween(0.25f, 0.2503f);
    }

    @Test
    void refusesWhatMakesNoSchedule() {
        assertThatThrownBy(() -> Schedule.cosine(0, 10, 0)).hasMessageContaining("learning rate 0.0");
        assertThatThrownBy(() -> Schedule.cosine(Float.NaN, 10, 0)).hasMessageContaining("learning rate NaN");
        assertThatThrownBy(() -> Schedule.cosine(0.1f, 10, 10)).hasMessageContaining("10 steps with 10 of warm-up");
        assertThatThrownBy(() -> new Schedule(0.1f, 10, 0, 1.5f)).hasMessageContaining("final fraction 1.5");
    }
}
