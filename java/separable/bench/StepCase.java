package separable.bench;

import java.util.List;
import java.util.Objects;
import separable.graph.PlanOptions;
import separable.graph.Schedule;
import separable.train.Defaults;
import separable.train.EvaluationConfig;
import separable.train.InputConfig;
import separable.train.ModelConfig;
import separable.train.OptimizerConfig;
import separable.train.Recipe;
import separable.train.ScheduleConfig;
import separable.train.UpdateConfig;
import separable.tune.Effort;
import separable.tune.Tuning;

/**
 * One kind of training step to measure. Pictures are normalised and not varied, the loss is smoothed by nothing.
 *
 * @param precision as {@link Recipe} takes it
 * @param optimizer its name; see {@link OptimizerConfig}
 * @param ema       decay of the moving average of weights and running statistics; 0 for none
 * @param effort    of tuning
 */
public record StepCase(ModelConfig model, int batch, String precision, Schedule schedule, String optimizer, float ema, Effort effort) {

    /** ImageNet's, which no time depends on. */
    private static final List<Float> MEAN = List.of(0.485f, 0.456f, 0.406f);
    private static final List<Float> DEVIATION = List.of(0.229f, 0.224f, 0.225f);

    /** Low enough for any network to stay finite on labels without meaning. */
    private static final float LEARNING_RATE = 0.01f;

    public StepCase {
        Objects.requireNonNull(model, "model");
        Objects.requireNonNull(schedule, "schedule");
        Objects.requireNonNull(effort, "effort");
        recipe(batch, precision, schedule, optimizer, ema, effort);
    }

    Recipe recipe() {
        return recipe(batch, precision, schedule, optimizer, ema, effort);
    }

    private static Recipe recipe(int batch, String precision, Schedule schedule, String optimizer, float ema, Effort effort) {
        if (!OptimizerConfig.NAMES.contains(optimizer)) {
            throw new IllegalArgumentException("unknown optimizer '" + optimizer + "': use one of " + String.join(", ", OptimizerConfig.NAMES));
        }
        OptimizerConfig usual = Defaults.optimizer(optimizer);
        OptimizerConfig slow = new OptimizerConfig(optimizer, Math.min(LEARNING_RATE, usual.learningRate()), usual.weightDecay(), usual.momentum(), 0);
        return new Recipe(1, batch, precision, 1, true, effort.toString(), schedule.toString(), slow, ScheduleConfig.usual("constant", 0, 1),
                UpdateConfig.PLAIN.withEma(ema), InputConfig.of(MEAN, DEVIATION), EvaluationConfig.EPOCHS);
    }

    PlanOptions options() {
        return recipe().planOptions(Tuning.of(effort));
    }

    /** As in {@code mobilenet-v2, width 1.0, 224x224, batch 256, bf16, fused, sgd}. */
    @Override
    public String toString() {
        return model.name() + ", width " + model.width() + ", " + model.resolution() + "x" + model.resolution() + ", batch " + batch + ", " + precision
                + ", " + schedule + ", " + optimizer + (ema == 0 ? "" : ", ema " + ema) + (effort == Effort.OFF ? "" : ", tuned " + effort);
    }
}
