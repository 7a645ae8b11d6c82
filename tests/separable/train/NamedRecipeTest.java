package separable.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import separable.data.KnownDataset;

class NamedRecipeTest {

    private static RunConfig of(NamedRecipe recipe, KnownDataset dataset) {
        return recipe.over(Defaults.of(recipe.model(), dataset, false));
    }

    @ParameterizedTest
    @EnumSource
    void isAWholeConfigurationForEverySetAndModel(NamedRecipe recipe) {
        assertThat(NamedRecipe.parse(recipe.toString())).isEqualTo(recipe);
        for (KnownDataset dataset : KnownDataset.values()) {
            for (String model : ModelConfig.NAMES) {
                RunConfig run = recipe.over(Defaults.of(model, dataset, false));
                assertThat(RunConfig.fromJson(run.toJson())).isEqualTo(run);
                assertThat(run.model().network().state()).isNotEmpty();
                assertThat(run.recipe().input().mean().equals(Collections.nCopies(dataset.channels(), 0.5f))).isEqualTo(!recipe.takesStatistics() || model.equals("separable-cnn"));
                assertThat(run.recipe().input().augment().flip()).isEqualTo(dataset != KnownDataset.MNIST);
            }
        }
    }

    /** The numbers of the papers and of torchvision's page. */
    @Test
    void hasThePublishedNumbers() {
        RunConfig v1 = of(NamedRecipe.PAPER_V1, KnownDataset.CIFAR10);
        assertThat(v1.model().style()).isEqualTo(ModelConfig.TF_SLIM);
        assertThat(v1.recipe().optimizer()).isEqualTo(new OptimizerConfig("rmsprop", 0.045f, 4e-5f, 0.9f, 0));
        assertThat(v1.recipe().schedule()).isEqualTo(new ScheduleConfig("step", 0, 0.94, 2.5));
        assertThat(v1.recipe().update().decayOn()).isEqualTo("no-depthwise");
        Recipe v2 = of(NamedRecipe.PAPER_V2, KnownDataset.CIFAR10).recipe();
        assertThat(v2.batch()).isEqualTo(96);
        assertThat(v2.update().ema()).isEqualTo(0.9999f);
        Recipe torchvision = of(NamedRecipe.TORCHVISION, KnownDataset.CIFAR10).recipe();
        assertThat(torchvision.optimizer()).isEqualTo(new OptimizerConfig("sgd", 0.045f, 4e-5f, 0.9f, 0));
        assertThat(torchvision.schedule()).isEqualTo(new ScheduleConfig("step", 0, 0.98, 1));
        assertThat(List.of(torchvision.epochs(), torchvision.batch())).containsExactly(300, 256);
        assertThat(torchvision.update().decayOn()).isEqualTo("all");
    }

    @Test
    void smallPicturesKeepTheirPixels() {
        RunConfig small = of(NamedRecipe.TORCHVISION, KnownDataset.CIFAR10);
        assertThat(small.recipe().input().augment().crop()).isEqualTo(4);
        RunConfig base = Defaults.of("mobilenet-v2", KnownDataset.CIFAR10, false);
        ModelConfig large = ModelConfig.mobileNet("mobilenet-v2", 1, 224, 3, 10, 1, 0);
        RunConfig published = NamedRecipe.TORCHVISION.over(new RunConfig(large, base.data(), base.recipe()));
        assertThat(published.recipe().input().augment().crop()).isZero();
        assertThat(published.recipe().input().augment().minArea()).isEqualTo(0.08f);
    }

    @Test
    void refusesOthersByName() {
        assertThatThrownBy(() -> NamedRecipe.parse("fast")).isInstanceOf(IllegalArgumentException.class)
                .hasMessage("unknown recipe 'fast': use paper-v1, paper-v2, torchvision or cifar-fast");
    }
}
