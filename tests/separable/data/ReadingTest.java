package separable.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import separable.device.Device;
import separable.device.Stream;
import separable.testing.DeviceExtension;

/** Data sets of one's own that do not keep to their word, on every way that their pictures take. */
@ExtendWith(DeviceExtension.class)
class ReadingTest {

    private static final int COUNT = 20;
    private static final int SIDE = 3;

    /** Whose picture 7 has so many bytes, of 9. */
    private static Dataset withBytes(int bytes) {
        return new NumberedPictures(COUNT, SIDE) {
            @Override
            public void read(int picture, ByteBuffer to) {
                if (picture == 7) {
                    to.put(new byte[bytes]);
                } else {
                    super.read(picture, to);
                }
            }
        };
    }

    private static Dataset labelled(int label) {
        return new NumberedPictures(COUNT, SIDE) {
            @Override
            public int label(int picture) {
                return picture == 7 ? label : super.label(picture);
            }
        };
    }

    @ParameterizedTest
    @CsvSource({"0, gave 0 of its 9 bytes: Dataset.read must append all of them", "8, gave 8 of its 9 bytes: Dataset.read must append all of them",
            "10, gave more than its 9 bytes: Dataset.read must append just these"})
    void aPictureOfAnotherLengthIsNamedWhereverItIsRead(int bytes, String wrong, Device device, Stream steps) {
        Dataset dataset = withBytes(bytes);
        String message = "numbered: picture 7 " + wrong;
        long before = device.liveBytes();
        assertThatThrownBy(() -> new DeviceDataset(device, dataset)).isInstanceOf(DataException.class).hasMessage(message);
        assertThatThrownBy(dataset::statistics).hasStackTraceContaining(message);
        try (BatchSource streamed = BatchSource.of(device, dataset, COUNT, 1, true)) {
            streamed.begin(new Sampler(COUNT, 1).sequential(), 0, COUNT);
            assertThatThrownBy(() -> streamed.supply(steps)).isInstanceOf(DataException.class).hasMessage(message);
        }
        assertThat(device.liveBytes()).isEqualTo(before);
    }

    @Test
    void picturesFollowOneAnother() {
        ByteBuffer two = ByteBuffer.allocate(3 * SIDE * SIDE);
        Dataset dataset = new NumberedPictures(COUNT, SIDE);
        Reading.picture(dataset, 4, two);
        Reading.picture(dataset, 5, two);
        assertThat(two.remaining()).isEqualTo(SIDE * SIDE);
        assertThat(two.get(SIDE * SIDE)).isEqualTo(NumberedPictures.valueAt(5, 0));
    }

    @ParameterizedTest
    @ValueSource(ints = {-1, 10})
    void aLabelThatIsNoClassIsNamedBeforeTheFirstStep(int label, Device device) {
        for (boolean streamed : new boolean[] {false, true}) {
            assertThatThrownBy(() -> BatchSource.of(device, labelled(label), 4, 1, streamed)).isInstanceOf(DataException.class)
                    .hasMessage("numbered: label " + label + " of picture 7 is out of range: Dataset.label must be 0 to 9");
        }
    }
}
