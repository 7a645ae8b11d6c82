package separable.graph;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import jcuda.driver.CUdeviceptr;
import separable.device.Closing;
import separable.device.Device;
import separable.device.DeviceBuffer;
import separable.device.Stream;
import separable.kernel.Initialiser;
import separable.spec.DType;
import separable.spec.Shape;

/**
 * The state of a model on the device: flat fp32 master weights, their gradients, for plans of 16 bits a rounded copy, and the
 * running statistics. Shared by a training plan and evaluation plans of other batch sizes, which must be closed first.
 */
public final class Parameters implements AutoCloseable {

    private final Device device;
    private final ParameterLayout layout;
    private final DType type;
    private final DeviceBuffer weights;
    private final Optional<DeviceBuffer> gradients;
    private final Optional<DeviceBuffer> weights16;
    private final Optional<DeviceBuffer> decayMask;
    private final Optional<DeviceBuffer> running;
    private final List<DeviceBuffer> owned = new ArrayList<>();
    private long batchesTracked;

    /**
     * Allocates everything: weights, gradients and running means 0, running variances 1.
     *
     * @param state what {@link Graph#state} of the model's graphs says
     * @param type  BF16 or F16 for a copy in that precision; fp32 plans can use the result too
     * @throws separable.device.DeviceException when the device lacks the memory; nothing stays allocated then
     */
    public Parameters(Device device, List<StateEntry> state, DType type) {
        this(device, state, type, true);
    }

    /** The same without gradients and decay mask, for plans that do not train. */
    public static Parameters withoutGradients(Device device, List<StateEntry> state, DType type) {
        return new Parameters(device, state, type, false);
    }

    private Parameters(Device device, List<StateEntry> state, DType type, boolean trained) {
        this.device = device;
        this.layout = new ParameterLayout(state);
        this.type = type;
        if (layout.elements() == 0) {
            throw new IllegalArgumentException("a model without parameters");
        }
        try {
            weights = zeroed((long) layout.elements() * Float.BYTES, "weights");
            gradients = trained ? Optional.of(zeroed((long) layout.elements() * Float.BYTES, "gradients")) : Optional.empty();
            weights16 = type == DType.F32 ? Optional.empty()
                    : Optional.of(zeroed((long) layout.elements() * type.bytes(), type + " weights"));
            decayMask = trained ? Optional.of(zeroed(layout.elements() / ParameterLayout.ALIGNMENT, "decay mask")) : Optional.empty();
            running = layout.runningElements() > 0
                    ? Optional.of(zeroed((long) layout.runningElements() * Float.BYTES, "running statistics")) : Optional.empty();
            decayMask.ifPresent(mask -> mask.write(layout.decayMask(Parameter::decay)));
            resetRunning();
        } catch (RuntimeException failure) {
            throw Closing.after(failure, List.of(this));
        }
    }

    private DeviceBuffer zeroed(long bytes, String name) {
        DeviceBuffer buffer = device.allocate(bytes, name);
        owned.add(buffer);
        buffer.zero();
        return buffer;
    }

    public ParameterLayout layout() {
        return layout;
    }

    /** Elements of {@link #weights}, gaps included: a multiple of 64. */
    public int elements() {
        return layout.elements();
    }

    public DeviceBuffer weights() {
        return weights;
    }

    /** fp32, at the same element offsets; those of frozen parameters and gaps are 0. */
    public DeviceBuffer gradients() {
        return ofTraining(gradients);
    }

    private static DeviceBuffer ofTraining(Optional<DeviceBuffer> buffer) {
        return buffer.orElseThrow(() -> new IllegalStateException("these parameters were made without gradients: they cannot be trained"));
    }

    /** The precision of {@link #weights16}; F32 for a model without. */
    public DType type() {
        return type;
    }

    /** The weights rounded to {@link #type}, at the same element offsets; empty for a model made for fp32. */
    public Optional<DeviceBuffer> weights16() {
        return weights16;
    }

    /** Sets where weight decay applies; until then it is where {@link Parameter#decay} says. */
    public void decayOn(Predicate<Parameter> decays) {
        decayMask().write(layout.decayMask(decays));
    }

    /** One byte for each 64 elements: 1 where weight decay applies. */
    public DeviceBuffer decayMask() {
        return ofTraining(decayMask);
    }

    /** Mean and variance of every batch normalisation; empty for a model without any. */
    public Optional<DeviceBuffer> running() {
        return running;
    }

    /** Batches of training so far, saved as every {@code num_batches_tracked}. */
    public long batchesTracked() {
        return batchesTracked;
    }

    /** To be called by whoever runs training steps; the device does not count them. */
    public void batchesTracked(long batches) {
        batchesTracked = batches;
    }

    /** Draws every parameter from its distribution, on the device; running statistics start anew. The same seed gives the same bits. */
    public void initialise(long seed, Stream stream) {
        Initialiser initialiser = new Initialiser(device);
        List<Parameter> parameters = layout.parameters();
        for (int salt = 0; salt < parameters.size(); salt++) {
            initialise(initialiser, parameters.get(salt), seed, salt, stream);
        }
        stream.synchronize();
        resetRunning();
        roundCopy();
    }

    private void initialise(Initialiser initialiser, Parameter parameter, long seed, int salt, Stream stream) {
        CUdeviceptr w = weights.at((long) layout.offset(parameter.name()) * Float.BYTES);
        Shape storage = parameter.storage();
        int rows = parameter.usedRows();
        int columns = storage.c();
        InitialValue value = parameter.initial();
        switch (value.distribution()) {
            case NORMAL -> initialiser.normal(w, rows, columns, storage.rows(), storage.channelStride(), value.first(), value.second(),
                    seed, salt, stream.handle());
            case UNIFORM -> initialiser.uniform(w, rows, columns, storage.rows(), storage.channelStride(), value.first(), value.second(),
                    seed, salt, stream.handle());
            case CONSTANT -> initialiser.constant(w, rows, columns, storage.rows(), storage.channelStride(), value.first(), stream.handle());
        }
    }

    private void resetRunning() {
        batchesTracked = 0;
        running.ifPresent(buffer -> {
            float[] values = new float[layout.runningElements()];
            for (StateEntry entry : layout.entries()) {
                if (entry instanceof RunningStatistics statistics) {
                    int variance = layout.runningOffset(statistics.name()) + statistics.storage().channelStride();
                    Arrays.fill(values, variance, variance + statistics.channels(), 1);
                }
            }
            buffer.write(values);
        });
    }

    /** Rounds the whole of the weights; the optimizer keeps the copy up to date from then on. */
    private void roundCopy() {
        weights16.ifPresent(copy -> copy.write(HostValues.narrow(weights.readFloats(0, layout.elements()), type)));
    }

    /** Everything a file holds, in its order, in PyTorch's names and shapes. Waits for the device. */
    public Map<String, StateValue> export() {
        Map<String, StateValue> values = new LinkedHashMap<>();
        float[] flat = weights.readFloats(0, layout.elements());
        float[] flatRunning = running.map(buffer -> buffer.readFloats(0, layout.runningElements())).orElseGet(() -> new float[0]);
        for (StateEntry entry : layout.entries()) {
            if (entry instanceof Parameter parameter) {
                values.put(parameter.name(), inFileOrder(parameter, flat));
            } else if (entry instanceof RunningStatistics statistics) {
                int mean = layout.runningOffset(statistics.name());
                int variance = mean + statistics.storage().channelStride();
                List<Integer> shape = List.of(statistics.channels());
                values.put(statistics.meanName(), new StateValue.Floats(shape, slice(flatRunning, mean, statistics.channels())));
                values.put(statistics.varianceName(), new StateValue.Floats(shape, slice(flatRunning, variance, statistics.channels())));
                values.put(statistics.counterName(), new StateValue.Counter(batchesTracked));
            }
        }
        return values;
    }

    /** The gradients of the last step, under the parameters' names and in their file shapes. Waits for the device. */
    public Map<String, StateValue.Floats> exportGradients() {
        return export(gradients());
    }

    /**
     * A buffer with an element for each of {@link #weights}, such as an optimizer's state, under the parameters' names and in their
     * file shapes. Waits for the device.
     */
    public Map<String, StateValue.Floats> export(DeviceBuffer alike) {
        Map<String, StateValue.Floats> values = new LinkedHashMap<>();
        float[] flat = alike.readFloats(0, layout.elements());
        layout.parameters().forEach(parameter -> values.put(parameter.name(), inFileOrder(parameter, flat)));
        return values;
    }

    /**
     * The reverse of {@link #export(DeviceBuffer)}; what files do not show becomes 0.
     *
     * @param values for every parameter, in its file shape
     */
    public void load(Map<String, StateValue.Floats> values, DeviceBuffer alike) {
        float[] flat = new float[layout.elements()];
        for (Parameter parameter : layout.parameters()) {
            StateValue.Floats value = values.get(parameter.name());
            if (value == null || !value.shape().equals(parameter.fileShape())) {
                throw new IllegalArgumentException("'" + parameter.name() + "' is " + (value == null ? "missing" : value.shape())
                        + " instead of " + parameter.fileShape() + " in " + alike.name());
            }
            float[] stored = parameter.toMemory(value.values());
            System.arraycopy(stored, 0, flat, layout.offset(parameter.name()), stored.length);
        }
        alike.write(flat);
    }

    private StateValue.Floats inFileOrder(Parameter parameter, float[] flat) {
        float[] stored = slice(flat, layout.offset(parameter.name()), parameter.storage().elements());
        return new StateValue.Floats(parameter.fileShape(), parameter.toFile(stored));
    }

    private static float[] slice(float[] values, int from, int count) {
        return Arrays.copyOfRange(values, from, from + count);
    }

    /**
     * Replaces everything by the entries of a file. Nothing is changed unless all of them fit.
     *
     * @throws IllegalArgumentException naming entries that are missing, superfluous or of another shape
     */
    public void load(Map<String, StateValue> values) {
        StateLoader loader = new StateLoader(layout, values);
        weights.write(loader.weights());
        running.ifPresent(buffer -> buffer.write(loader.running()));
        batchesTracked = loader.batchesTracked();
        roundCopy();
    }

    /** The address of a parameter as kernels of {@code type} read it. */
    CUdeviceptr weight(String name, DType type) {
        long offset = layout.offset(name);
        if (type == DType.F32) {
            return weights.at(offset * Float.BYTES);
        }
        if (type != this.type) {
            throw new IllegalArgumentException(type + " plan on parameters made for " + this.type + ": create them with DType."
                    + type.name());
        }
        return weights16.orElseThrow().at(offset * type.bytes());
    }

    CUdeviceptr gradient(String name) {
        return gradients().at((long) layout.offset(name) * Float.BYTES);
    }

    CUdeviceptr running(String name) {
        return running.orElseThrow(() -> new IllegalArgumentException("there are no running statistics '" + name + "'"))
                .at((long) layout.runningOffset(name) * Float.BYTES);
    }

    @Override
    public void close() {
        Closing.all(owned);
    }
}
