package separable.predict;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import separable.predict.ModelReport.Answer;

class ConfusionTest {

    /** Three cats, of which one is taken for a dog and one for no class; two dogs, both right; no bird, and nothing taken for one. */
    private static Confusion counted() {
        int[][] pairs = {{0, 0}, {0, 1}, {0, 7}, {1, 1}, {1, 1}};
        return Confusion.of(List.of("cat", "dog", "bird"), Stream.of(pairs).map(pair -> new Answer(pair[0], pair[1], 1)).toList());
    }

    @Test
    void precisionAndRecallAreSharesOfColumnsAndRows() {
        Confusion confusion = counted();
        assertThat(confusion.support(0)).isEqualTo(3);
        assertThat(confusion.other(0)).isEqualTo(1);
        assertThat(confusion.predictions(1)).isEqualTo(3);
        assertThat(confusion.right()).isEqualTo(3);
        assertThat(confusion.recall(0)).isEqualTo(1 / 3.0);
        assertThat(confusion.precision(0)).isEqualTo(1);
        assertThat(confusion.recall(1)).isEqualTo(1);
        assertThat(confusion.precision(1)).isEqualTo(2 / 3.0);
    }

    @Test
    void whatNeverCameHasNoFigures() {
        assertThat(counted().recall(2)).isNaN();
        assertThat(counted().precision(2)).isNaN();
    }
}
