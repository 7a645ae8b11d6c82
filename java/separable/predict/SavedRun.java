package separable.predict;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import separable.device.Closing;
import separable.device.Device;
import separable.exchange.SafeTensors;
import separable.exchange.StateTensors;
import separable.graph.ParameterLayout;
import separable.graph.Parameters;
import separable.graph.StateValue;
import separable.layer.Network;
import separable.train.RunConfig;
import separable.train.TrainingException;
import separable.train.TrainingRun;

/**
 * What a run has left in its folder.
 *
 * @param folder of the run
 * @param config its {@code config.json}
 * @param model  the name of the file with its weights
 */
public record SavedRun(Path folder, RunConfig config, String model) {

    /** With the last epoch's weights. @throws TrainingException in one line, when the configuration is missing or damaged */
    public static SavedRun open(Path folder) {
        return of(folder, TrainingRun.MODEL_FILE);
    }

    /** With the most accurate epoch's weights. @throws TrainingException as {@link #open} */
    public static SavedRun openBest(Path folder) {
        return of(folder, TrainingRun.BEST_MODEL_FILE);
    }

    private static SavedRun of(Path folder, String model) {
        return new SavedRun(folder, RunConfig.read(folder.resolve(TrainingRun.CONFIG_FILE)), model);
    }

    public Network network() {
        return config.model().network();
    }

    /** Class names in index order. */
    public List<String> classes() {
        return config.data().classes();
    }

    /** The name of an output; a network may have more of them than there are classes. */
    String label(int output) {
        return output < classes().size() ? classes().get(output) : "class " + output;
    }

    /** Side in pixels of the squares that the run's pictures were stored as. */
    int pictureSize() {
        return config.data().size();
    }

    /**
     * The weights, by our names.
     *
     * @throws TrainingException in one line, when the file is missing, damaged, or not of the configuration's network
     */
    public Map<String, StateValue> weights() {
        Path file = folder.resolve(model);
        try {
            Map<String, StateValue> values = StateTensors.values(SafeTensors.read(file));
            new ParameterLayout(network().state()).requireFitting(values);
            return values;
        } catch (IOException e) {
            throw new TrainingException(e.getMessage(), e);
        } catch (IllegalArgumentException e) {
            throw new TrainingException(file + ": " + e.getMessage(), e);
        }
    }

    /**
     * {@link #weights} on the device, for plans of the run's precision; the caller closes them.
     *
     * @throws TrainingException as {@link #weights}
     * @throws separable.device.DeviceException when the device lacks the memory
     */
    Parameters parameters(Device device) {
        Map<String, StateValue> values = weights();
        Parameters parameters = Parameters.withoutGradients(device, network().state(), config.recipe().type());
        try {
            parameters.load(values);
            return parameters;
        } catch (RuntimeException e) {
            throw Closing.after(e, List.of(parameters));
        }
    }
}
