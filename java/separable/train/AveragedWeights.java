package separable.train;

import jcuda.driver.CUdeviceptr;
import separable.device.Device;
import separable.device.DeviceBuffer;
import separable.device.Stream;
import separable.graph.Parameters;
import separable.kernel.MovingAverage;
import separable.kernel.StepState;
import separable.spec.DType;

/** The exponential moving average of a model's weights and running statistics: {@link MovingAverage} states the formula. */
final class AveragedWeights implements AutoCloseable {

    /** One flat buffer and its average, bound to their addresses. */
    private record Share(MovingAverage kernel, CUdeviceptr average, CUdeviceptr average16, CUdeviceptr values) {
        void enqueue(CUdeviceptr state, Stream stream) {
            kernel.run(average, average16, values, state, stream.handle());
        }
    }

    private final Owned owned = new Owned();
    private final Parameters trained;
    private final CUdeviceptr state;
    private final Parameters average;
    private final Share weights;
    /** Null for a model without batch normalisation. */
    private final Share running;

    /** @param trained whose values go in; to be closed after this */
    AveragedWeights(Device device, Parameters trained, StepState state, float decay) {
        this.trained = trained;
        this.state = state.pointer();
        try {
            average = owned.keep(Parameters.withoutGradients(device, trained.layout().entries(), trained.type()));
            MovingAverage ofWeights = owned.keep(new MovingAverage(device, trained.elements(), trained.type(), decay));
            weights = new Share(ofWeights, average.weights().pointer(), average.weights16().map(DeviceBuffer::pointer).orElse(null),
                    trained.weights().pointer());
            running = trained.running().map(values -> ofRunning(device, values, decay)).orElse(null);
        } catch (RuntimeException failure) {
            throw owned.closedAfter(failure);
        }
    }

    private Share ofRunning(Device device, DeviceBuffer values, float decay) {
        MovingAverage kernel = owned.keep(new MovingAverage(device, trained.layout().runningElements(), DType.F32, decay));
        return new Share(kernel, average.running().orElseThrow().pointer(), null, values.pointer());
    }

    /** Begins anew at the trained values. Waits for the device. */
    void restart() {
        average.load(trained.export());
    }

    /** Enqueues the step's share, after the update. */
    void enqueue(Stream stream) {
        weights.enqueue(state, stream);
        if (running != null) {
            running.enqueue(state, stream);
        }
    }

    /** What evaluation uses and people get. */
    Parameters parameters() {
        return average;
    }

    @Override
    public void close() {
        owned.close();
    }
}
