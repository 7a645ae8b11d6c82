package separable.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class OptimizerTest {

    @Test
    void slotsBeginAsTheFormulasSay() {
        assertThat(Sgd.nesterov(0).slots()).isEqualTo(1);
        assertThat(Sgd.nesterov(0).initialValue(0)).isZero();
        RmsProp rmsProp = RmsProp.mobileNet(4e-5f);
        assertThat(new float[] {rmsProp.initialValue(0), rmsProp.initialValue(1)}).containsExactly(1, 0);
        assertThat(Adam.decoupled(0.01f).slots()).isEqualTo(2);
    }

    @Test
    void settingsOutOfRangeAreNamed() {
        assertThatThrownBy(() -> new Sgd(0, 0, true)).hasMessageContaining("Nesterov");
        assertThatThrownBy(() -> new Sgd(1.5f, 0, false)).hasMessageContaining("momentum 1.5");
        assertThatThrownBy(() -> new RmsProp(0.9f, 0.9f, Float.NaN, 0)).hasMessageContaining("epsilon NaN");
        assertThatThrownBy(() -> new Adam(0.9f, 1, 1e-8f, 0, false)).hasMessageContaining("beta2 1.0");
        assertThatThrownBy(() -> Adam.decoupled(-1)).hasMessageContaining("weight decay -1.0");
    }
}
