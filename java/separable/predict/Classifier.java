package separable.predict;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import separable.device.Closing;
import separable.device.Device;
import separable.graph.Parameters;
import separable.picture.Picture;
import separable.picture.PictureFile;
import separable.train.ModelConfig;
import separable.train.Owned;

/**
 * A trained network that says what is on pictures. They are treated as the run's {@code config.json} says and go the way of
 * evaluation's: in the network's channels, the middle square at the size that the run's pictures were stored at, then on the device
 * the batch kernel and the network in the run's precision, its batch normalisations folded into the filters.
 *
 * <p>Safe for use by several threads: pictures are decoded in the calling thread, and the device serves one call after the other. A
 * call leaves the device's context current on its thread. The first call for each batch size (1, 2, 4, ... {@value #LARGEST_BATCH})
 * makes a plan, which takes a moment.
 */
public final class Classifier implements AutoCloseable {

    /** Pictures that the device gets at a time; more are done in several goes. */
    public static final int LARGEST_BATCH = 32;

    private final SavedRun run;
    private final Device device;
    private final Owned owned;
    private final Parameters parameters;
    /** By batch size; {@code this} guards them, and with them the device. */
    private final Map<Integer, InferencePlan> plans = new HashMap<>();
    private boolean closed;

    /** @param owned what is closed with this, also when this cannot be made */
    private Classifier(SavedRun run, Device device, Owned owned) {
        this.run = run;
        this.device = device;
        this.owned = owned;
        try {
            this.parameters = owned.keep(run.parameters(device));
        } catch (RuntimeException failure) {
            throw owned.closedAfter(failure);
        }
    }

    /**
     * Reads the network in a run's folder and puts it on the first device, whose context becomes current on this thread.
     *
     * @throws separable.train.TrainingException in one line, when a file is missing, damaged, or does not fit
     * @throws separable.device.DeviceException when there is no device, or it lacks the memory
     */
    public static Classifier open(Path folder) {
        return open(SavedRun.open(folder));
    }

    /** As {@link #open(Path)}, with the weights that {@code run} names: {@link SavedRun#openBest} the most accurate epoch's. */
    public static Classifier open(SavedRun run) {
        Owned owned = new Owned();
        return new Classifier(run, owned.keep(Device.open()), owned);
    }

    /** As {@link #open(Path)}, on a device that is current on this thread and stays open as long as this. */
    public static Classifier open(Path folder, Device device) {
        return new Classifier(SavedRun.open(folder), Objects.requireNonNull(device, "device"), new Owned());
    }

    /** Class names in index order. A network with more outputs calls those {@code class N}. */
    public List<String> classes() {
        return run.classes();
    }

    /**
     * What is on a JPEG or PNG file.
     *
     * @throws separable.picture.PictureException in one line, when it cannot be read
     */
    public Predictions predict(Path image) {
        return predict(PictureFile.read(image).picture());
    }

    /** What is on a picture. */
    public Predictions predict(Picture picture) {
        return predict(List.of(picture)).get(0);
    }

    /**
     * What is on each of several pictures, in their order. The device gets up to {@link #LARGEST_BATCH} of them together, which is much
     * quicker than one by one.
     *
     * @throws IllegalStateException after {@link #close}
     */
    public List<Predictions> predict(List<Picture> pictures) {
        List<Picture> prepared = pictures.stream().map(this::prepare).toList();
        List<Predictions> predictions = new ArrayList<>(prepared.size());
        for (int first = 0; first < prepared.size(); first += LARGEST_BATCH) {
            predictions.addAll(predictTogether(prepared.subList(first, Math.min(first + LARGEST_BATCH, prepared.size()))));
        }
        return predictions;
    }

    /**
     * The picture as the device takes it, in the network's channels and a square of the run's size. {@link #predict} does the same, and
     * leaves such a picture as it is: this is for who has many large ones and room for small ones.
     */
    public Picture prepare(Picture picture) {
        return picture.withChannels(run.config().model().inputChannels()).square(run.pictureSize());
    }

    private synchronized List<Predictions> predictTogether(List<Picture> pictures) {
        if (closed) {
            throw new IllegalStateException("the classifier of " + run.folder() + " was used after it was closed");
        }
        device.makeCurrent();
        byte[] pixels = new byte[pictures.size() * pictures.get(0).pixels().length];
        for (int row = 0; row < pictures.size(); row++) {
            byte[] one = pictures.get(row).pixels();
            System.arraycopy(one, 0, pixels, row * one.length, one.length);
        }
        float[] logits = planFor(pictures.size()).run(pixels);
        ModelConfig model = run.config().model();
        List<Predictions> predictions = new ArrayList<>(pictures.size());
        for (int row = 0; row < pictures.size(); row++) {
            predictions.add(Predictions.of(new Scores(logits, row, model.classes()), run::label));
        }
        return predictions;
    }

    /** The plan for the next power of two: one for every number of pictures would fill the device with plans. */
    private InferencePlan planFor(int pictures) {
        int batch = pictures == 1 ? 1 : Integer.highestOneBit(pictures - 1) << 1;
        return plans.computeIfAbsent(batch, size -> owned.keep(new InferencePlan(device, run, parameters, size)));
    }

    /** Gives everything on the device back. A call under way is waited for. */
    @Override
    public synchronized void close() {
        if (!closed) {
            closed = true;
            Closing.all(List.<AutoCloseable>of(owned, device::makeCurrent));     // the last first: freeing takes a current context
        }
    }
}
