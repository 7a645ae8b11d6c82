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

    /** The recipe's for pictures of 224 pixels, as the papers have them. */
    private static RunConfig large(NamedRecipe recipe) {
        RunConfig base = Defaults.of(recipe.model(), KnownDataset.CIFAR10, false);
        return recipe.over(base.withModel(ModelConfig.mobileNet(recipe.model(), 0.5, 224, 3, 10, 2, 0.4f)));
    }

    private static void assertValues(NamedRecipe recipe, int epochs, int batch, OptimizerConfig rule, ScheduleConfig schedule, UpdateConfig update, float dropout) {
        RunConfig run = large(recipe);
        assertThat(run.recipe().epochs()).isEqualTo(epochs);
        assertThat(run.recipe().batch()).isEqualTo(batch);
        assertThat(run.recipe().precision()).isEqualTo("bf16");
        assertThat(run.recipe().optimizer()).isEqualTo(rule);
        assertThat(run.recipe().schedule()).isEqualTo(schedule);
        assertThat(run.recipe().update()).isEqualTo(update);
        assertThat(run.model().dropout()).isEqualTo(dropout);
        assertThat(run.model().width()).isEqualTo(1);
    }

    /** Every value that the papers, TF-slim and torchvision publish, and what is ours beside them. */
    @Test
    void hasThePublishedNumbers() {
        UpdateConfig slim = UpdateConfig.PLAIN.withDecayOn("no-depthwise").withEma(0.9999f);
        assertValues(NamedRecipe.PAPER_V1, 200, 64, new OptimizerConfig("rmsprop", 0.045f, 4e-5f, 0.9f, 0), new ScheduleConfig("step", 0, 0.94, 2.5), slim, 0.001f);
        assertThat(large(NamedRecipe.PAPER_V1).model().style()).isEqualTo(ModelConfig.TF_SLIM);
        assertValues(NamedRecipe.PAPER_V2, 300, 96, new OptimizerConfig("rmsprop", 0.045f, 4e-5f, 0.9f, 0.1f), new ScheduleConfig("step", 0, 0.98, 1), slim, 0.2f);
        assertValues(NamedRecipe.TORCHVISION, 300, 256, new OptimizerConfig("sgd", 0.045f, 4e-5f, 0.9f, 0), new ScheduleConfig("step", 0, 0.98, 1),
                UpdateConfig.PLAIN.withDecayOn("all"), 0.2f);
        assertValues(NamedRecipe.CIFAR_FAST, 100, 256, new OptimizerConfig("nesterov", 0.2f, 5e-4f, 0.9f, 0.1f), new ScheduleConfig("cosine", 5, 1, 1),
                UpdateConfig.PLAIN.withDecayOn("weights").withEma(0.999f), 0);
    }

    @Test
    void treatsPicturesAsPublished() {
        AugmentConfig flipped = AugmentConfig.NONE.withFlip(true, false);
        List<Float> halves = List.of(0.5f, 0.5f, 0.5f);
        InputConfig own = Defaults.of("mobilenet-v2", KnownDataset.CIFAR10, false).recipe().input();
        assertThat(large(NamedRecipe.PAPER_V1).recipe().input()).isEqualTo(InputConfig.of(halves, halves).withAugment(flipped.withMinArea(0.35f)));
        assertThat(large(NamedRecipe.PAPER_V2).recipe().input()).isEqualTo(InputConfig.of(halves, halves).withAugment(flipped.withMinArea(0.08f)));
        assertThat(large(NamedRecipe.TORCHVISION).recipe().input()).isEqualTo(own.withAugment(flipped.withMinArea(0.08f)));
        assertThat(of(NamedRecipe.TORCHVISION, KnownDataset.CIFAR10).recipe().input()).as("of small pictures").isEqualTo(own.withAugment(flipped.withCrop(4)));
        AugmentConfig fast = of(NamedRecipe.CIFAR_FAST, KnownDataset.CIFAR10).recipe().input().augment();
        assertThat(fast).isEqualTo(new AugmentConfig(4, 1, true, false, 0, 0, 0, 0, 0, 0.25f, 0, 0));
    }

    @Test
    void leavesTheRestOfTheRunAsItWas() {
        RunConfig base = Defaults.of("mobilenet-v2", KnownDataset.CIFAR10, false);
        Recipe other = base.recipe().withSeed(5).withGraph(false).withInput(base.recipe().input().withStream(true).withCentre(0.9f))
                .withEvaluation(new EvaluationConfig(7, 8, 9));
        for (NamedRecipe recipe : NamedRecipe.values()) {
            Recipe changed = recipe.over(base.withRecipe(other)).recipe();
            assertThat(changed.seed()).isEqualTo(5);
            assertThat(changed.graph()).isFalse();
            assertThat(changed.input().stream()).isTrue();
            assertThat(changed.input().centre()).isEqualTo(0.9f);
            assertThat(changed.evaluation()).isEqualTo(other.evaluation());
        }
    }

    @Test
    void refusesOthersByName() {
        assertThatThrownBy(() -> NamedRecipe.parse("fast")).isInstanceOf(IllegalArgumentException.class)
                .hasMessage("unknown recipe 'fast': use paper-v1, paper-v2, torchvision or cifar-fast");
    }
}
