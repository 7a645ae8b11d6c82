package separable.train;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import separable.exchange.SafeTensors;
import separable.exchange.StateImport;

/**
 * Weights that a run starts from instead of drawing all of them.
 *
 * @param weights a safetensors file under names of ours, torchvision's or timm's
 * @param sha256  of the file, in hexadecimal
 * @param newHead whether the last layer is drawn anew even where the file's would fit
 */
public record StartConfig(String weights, String sha256, boolean newHead) {

    public StartConfig {
        Check.present("weights to start from", weights);
        Check.present("sha256 of the weights to start from", sha256);
    }

    /**
     * @param weights the file, or the folder of a run, whose {@code model.safetensors} it then is
     * @throws TrainingException when it cannot be read
     */
    public static StartConfig of(Path weights, boolean newHead) {
        Path file = (Files.isDirectory(weights) ? weights.resolve(TrainingRun.MODEL_FILE) : weights).toAbsolutePath().normalize();
        return new StartConfig(file.toString(), digest(file), newHead);
    }

    /**
     * What of the file goes into {@code model}.
     *
     * @throws TrainingException when the file cannot be read, is not the one of {@code sha256}, or does not fit
     */
    StateImport read(ModelConfig model) {
        Path file = Path.of(weights);
        if (!digest(file).equals(sha256)) {
            throw new TrainingException(file + ": is not the file that the configuration was made with (another SHA-256): name it anew with --weights");
        }
        try {
            return StateImport.of(SafeTensors.read(file), model.network(), model.namings(), newHead);
        } catch (IOException e) {
            throw new TrainingException(e.getMessage(), e);
        } catch (IllegalArgumentException e) {
            throw new TrainingException(file + ": " + e.getMessage(), e);
        }
    }

    private static String digest(Path file) {
        try {
            return Digest.sha256(file);
        } catch (NoSuchFileException e) {
            throw new TrainingException(file + ": no such file: name a safetensors file or the folder of a run", e);
        } catch (IOException e) {
            throw new TrainingException(file + ": cannot be read (" + e.getMessage() + ")", e);
        }
    }
}
