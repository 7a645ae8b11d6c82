package separable.train;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import separable.spec.Shape;

class TrainingBatchTest {

    private static final Shape SHAPE = new Shape(3, 1, 1, 2);
    private static final InputConfig INPUT = new InputConfig(List.of(0.5f, 0.25f), List.of(0.5f, 0.125f), 1, AugmentConfig.NONE, false);

    @Test
    void undoesTheNormalisationChannelByChannel() {
        TrainingBatch batch = TrainingBatch.of(SHAPE, new float[] {-1, 0, 1, 2, 7, -9}, new int[] {4, 5, 6}, INPUT);
        assertThat(batch.pixels()).containsExactly(0, 64, 255, 128, 255, 0);
        assertThat(batch.picture(1)).containsExactly(255, 128);
        assertThat(batch.labels()).containsExactly(4, 5, 6);
    }

    @Test
    void theLabelOfMixedPicturesIsTheHeavierOne() {
        int[] targets = {4, 5, 6, 7, 8, 9, share(0.3f), share(0.5f), share(1)};
        TrainingBatch batch = TrainingBatch.of(SHAPE, new float[6], targets, INPUT);
        assertThat(batch.labels()).containsExactly(7, 5, 6);
        assertThat(batch.count()).isEqualTo(3);
    }

    private static int share(float value) {
        return Float.floatToIntBits(value);
    }
}
