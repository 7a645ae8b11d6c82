package separable.train;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonParseException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/**
 * Everything a run depends on, and so everything needed to run it again: {@code config.json}.
 *
 * @param version of this layout; files of another are refused
 * @param start   weights to start from; null for a run that draws its own
 */
public record RunConfig(int version, ModelConfig model, DataConfig data, Recipe recipe, StartConfig start) {

    public static final int VERSION = 3;

    private static final Gson GSON = new GsonBuilder().setPrettyPrinting().disableHtmlEscaping().create();

    public RunConfig {
        Check.that(version == VERSION, "config version", version, String.valueOf(VERSION));
        Check.present("model", model);
        Check.present("data", data);
        Check.present("recipe", recipe);
        if (model.inputChannels() != data.channels() || recipe.input().channels() != data.channels()) {
            throw new IllegalArgumentException("the model takes " + model.inputChannels() + " channels and mean has "
                    + recipe.input().channels() + " numbers, but " + data.dataset() + " has " + data.channels() + " channels: make them agree");
        }
        int crop = recipe.input().augment().crop();
        Check.that(crop < model.resolution(), "crop", crop, "below the resolution, " + model.resolution());
        if (model.classes() < data.classes().size()) {
            throw new IllegalArgumentException("classes " + model.classes() + ": " + data.dataset() + " has " + data.classes().size()
                    + ", so at least that many are needed");
        }
    }

    public RunConfig(ModelConfig model, DataConfig data, Recipe recipe) {
        this(VERSION, model, data, recipe, null);
    }

    public RunConfig withModel(ModelConfig network) {
        return new RunConfig(version, network, data, recipe, start);
    }

    public RunConfig withRecipe(Recipe training) {
        return new RunConfig(version, model, data, training, start);
    }

    public RunConfig withStart(StartConfig weights) {
        return new RunConfig(version, model, data, recipe, weights);
    }

    public String toJson() {
        return GSON.toJson(this) + "\n";
    }

    /** @throws IllegalArgumentException when the text is no configuration, or one with impossible values */
    public static RunConfig fromJson(String text) {
        RunConfig config;
        try {
            config = GSON.fromJson(text, RunConfig.class);
        } catch (JsonParseException e) {
            throw new IllegalArgumentException("is not a configuration (" + oneLine(e) + ")", e);
        } catch (RuntimeException e) {
            // Gson wraps what a record's constructor throws in a plain RuntimeException.
            if (rootOf(e) instanceof IllegalArgumentException refused) {
                throw new IllegalArgumentException(refused.getMessage(), e);
            }
            throw e;
        }
        return Check.present("content", config);
    }

    /** @throws TrainingException when the file cannot be read or is no configuration */
    public static RunConfig read(Path file) {
        try {
            return fromJson(Files.readString(file));
        } catch (NoSuchFileException e) {
            throw new TrainingException(file + ": no such file: name the config.json of an earlier run", e);
        } catch (IOException e) {
            throw new TrainingException(file + ": cannot be read (" + e.getMessage() + ")", e);
        } catch (IllegalArgumentException e) {
            throw new TrainingException(file + ": " + e.getMessage() + ": correct the file, or use the config.json of a run", e);
        }
    }

    private static Throwable rootOf(Throwable e) {
        return e.getCause() == null ? e : rootOf(e.getCause());
    }

    private static String oneLine(Throwable e) {
        return String.valueOf(rootOf(e).getMessage()).lines().findFirst().orElse("no reason given");
    }
}
