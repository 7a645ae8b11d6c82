package separable.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class SamplerTest {

    @Test
    void anEpochVisitsEveryPictureOnce() {
        assertThat(IntStream.of(new Sampler(1000, 5).shuffled(3)).sorted().toArray()).isEqualTo(IntStream.range(0, 1000).toArray());
        assertThat(new Sampler(1, 5).shuffled(0)).containsExactly(0);
    }

    @Test
    void theOrderIsThatOfSeedAndEpochAlone() {
        assertThat(new Sampler(1000, 5).shuffled(3)).isEqualTo(new Sampler(1000, 5).shuffled(3));
        assertThat(new Sampler(1000, 5).shuffled(3)).isNotEqualTo(new Sampler(1000, 5).shuffled(4));
        assertThat(new Sampler(1000, 5).shuffled(3)).isNotEqualTo(new Sampler(1000, 6).shuffled(3));
        // Worked out apart from the class: a run of an earlier release can be repeated.
        assertThat(new Sampler(8, 1).shuffled(0)).containsExactly(1, 3, 5, 2, 0, 6, 4, 7);
    }

    @Test
    void everyPictureComesFirstAboutEquallyOften() {
        int[] first = new int[4];
        for (int epoch = 0; epoch < 4000; epoch++) {
            first[new Sampler(4, 9).shuffled(epoch)[0]]++;
        }
        // 1000 each; five standard deviations of a binomial are 137.
        assertThat(IntStream.of(first).boxed().toList()).allSatisfy(n -> assertThat(n).isBetween(863, 1137));
    }

    @Test
    void aPartIsSpreadOverTheSet() {
        assertThat(new Sampler(10, 0).spread(4)).containsExactly(0, 2, 5, 7);
        assertThat(new Sampler(10, 0).spread(10)).isEqualTo(new Sampler(10, 0).sequential());
        assertThat(new Sampler(2_000_000_000, 0).spread(3)).containsExactly(0, 666_666_666, 1_333_333_333);
        assertThatThrownBy(() -> new Sampler(10, 0).spread(11)).isInstanceOf(IllegalArgumentException.class).hasMessageContaining("11 of 10");
    }

    @Test
    void refusesNothing() {
        assertThatThrownBy(() -> new Sampler(0, 1)).isInstanceOf(IllegalArgumentException.class);
    }
}
