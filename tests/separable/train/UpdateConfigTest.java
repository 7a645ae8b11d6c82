package separable.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import separable.data.KnownDataset;
import separable.graph.Parameter;
import separable.graph.ParameterLayout;
import separable.layer.Network;

class UpdateConfigTest {

    private static final Network V1 = ModelConfig.mobileNet("mobilenet-v1", 0.25, 32, 3, 10, 1, 0).network();

    private static Stream<Parameter> parameters() {
        return new ParameterLayout(V1.state()).parameters().stream();
    }

    private static Parameter named(String name) {
        return parameters().filter(parameter -> parameter.name().equals(name)).findFirst().orElseThrow();
    }

    @ParameterizedTest
    @CsvSource({"model, true, false, false, false", "weights, true, true, false, false", "no-depthwise, true, false, false, false",
        "all, true, true, true, true"})
    void decayIsWhereItIsAskedFor(String where, boolean filter, boolean depthwise, boolean gamma, boolean bias) {
        UpdateConfig update = UpdateConfig.PLAIN.withDecayOn(where);
        assertThat(update.decays(named("conv_stem.weight"))).isEqualTo(filter);
        assertThat(update.decays(named("classifier.weight"))).isEqualTo(filter);
        assertThat(update.decays(named("blocks.0.0.conv_dw.weight"))).isEqualTo(depthwise);
        assertThat(update.decays(named("bn1.weight"))).isEqualTo(gamma);
        assertThat(update.decays(named("classifier.bias"))).isEqualTo(bias);
        assertThat(parameters().filter(update.withFrozen(List.of("blocks", "conv_stem"))::decays).map(Parameter::name))
                .noneMatch(name -> name.startsWith("blocks.") || name.startsWith("conv_stem."));
    }

    @Test
    void namesAreFrozenUpToADot() {
        UpdateConfig update = UpdateConfig.PLAIN.withFrozen(List.of("blocks.1", "bn1"));
        assertThat(List.of("blocks.1.0.conv_dw", "blocks.1", "bn1", "bn1.weight")).allMatch(update::freezes);
        assertThat(List.of("blocks.10.0.conv_dw", "blocks", "bn10", "blocks.0.0.bn1")).noneMatch(update::freezes);
    }

    @Test
    void refusesLayersThatAreNotThereAndAllOfThem() {
        UpdateConfig.PLAIN.withFrozen(List.of("blocks", "bn1")).requireFitting(V1);
        assertThatThrownBy(() -> UpdateConfig.PLAIN.withFrozen(List.of("features")).requireFitting(V1)).isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("frozen layer 'features'").hasMessageContaining("begin with [blocks, bn1, classifier, conv_stem]");
        assertThatThrownBy(() -> UpdateConfig.PLAIN.withFrozen(List.of("conv_stem", "bn1", "blocks", "classifier")).requireFitting(V1))
                .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("nothing is left to train");
    }

    private static List<EpochMetrics> epochs(double... accuracies) {
        return Stream.iterate(1, epoch -> epoch <= accuracies.length, epoch -> epoch + 1)
                .map(epoch -> new EpochMetrics(epoch, epoch, 0, 0, 0, 0, accuracies[epoch - 1], 0, 0)).toList();
    }

    @Test
    void patienceCountsEpochsSinceTheBest() {
        Recipe recipe = Defaults.of("mobilenet-v1", KnownDataset.MNIST, true).recipe().withEpochs(6)
                .withEvaluation(EvaluationConfig.EPOCHS.withPatience(2));
        assertThat(recipe.isOver(epochs())).isFalse();
        assertThat(recipe.isOver(epochs(0.5, 0.4))).isFalse();
        assertThat(recipe.isOver(epochs(0.5, 0.4, 0.5))).as("as good is not better").isTrue();
        assertThat(recipe.isOver(epochs(0.5, 0.4, 0.6, 0.6))).isFalse();
        assertThat(recipe.withEvaluation(EvaluationConfig.EPOCHS).isOver(epochs(0.5, 0.4, 0.3, 0.2, 0.1))).isFalse();
        assertThat(recipe.isOver(epochs(0.1, 0.2, 0.3, 0.4, 0.5, 0.6))).as("all epochs done").isTrue();
    }
}
