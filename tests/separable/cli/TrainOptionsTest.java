package separable.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import separable.data.DecodeListener;
import separable.train.OptimizerConfig;
import separable.train.RunConfig;
import separable.train.ScheduleConfig;

/** Options on their way into the configuration of a run. */
class TrainOptionsTest {

    @TempDir
    Path place;

    /** The run that these words give on a GPU. */
    private static RunConfig run(String words) {
        return CommandLine.populateCommand(new TrainOptions(), words.isEmpty() ? new String[0] : words.split(" ")).resolve(false, DecodeListener.NONE);
    }

    private static final Map<String, String> NETWORK = Map.ofEntries(
            Map.entry("--model mobilenet-v2", "model.name \"mobilenet-v2\""),
            Map.entry("--dataset cifar10", "data.dataset \"cifar10\""),
            Map.entry("--data /pictures", "data.folder \"/pictures\""),
            Map.entry("--width 0.5", "model.width 0.5"),
            Map.entry("--depth 1.2", "model.depth 1.2"),
            Map.entry("--resolution 40", "model.resolution 40"),
            Map.entry("--classes 12", "model.classes 12"),
            Map.entry("--stem-stride 2", "model.stemStride 2"),
            Map.entry("--dropout 0.25", "model.dropout 0.25"));

    private static final Map<String, String> RECIPE = Map.ofEntries(
            Map.entry("--epochs 7", "recipe.epochs 7"),
            Map.entry("--batch 24", "recipe.batch 24"),
            Map.entry("--precision bf16", "recipe.precision \"bf16\""),
            Map.entry("--seed 9", "recipe.seed 9"),
            Map.entry("--no-graph", "recipe.graph false"),
            Map.entry("--tune quick", "recipe.tune \"quick\""),
            Map.entry("--step-schedule plain", "recipe.stepSchedule \"plain\""),
            Map.entry("--optimizer rmsprop", "recipe.optimizer.name \"rmsprop\""),
            Map.entry("--lr 0.5", "recipe.optimizer.learningRate 0.5"),
            Map.entry("--weight-decay 0.125", "recipe.optimizer.weightDecay 0.125"),
            Map.entry("--momentum 0.75", "recipe.optimizer.momentum 0.75"),
            Map.entry("--label-smoothing 0.25", "recipe.optimizer.labelSmoothing 0.25"),
            Map.entry("--schedule step", "recipe.schedule.name \"step\""),
            Map.entry("--decay-factor 0.5", "recipe.schedule.decayFactor 0.5"),
            Map.entry("--decay-epochs 3", "recipe.schedule.decayEpochs 3.0"),
            Map.entry("--warmup 6.5", "recipe.schedule.warmupEpochs 6.5"),
            Map.entry("--accumulate 2", "recipe.update.accumulate 2"),
            Map.entry("--clip-norm 3", "recipe.update.clipNorm 3.0"),
            Map.entry("--ema 0.5", "recipe.update.ema 0.5"),
            Map.entry("--decay-on all", "recipe.update.decayOn \"all\""),
            Map.entry("--freeze features.0", "recipe.update.frozen [\"features.0\"]"),
            Map.entry("--eval-steps 11", "recipe.evaluation.everySteps 11"),
            Map.entry("--eval-pictures 12", "recipe.evaluation.pictures 12"),
            Map.entry("--patience 4", "recipe.evaluation.patience 4"));

    private static final Map<String, String> INPUT = Map.ofEntries(
            Map.entry("--mean 0.25,0.5,0.75", "recipe.input.mean [0.25,0.5,0.75]"),
            Map.entry("--deviation 1,2,3", "recipe.input.deviation [1.0,2.0,3.0]"),
            Map.entry("--stream", "recipe.input.stream true"),
            Map.entry("--centre 0.75", "recipe.input.centre 0.75"),
            Map.entry("--no-flip", "recipe.input.augment.flip false"),
            Map.entry("--vertical-flip", "recipe.input.augment.verticalFlip true"),
            Map.entry("--random-resized-crop 0.5", "recipe.input.augment.minArea 0.5"),
            Map.entry("--rotation 10", "recipe.input.augment.rotation 10.0"),
            Map.entry("--colour-jitter 0.125,0.25,0.5,0.375", "recipe.input.augment.hue 0.375"),
            Map.entry("--erase 0.5", "recipe.input.augment.erase 0.5"),
            Map.entry("--mixup 0.25", "recipe.input.augment.mixup 0.25"),
            Map.entry("--cutmix 0.75", "recipe.input.augment.cutmix 0.75"));

    /** Options that go with other networks or data sets, and tests where they are seen; and what is no value of a run. */
    private static final Set<String> ELSEWHERE = Set.of("--style", "--blocks", "--crop", "--config", "--recipe", "--print-config", "--profile",
            "--weights", "--new-head", "--picture-size", "--channels", "--validation", "--max-broken", "--cache");

    @Test
    void everyOptionIsInTheConfiguration() {
        Map<String, String> all = new TreeMap<>(NETWORK);
        all.putAll(RECIPE);
        all.putAll(INPUT);
        RunConfig run = run(String.join(" ", all.keySet()));

        all.forEach((option, value) -> assertThat(value).as(option).isEqualTo(path(value) + " " + at(run, path(value))));
        assertThat(run.recipe().input().augment().brightness()).isEqualTo(0.125f);
        assertThat(run.recipe().input().augment().contrast()).isEqualTo(0.25f);
        assertThat(run.recipe().input().augment().saturation()).isEqualTo(0.5f);
        assertThat(RunConfig.fromJson(run.toJson())).isEqualTo(run);
    }

    /** The next option that is added must be added to the tables above. */
    @Test
    void noOptionIsForgottenHere() {
        Set<String> known = new TreeSet<>(ELSEWHERE);
        Stream.of(NETWORK, RECIPE, INPUT).flatMap(each -> each.keySet().stream()).map(option -> option.split(" ")[0].replace("--no-flip", "--flip")).forEach(known::add);
        Set<String> there = new TreeSet<>();
        for (OptionSpec option : CommandSpec.forAnnotatedObject(new TrainOptions()).options()) {
            assertThat(option.names()).as(option.longestName()).anyMatch(known::contains);
            Stream.of(option.names()).filter(known::contains).forEach(there::add);
        }
        assertThat(there).isEqualTo(known);
    }

    @Test
    void optionsOfOtherNetworksAndFoldersAreInTheConfiguration() throws IOException {
        assertThat(run("--style tf-slim --crop 3").model().style()).isEqualTo("tf-slim");
        assertThat(run("--style tf-slim --crop 3").recipe().input().augment().crop()).isEqualTo(3);
        assertThat(run("--model separable-cnn --blocks 8,16,24,32").model().blocks()).containsExactly(8, 16, 24, 32);
        for (String name : List.of("cat", "dog")) {
            Files.write(Files.createDirectories(place.resolve(name)).resolve("a.png"), new byte[1]);
        }
        RunConfig folder = run("--dataset folder --data " + place + " --picture-size 40 --channels 1 --validation 0.25 --max-broken 0.5 --cache " + place
                + "/kept --mean 0.5 --deviation 0.5 --seed 3 --stream");
        assertThat(folder.data().size()).isEqualTo(40);
        assertThat(folder.data().channels()).isEqualTo(1);
        assertThat(folder.data().pictures().validation()).isEqualTo(0.25);
        assertThat(folder.data().pictures().maxBroken()).isEqualTo(0.5);
        assertThat(folder.data().pictures().cache()).isEqualTo(place + "/kept");
        assertThat(folder.data().pictures().seed()).isEqualTo(3);
        assertThat(folder.recipe().input().stream()).isTrue();
    }

    /** A configuration that is given back comes out as it went in, whatever the shares of its warm-up. */
    @Test
    void aConfigurationAloneIsThatRunAgain() throws IOException {
        for (String words : List.of("--stream --warmup 15", "--schedule one-cycle --warmup 12 --momentum 0.5", "--optimizer adam --schedule step --decay-factor 0.25")) {
            RunConfig earlier = run(words);
            Files.writeString(place.resolve("config.json"), earlier.toJson());
            assertThat(run("--config " + place.resolve("config.json"))).as(words).isEqualTo(earlier);
        }
    }

    @Test
    void anotherRuleComesWithItsOwnNumbers() throws IOException {
        String fast = "--recipe cifar-fast --dataset cifar10 --optimizer ";
        assertThat(run(fast + "adam").recipe().optimizer()).isEqualTo(new OptimizerConfig("adam", 1e-3f, 0, 0.9f, 0.1f));
        assertThat(run(fast + "rmsprop --lr 0.5 --momentum 0.75").recipe().optimizer()).isEqualTo(new OptimizerConfig("rmsprop", 0.5f, 4e-5f, 0.75f, 0.1f));
        assertThat(run(fast + "nesterov").recipe().optimizer()).isEqualTo(new OptimizerConfig("nesterov", 0.2f, 5e-4f, 0.9f, 0.1f));
        Files.writeString(place.resolve("config.json"), run("--lr 0.25 --momentum 0.5").toJson());
        String config = "--config " + place.resolve("config.json");
        assertThat(run(config + " --optimizer adamw").recipe().optimizer()).isEqualTo(new OptimizerConfig("adamw", 1e-3f, 0.01f, 0.9f, 0));
        assertThat(run(config + " --optimizer nesterov").recipe().optimizer()).isEqualTo(new OptimizerConfig("nesterov", 0.25f, 5e-4f, 0.5f, 0));
    }

    @Test
    void theRiseOfOneCycleKeepsItsShareOfTheRun() throws IOException {
        Files.writeString(place.resolve("config.json"), run("--epochs 20 --schedule one-cycle").toJson());
        String config = "--config " + place.resolve("config.json");
        assertThat(warmup(config)).isEqualTo(6);
        assertThat(warmup(config + " --epochs 40")).isEqualTo(12);
        assertThat(warmup(config + " --epochs 10")).isEqualTo(3);
        assertThat(warmup(config + " --epochs 40 --warmup 5")).isEqualTo(5);
        assertThat(warmup("--epochs 40 --schedule one-cycle")).isEqualTo(12);
        assertThat(warmup("--epochs 4")).as("a quarter of the run").isEqualTo(1);
        assertThat(warmup("--epochs 100")).isEqualTo(2);
    }

    private static double warmup(String words) {
        ScheduleConfig schedule = run(words).recipe().schedule();
        return schedule.warmupEpochs();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "--optimizer adam --momentum 0.5 | --momentum: is for sgd, nesterov and rmsprop, not for adam: leave it out",
        "--optimizer adamw --momentum 0.9 | --momentum: is for sgd, nesterov and rmsprop, not for adamw: leave it out",
        "--model separable-cnn --momentum 0.9 | --momentum: is for sgd, nesterov and rmsprop, not for adam: leave it out",
        "--decay-factor 0.5 | --decay-factor: is for --schedule step and exponential, not for cosine: leave it out",
        "--schedule linear --decay-epochs 2 | --decay-epochs: is for --schedule step and exponential, not for linear: leave it out",
        "--schedule constant --decay-factor 0.5 | --decay-factor: is for --schedule step and exponential, not for constant: leave it out",
        "--schedule one-cycle --decay-epochs 2 | --decay-epochs: is for --schedule step and exponential, not for one-cycle: leave it out",
        "--eval-pictures 100 | --eval-pictures: is for evaluations within epochs, of which there are none: name their steps with --eval-steps, or leave it out",
    })
    void refusesWhatWouldDoNothing(String words, String message) {
        assertThatThrownBy(() -> run(words)).isInstanceOf(IllegalArgumentException.class).hasMessage(message);
    }

    private static String path(String expected) {
        return expected.split(" ")[0];
    }

    private static String at(RunConfig run, String path) {
        JsonElement element = JsonParser.parseString(run.toJson());
        for (String name : path.split("\\.")) {
            JsonObject object = element.getAsJsonObject();
            element = object.get(name);
        }
        return String.valueOf(element);
    }
}
