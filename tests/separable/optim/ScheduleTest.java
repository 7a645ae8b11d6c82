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
        Schedule schedule = new Schedule(1, 100, 0, new Decay.Cosine(0.25));
        assertThat(schedule.at(0)).isEqualTo(1f);
        assertThat(schedule.at(50)).isEqualTo(0.625f, within(1e-6f));
        assertThat(schedule.at(99)).isBetween(0.25f, 0.2503f);
    }

    @Test
    void refusesWhatMakesNoSchedule() {
        assertThatThrownBy(() -> Schedule.cosine(0, 10, 0)).hasMessageContaining("learning rate 0.0");
        assertThatThrownBy(() -> Schedule.cosine(Float.NaN, 10, 0)).hasMessageContaining("learning rate NaN");
        assertThatThrownBy(() -> Schedule.cosine(0.1f, 10, 10)).hasMessageContaining("10 steps with 10 of warm-up");
        assertThatThrownBy(() -> new Decay.Cosine(1.5)).hasMessageContaining("final fraction 1.5");
    }

    private static float[] rates(int steps, int warmUp, Decay decay) {
        return new Schedule(0.5f, steps, warmUp, decay).table();
    }

    /** Numbers printed by PyTorch's StepLR(step_size=2, gamma=0.1), LinearLR and OneCycleLR(0.5, total_steps=10, pct_start=0.4). */
    @Test
    void givesPyTorchsNumbers() {
        assertThat(rates(6, 0, new Decay.Step(0.1, 2))).containsExactly(new float[] {0.5f, 0.5f, 0.05f, 0.05f, 0.005f, 0.005f}, within(1e-8f));
        assertThat(rates(5, 0, new Decay.Linear())).containsExactly(new float[] {0.5f, 0.4f, 0.3f, 0.2f, 0.1f}, within(1e-7f));
        assertThat(rates(10, 4, Decay.OneCycle.standard())).containsExactly(ONE_CYCLE, within(1e-6f));
    }

    private static final float[] ONE_CYCLE = {0.02000000f, 0.14000000f, 0.38000000f, 0.50000000f, 0.46650648f, 0.37500050f, 0.25000100f, 0.12500150f, 0.03349552f, 0.00000200f};

    @Test
    void keepsARateAndLetsOneFallSmoothly() {
        assertThat(rates(4, 2, new Decay.Constant())).containsExactly(0.25f, 0.5f, 0.5f, 0.5f);
        float[] smooth = rates(6, 0, new Decay.Exponential(0.94, 2.5));
        for (int step = 0; step < 6; step++) {
            assertThat(smooth[step]).isEqualTo((float) (0.5 * Math.pow(0.94, step / 2.5)), within(1e-7f));
        }
        assertThat(rates(6, 0, new Decay.Step(0.94, 2.5))).containsExactly(
                new float[] {0.5f, 0.5f, 0.5f, 0.47f, 0.47f, 0.4418f}, within(1e-7f));
    }

    @Test
    void refusesWhatMakesNoDecay() {
        assertThatThrownBy(() -> new Decay.Step(1.1, 3)).hasMessageContaining("decay factor 1.1");
        assertThatThrownBy(() -> new Decay.Exponential(0.9, 0)).hasMessageContaining("every 0.0 steps");
        assertThatThrownBy(() -> new Decay.OneCycle(0.5, 10)).hasMessageContaining("at least 1");
    }
}
