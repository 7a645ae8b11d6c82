package separable.tune;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import separable.device.Device;
import separable.device.DeviceBuffer;
import separable.testing.DeviceExtension;

@ExtendWith(DeviceExtension.class)
class StopwatchTest {

    private static final long BYTES = 64 << 20;
    private static final int TIMES = 10;

    /** A contender that fills a buffer so many times over. */
    private static Stopwatch.Contender fills(DeviceBuffer buffer, int times) {
        return (set, stream) -> {
            for (int i = 0; i < times; i++) {
                buffer.fill(0, buffer.bytes(), (byte) 1, stream);
            }
        };
    }

    @Test
    void tenTimesTheWorkTakesAboutTenTimesAsLong(Device device) {
        DeviceBuffer buffer = device.allocate(BYTES, "work");
        try (Stopwatch watch = new Stopwatch(device, new Stopwatch.Rules(5, 50, 0.02, 2, 100))) {
            List<Timing> timings = watch.race(List.of(fills(buffer, TIMES), fills(buffer, 1)), 1);
            assertThat(timings.get(0).median() / timings.get(1).median()).isBetween(TIMES / 3.0, TIMES * 3.0);
            assertThat(timings).allSatisfy(timing -> assertThat(timing.samples()).isBetween(5, 50));
        }
    }

    @Test
    void shortRunsAreTimedInGroups(Device device) {
        DeviceBuffer small = device.allocate(256, "small");
        try (Stopwatch watch = new Stopwatch(device, new Stopwatch.Rules(3, 3, 0, 10, 100))) {
            Timing timing = watch.race(List.of(fills(small, 1)), 5).get(0);
            assertThat(timing.group()).isGreaterThan(1);
            assertThat(timing.median()).isLessThan(1000);
        }
    }

    /** What runs on the device: the warm-up, each graph once so that none is new in a sample, and the samples. */
    @Test
    void noSampleHasTheFirstLaunchOfAGraph(Device device) {
        assumeTrue(device.supportsGraphs());
        // A run moves all bytes up by one, and so makes one more of them a 1.
        int bytes = 4096;
        DeviceBuffer ones = device.allocate(bytes, "ones");
        DeviceBuffer aside = device.allocate(bytes, "aside");
        ones.zero();
        ones.write(0, new byte[] {1});
        int sets = 700;
        try (Stopwatch watch = new Stopwatch(device, new Stopwatch.Rules(3, 3, 0, 60, 100))) {
            Timing timing = watch.race(List.of((set, stream) -> {
                aside.copyAsync(0, ones, 0, bytes, stream);
                ones.copyAsync(1, aside, 0, bytes - 1, stream);
            }), sets).get(0);
            int graphs = (sets + timing.group() - 1) / timing.group();
            assertThat(timing.group()).isGreaterThan(1);
            int runs = 2 + (graphs + timing.samples()) * timing.group();
            byte[] counted = ones.readBytes(0, bytes);
            assertThat(new int[] {counted[runs], counted[runs + 1]}).containsExactly(1, 0);
        }
    }

    @Test
    void setsAreTakenInTurn(Device device) {
        DeviceBuffer large = device.allocate(BYTES, "large");
        List<Integer> taken = new ArrayList<>();
        try (Stopwatch watch = new Stopwatch(device, new Stopwatch.Rules(4, 4, 0, 60, 100))) {
            watch.race(List.of((set, stream) -> {
                taken.add(set);
                large.fill(0, BYTES, (byte) 1, stream);
            }), 3);
        }
        assertThat(taken).containsExactly(0, 1, 0, 1, 2, 0);
    }

    @Test
    void aHopelessContenderGetsNoFurtherSamples(Device device) {
        DeviceBuffer buffer = device.allocate(BYTES, "work");
        try (Stopwatch watch = new Stopwatch(device, new Stopwatch.Rules(4, 4, 0, 60, 3))) {
            List<Timing> timings = watch.race(List.of(fills(buffer, 1), fills(buffer, 4 * TIMES)), 1);
            assertThat(timings).extracting(Timing::samples).containsExactly(4, 1);
        }
    }

    @Test
    void theTimeLimitEndsARace(Device device) {
        DeviceBuffer buffer = device.allocate(BYTES, "work");
        try (Stopwatch watch = new Stopwatch(device, new Stopwatch.Rules(1_000_000, 1_000_000, 0, 0.2, 100))) {
            long began = System.nanoTime();
            watch.race(List.of(fills(buffer, 1)), 1);
            assertThat((System.nanoTime() - began) * 1e-9).isBetween(0.2, 5.0);
        }
    }

    @Test
    void nothingStaysOpen(Device device) {
        DeviceBuffer small = device.allocate(256, "small");
        int open = device.openResources().size();
        try (Stopwatch watch = new Stopwatch(device, new Stopwatch.Rules(2, 2, 0, 10, 100))) {
            watch.race(List.of(fills(small, 1), fills(small, 2)), 7);
        }
        assertThat(device.openResources()).hasSize(open);
    }

    @Test
    void outliersMoveNeitherMedianNorSpread() {
        double[] samples = new double[101];
        Arrays.setAll(samples, i -> 100 + i % 3);
        Timing calm = Timing.of(samples, 1);
        for (int i = 0; i < 20; i++) {
            samples[5 * i] = 1e6;
        }
        Timing disturbed = Timing.of(samples, 1);
        assertThat(disturbed.median()).isBetween(calm.lower(), calm.upper());
        assertThat(disturbed.spread()).isLessThan(0.03);
    }
}
