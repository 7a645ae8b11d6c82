package separable.train;

import java.util.LinkedHashMap;
import java.util.Map;
import separable.graph.Plan;
import separable.tune.Decision;
import separable.tune.Problem;

/** What a run does on the device, for people: the text of {@link TrainingRun#PLAN_FILE}. */
final class PlanReport {

    private PlanReport() {}

    /**
     * The step and the evaluation op by op ({@link Plan#describe}), where the pictures lie, and how the kernel of each of their
     * convolutions was chosen.
     */
    static String of(Plan training, Plan evaluation, String trainPictures, String testPictures) {
        Map<Problem, Decision> choices = new LinkedHashMap<>();
        training.decisions().forEach(decision -> choices.putIfAbsent(decision.problem(), decision));
        evaluation.decisions().forEach(decision -> choices.putIfAbsent(decision.problem(), decision));
        StringBuilder text = new StringBuilder(training.describe()).append('\n').append(evaluation.describe())
                .append("\npictures\n").append(trainPictures).append('\n').append(testPictures).append("\n\nconvolutions\n");
        choices.values().forEach(decision -> text.append(decision).append('\n'));
        return text.toString();
    }
}
