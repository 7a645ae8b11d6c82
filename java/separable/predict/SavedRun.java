package separable.predict;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import separable.device.Closing;
import separable.device.Device;
import separable.exchange.SafeTensors;
import separable.exchange.StateTensors;
import separable.graph.Parameters;
import separable.graph.StateValue;
import separable.layer.Network;
import separable.train.RunConfig;
import separable.train.TrainingException;
import separable.train.TrainingRun;

/**
 * What a run has left in its folder, read to be used.
 *
 * @param folder  of the run
 * @param config  its {@code config.json}
 * @param weights its {@code model.safetensors}, by PyTorch's names
 */
public record SavedRun(Path folder, RunConfig config, Map<String, StateValue> weights) {

    public SavedRun {
        weights = Map.copyOf(weights);
    }

    /** @throws TrainingException in one line, when a file is missing or damaged */
    public static SavedRun open(Path folder) {
        RunConfig config = RunConfig.read(folder.resolve(TrainingRun.CONFIG_FILE));
        Path file = folder.resolve(TrainingRun.MODEL_FILE);
        try {
            return new SavedRun(folder, config, StateTensors.values(SafeTensors.read(file)));
        } catch (IOException e) {
            throw new TrainingException(e.getMessage(), e);
        } catch (IllegalArgumentException e) {
            throw misfit(file, e);
        }
    }

    public Network network() {
        return config.model().network();
    }

    /** Class names in index order. */
    public List<String> classes() {
        return config.data().classes();
    }

    /**
     * The weights on the device, for plans of the run's precision; the caller closes them.
     *
     * @throws TrainingException when they are not of the configuration's network
     * @throws separable.device.DeviceException when the device lacks the memory
     */
    Parameters parameters(Device device) {
        Parameters parameters = new Parameters(device, network().state(), config.recipe().type());
        try {
            parameters.load(weights);
            return parameters;
        } catch (IllegalArgumentException e) {
            throw Closing.after(misfit(folder.resolve(TrainingRun.MODEL_FILE), e), List.of(parameters));
        } catch (RuntimeException e) {
            throw Closing.after(e, List.of(parameters));
        }
    }

    private static TrainingException misfit(Path file, IllegalArgumentException e) {
        return new TrainingException(file + ": " + e.getMessage(), e);
    }
}
