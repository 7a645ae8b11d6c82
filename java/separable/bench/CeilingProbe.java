package separable.bench;

import java.util.List;
import separable.device.Device;
import separable.device.DeviceBuffer;
import separable.spec.ConvSpec;
import separable.spec.Precision;
import separable.spec.Layout;
import separable.spec.Pass;
import separable.spec.Shape;
import separable.tune.Problem;
import separable.tune.Stopwatch;

/** Measures what a device can do at best, in the same way and the same run as the kernels that are held against it. */
final class CeilingProbe {

    /** A copy's source, at least so many times the L2 cache. */
    private static final int CACHE_MULTIPLE = 16;
    private static final long LEAST_COPY_BYTES = 64L << 20;

    /** Rows, inputs and outputs of the product: enough to fill a GPU for some milliseconds, or the emulated device for some more. */
    private static final ConvSpec LARGE_PRODUCT = ConvSpec.pointwise(Shape.matrix(16384, 4096), 4096);
    private static final ConvSpec SMALL_PRODUCT = ConvSpec.pointwise(Shape.matrix(1024, 256), 256);

    private final Device device;
    private final boolean small;
    private final Stopwatch.Rules rules;

    /** @param small whether the device has few multiprocessors */
    CeilingProbe(Device device, boolean small, Stopwatch.Rules rules) {
        this.device = device;
        this.small = small;
        this.rules = rules;
    }

    /** Bytes read and written a second by the driver's copy from device to device. */
    double copyBytesPerSecond() {
        long bytes = Math.max(LEAST_COPY_BYTES, CACHE_MULTIPLE * (long) device.cacheBytes());
        try (DeviceBuffer source = device.allocate(bytes, "copy source");
             DeviceBuffer target = device.allocate(bytes, "copy target");
             Stopwatch stopwatch = new Stopwatch(device, rules)) {
            source.fill((byte) 1);     // memory that was never written may not be there yet
            target.fill((byte) 2);
            double microseconds = stopwatch.race(List.of((set, stream) -> target.copyAsync(0, source, 0, bytes, stream)), 1).get(0).median();
            return 2e6 * bytes / microseconds;
        }
    }

    /** Operations a second of the fastest matrix product at hand in a precision. */
    double flopsPerSecond(Precision precision, boolean withCudnn) {
        Problem problem = new Problem(small ? SMALL_PRODUCT : LARGE_PRODUCT, precision, Layout.NHWC, Pass.FORWARD);
        try (Contest contest = new Contest(device, problem, withCudnn, rules)) {
            double microseconds = contest.race().stream().mapToDouble(Timed::median).min().orElseThrow();
            return 2e6 * problem.spec().multiplyAdds() / microseconds;
        }
    }
}
