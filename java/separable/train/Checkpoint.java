package separable.train;

import com.google.gson.Gson;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import separable.exchange.NamedTensor;
import separable.exchange.SafeTensors;

/**
 * A run as it stands between two steps, with all that is needed to go on with the same bits.
 *
 * <p>On disk it is two files: {@code checkpoint-NAME.json}, {@code {"checkpoint": {...}, "sha256": of that object's compact text}},
 * which names the safetensors file beside it and that file's SHA-256. Other content has another name, and the JSON is renamed
 * last, so that whatever happens it names whole tensors.
 *
 * @param version     of this layout
 * @param config      of the run
 * @param data        what it was trained on
 * @param position    how far it has come
 * @param metrics     a line an epoch
 * @param evaluations those within epochs, as far as the run has come
 * @param test        the last whole epoch's evaluation
 * @param tensors     the safetensors file's name
 * @param sha256      of the safetensors file, in hexadecimal
 */
record Checkpoint(int version, RunConfig config, DataIdentity data, Position position, List<EpochMetrics> metrics,
                  List<StepEvaluation> evaluations, Evaluation test, String tensors, String sha256) {

    static final int VERSION = 2;
    static final String LAST = "checkpoint-last.json";
    static final String BEST = "checkpoint-best.json";

    private static final Gson GSON = new Gson();
    private static final String BODY = "checkpoint";
    private static final String DIGEST = "sha256";

    Checkpoint {
        Check.that(version == VERSION, "checkpoint version", version, String.valueOf(VERSION));
        Check.present("config", config);
        Check.present("data", data);
        Check.present("position", position);
        metrics = List.copyOf(Check.present("metrics", metrics));
        Check.that(metrics.size() == position.epochs(), "lines of metrics", metrics.size(), "one for each of the " + position.epochs() + " epochs done");
        evaluations = List.copyOf(Check.present("evaluations", evaluations));
        Check.present("test", test);
        Check.that(isTensorsFile(Check.present("tensors", tensors)), "tensors", tensors, "checkpoint-STEP-DIGEST.safetensors");
        Check.present("sha256", sha256);
    }

    static boolean isTensorsFile(String name) {
        return name.matches("checkpoint-\\d+-[0-9a-f]+\\.safetensors");
    }

    String toJson() {
        JsonElement body = GSON.toJsonTree(this);
        JsonObject file = new JsonObject();
        file.add(BODY, body);
        file.addProperty(DIGEST, Digest.sha256(GSON.toJson(body).getBytes(StandardCharsets.UTF_8)));
        return GSON.toJson(file) + "\n";
    }

    /** @throws TrainingException when the file is missing, damaged or of another version */
    static Checkpoint read(Path file) {
        try {
            return fromJson(Files.readString(file));
        } catch (NoSuchFileException e) {
            throw new TrainingException(file + ": no such file: name the folder of a run that was interrupted", e);
        } catch (IOException e) {
            throw new TrainingException(file + ": cannot be read (" + e.getMessage() + ")", e);
        } catch (JsonParseException | IllegalStateException e) {
            throw damaged(file, "it is no checkpoint", e);
        } catch (IllegalArgumentException e) {
            throw damaged(file, e.getMessage(), e);
        }
    }

    private static Checkpoint fromJson(String text) {
        JsonObject file = JsonParser.parseString(text).getAsJsonObject();
        if (!file.has(BODY) || !file.has(DIGEST)) {
            throw new IllegalArgumentException("it is no checkpoint");
        }
        // Parsed numbers keep their text, so that the body prints as it was written.
        String digest = Digest.sha256(GSON.toJson(file.get(BODY)).getBytes(StandardCharsets.UTF_8));
        if (!digest.equals(file.get(DIGEST).getAsString())) {
            throw new IllegalArgumentException("its checksum does not agree with its content");
        }
        try {
            return Check.present("content", GSON.fromJson(file.get(BODY), Checkpoint.class));
        } catch (JsonParseException e) {
            throw e;
        } catch (RuntimeException e) {
            throw new IllegalArgumentException(rootOf(e).getMessage(), e);
        }
    }

    /** @throws TrainingException when the tensors' file is missing, damaged or another */
    Map<String, NamedTensor> readTensors(Path folder) {
        Path file = folder.resolve(tensors);
        try {
            if (!Digest.sha256(file).equals(sha256)) {
                throw damaged(file, "its checksum does not agree with the checkpoint's", null);
            }
            return new LinkedHashMap<>(SafeTensors.read(file).tensors());
        } catch (NoSuchFileException e) {
            throw damaged(file, "no such file", e);
        } catch (IOException e) {
            throw damaged(file, e.getMessage(), e);
        }
    }

    static TrainingException damaged(Path file, String what, Exception cause) {
        return new TrainingException(file + ": " + what + advice(file), cause);
    }

    /** The best epoch's checkpoint is only named where it is of use. */
    private static String advice(Path file) {
        Path best = file.resolveSibling(BEST);
        if (file.equals(best)) {
            return "";
        }
        return (isWhole(best) ? ": copy " + BEST + " to " + LAST + " to go on from the best epoch, or delete " : ": delete ") + LAST + " and start anew";
    }

    private static boolean isWhole(Path file) {
        try {
            Checkpoint checkpoint = read(file);
            return Digest.sha256(file.resolveSibling(checkpoint.tensors)).equals(checkpoint.sha256);
        } catch (TrainingException | IOException e) {
            return false;     // what is told is the damage of the other file
        }
    }

    private static Throwable rootOf(Throwable e) {
        return e.getCause() == null ? e : rootOf(e.getCause());
    }
}
