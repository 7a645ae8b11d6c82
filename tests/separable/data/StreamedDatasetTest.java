package separable.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import separable.device.Device;
import separable.device.DeviceBuffer;
import separable.device.Stream;
import separable.testing.DeviceExtension;

@ExtendWith(DeviceExtension.class)
class StreamedDatasetTest {

    private static final int SIDE = 4;
    private static final int BYTES = SIDE * SIDE;

    /** Every step copies its rows out of the ring as a gather kernel would read them: late, on the stream of steps. */
    private static byte[] pass(BatchSource source, int[] order, int first, int rowsAStep, DeviceBuffer seen, Stream steps) {
        source.begin(order, first, order.length);
        for (int place = first; place < order.length; place += rowsAStep) {
            source.supply(steps);
            for (int row = place; row < Math.min(place + rowsAStep, order.length); row++) {
                seen.copyAsync((long) row * BYTES, source.images(), (long) (row % source.ringRows()) * BYTES, BYTES, steps);
            }
            source.taken(steps);
        }
        return seen.readBytes(0, order.length * BYTES);
    }

    private static byte[] expected(Dataset dataset, int[] order, int first) {
        ByteBuffer bytes = ByteBuffer.allocate(order.length * BYTES);
        bytes.position(first * BYTES);
        for (int place = first; place < order.length; place++) {
            dataset.read(order[place], bytes);
        }
        return bytes.array();
    }

    @ParameterizedTest
    @CsvSource({"8, 1, 0", "8, 1, 24", "5, 1, 35", "8, 3, 48", "100, 1, 0", "1, 1, 7"})
    void theRingHoldsEachStepsPictures(int batch, int together, int first, Device device, Stream steps) {
        Dataset dataset = new NumberedPictures(100, SIDE);
        long before = device.liveBytes();
        try (StreamedDataset source = new StreamedDataset(device, dataset, batch, together)) {
            assertThat(source.ringRows()).isEqualTo((together + 2) * batch);
            assertThat(source.labels().readInts(0, 100)).isEqualTo(dataset.labels());
            DeviceBuffer seen = device.allocate(100 * BYTES, "seen");
            for (int epoch = 0; epoch < 2; epoch++) {
                seen.zero();
                int[] order = new Sampler(100, 3).shuffled(epoch);
                assertThat(pass(source, order, first, batch * together, seen, steps)).isEqualTo(expected(dataset, order, first));
            }
            assertThat(source.picturesPerSecond()).isPositive();
            assertThatThrownBy(() -> source.supply(steps)).isInstanceOf(IllegalStateException.class).hasMessageContaining("begin another");
            seen.close();
        }
        assertThat(device.liveBytes()).isEqualTo(before);
    }

    /** Ctrl-C, or a checkpoint that is gone back to: the pass ends amid its batches. */
    @Test
    void aPassMayBeginWhereItIsNeeded(Device device, Stream steps) {
        Dataset dataset = new NumberedPictures(100, SIDE);
        try (StreamedDataset source = new StreamedDataset(device, dataset, 8, 1)) {
            int[] order = new Sampler(100, 3).shuffled(0);
            source.begin(order, 0, 100);
            source.supply(steps);
            source.taken(steps);
            steps.synchronize();
            DeviceBuffer seen = device.allocate(100 * BYTES, "seen");
            seen.zero();
            assertThat(pass(source, order, 16, 8, seen, steps)).isEqualTo(expected(dataset, order, 16));
            assertThatThrownBy(() -> source.begin(order, 3, 100)).isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("must begin with a batch of 8");
        }
    }

    @Test
    void tellsForHowLongStepsWaited(Device device, Stream steps) {
        Dataset slow = new NumberedPictures(32, SIDE) {
            @Override
            public void read(int picture, ByteBuffer to) {
                BatchReaderTest.sleep(picture == 20 ? 200 : 0);
                super.read(picture, to);
            }
        };
        try (StreamedDataset source = new StreamedDataset(device, slow, 8, 1)) {
            DeviceBuffer seen = device.allocate(32 * BYTES, "seen");
            pass(source, new Sampler(32, 0).sequential(), 0, 8, seen, steps);
            assertThat(source.waitedSeconds()).isBetween(0.1, 5.0);
            assertThat(source.picturesPerSecond()).isLessThan(32 / 0.2);
        }
    }

    @Test
    void whatIsTooLargeIsStreamed(Device device) {
        // A mebibyte each; nothing of them is ever made.
        int side = 1024;
        int fits = (int) (BatchSource.RESIDENT_SHARE * device.freeMemory() / (side * side));
        try (BatchSource source = BatchSource.of(device, new NumberedPictures(fits + 10, side), 1, 1, false)) {
            assertThat(source).isInstanceOf(StreamedDataset.class);
            assertThat(source.describe()).contains("streamed through a ring of 3 batches (3145728 bytes)");
        }
        Dataset small = new NumberedPictures(10, SIDE);
        try (BatchSource source = BatchSource.of(device, small, 1, 1, false); BatchSource asked = BatchSource.of(device, small, 1, 1, true)) {
            assertThat(source).isInstanceOf(DeviceDataset.class);
            assertThat(source.describe()).isEqualTo("numbered: 160 bytes of pictures on the device");
            assertThat(asked).isInstanceOf(StreamedDataset.class);
        }
        assertThat(Arrays.stream(Thread.getAllStackTraces().keySet().toArray(Thread[]::new)).map(Thread::getName))
                .noneMatch(name -> name.endsWith(" of " + small.name()));
    }
}
