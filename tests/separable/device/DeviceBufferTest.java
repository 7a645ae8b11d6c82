package separable.device;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import separable.testing.DeviceExtension;

@ExtendWith(DeviceExtension.class)
class DeviceBufferTest {

    @Test
    void roundTripsEveryElementType(Device device) {
        DeviceBuffer buffer = device.allocate(64, "round trip");
        buffer.write(new byte[] {1, -2, 3});
        assertThat(buffer.readBytes(0, 3)).containsExactly(1, -2, 3);
        buffer.write(new short[] {-1, 2});
        assertThat(buffer.readShorts(0, 2)).containsExactly((short) -1, (short) 2);
        buffer.write(4, new int[] {Integer.MIN_VALUE, 7});
        assertThat(buffer.readInts(4, 2)).containsExactly(Integer.MIN_VALUE, 7);
        buffer.write(60, new float[] {1.5f});
        assertThat(buffer.readFloats(60, 1)).containsExactly(1.5f);
        assertThat(buffer.readShorts(0, 2)).as("the bytes before an offset").containsExactly((short) -1, (short) 2);
    }

    @Test
    void fillsAll(Device device, Stream stream) {
        DeviceBuffer buffer = device.allocate(16, "filled");
        buffer.fill((byte) 0x11);
        assertThat(buffer.readInts(0, 4)).containsOnly(0x11111111);
        buffer.zero(stream);
        buffer.fill(4, 8, (byte) -1, stream);
        assertThat(buffer.readInts(0, 4)).containsExactly(0, -1, -1, 0);
    }

    @Test
    void copiesAsynchronouslyThroughPinnedMemory(Device device, Stream stream) {
        DeviceBuffer buffer = device.allocate(16, "asynchronous");
        DeviceBuffer other = device.allocate(16, "asynchronous copy");
        PinnedBuffer source = device.allocatePinned(16, "source");
        PinnedBuffer target = device.allocatePinned(16, "target");
        source.bytes().asIntBuffer().put(new int[] {1, 2, 3, 4});
        buffer.writeAsync(source, 16, stream);
        other.zero(stream);
        other.copyAsync(0, buffer, 8, 8, stream);
        other.readAsync(target, 16, stream);
        stream.synchronize();
        int[] values = new int[4];
        target.bytes().asIntBuffer().get(values);
        assertThat(values).containsExactly(3, 4, 0, 0);
    }

    @Test
    void addressesLieInside(Device device) {
        DeviceBuffer buffer = device.allocate(1024, "addressed");
        long start = Handles.of(buffer.pointer());
        assertThat(start % 256).isZero();
        assertThat(Handles.of(buffer.at(512))).isEqualTo(start + 512);
        assertThat(Handles.of(buffer.at(512).withByteOffset(-16))).isEqualTo(start + 496);
        assertThat(Handles.of(null)).isZero();
        assertThatThrownBy(() -> buffer.at(1025)).isInstanceOf(IndexOutOfBoundsException.class).hasMessageContaining("'addressed'");
    }

    @Test
    void copiesMustLieInside(Device device) {
        DeviceBuffer buffer = device.allocate(16, "small");
        assertThatThrownBy(() -> buffer.write(new float[5])).isInstanceOf(IndexOutOfBoundsException.class)
                .hasMessage("bytes 0 to 20 of buffer 'small' (16 bytes): not inside");
        assertThatThrownBy(() -> buffer.readInts(-4, 1)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> buffer.readInts(Long.MAX_VALUE, 1)).isInstanceOf(IndexOutOfBoundsException.class);
    }

    @Test
    void useAfterCloseNamesTheBuffer(Device device) {
        DeviceBuffer buffer = device.allocate(16, "gone");
        buffer.close();
        buffer.close();
        assertThatThrownBy(buffer::pointer).isInstanceOf(IllegalStateException.class)
                .hasMessage("buffer 'gone' (16 bytes) was used after it was closed");
        assertThatThrownBy(() -> buffer.write(new byte[1])).isInstanceOf(IllegalStateException.class);
        PinnedBuffer pinned = device.allocatePinned(8, "gone too");
        pinned.close();
        assertThatThrownBy(pinned::bytes).isInstanceOf(IllegalStateException.class).hasMessageContaining("'gone too'");
    }

    @Test
    void countsWhatIsAlive(Device device) {
        long bytes = device.liveBytes();
        long allocations = device.allocations();
        try (DeviceBuffer first = device.allocate(1000, "first"); DeviceBuffer second = device.allocate(24, "second")) {
            assertThat(device.liveBytes() - bytes).isEqualTo(first.bytes() + second.bytes());
            assertThat(device.peakBytes()).isGreaterThanOrEqualTo(device.liveBytes());
            device.restartPeak();
            assertThat(device.lend().peakBytes()).isEqualTo(device.liveBytes());
            assertThat(device.openResources()).contains(first, second);
        }
        assertThat(device.liveBytes()).isEqualTo(bytes);
        assertThat(device.allocations() - allocations).isEqualTo(2);
    }

    @Test
    void tooMuchMemoryIsRefusedWithNameAndFigures(Device device) {
        assertThatThrownBy(() -> device.allocate(1L << 50, "the moon")).isInstanceOf(DeviceException.class)
                .hasMessageContaining("allocating buffer 'the moon' (1125899906842624 bytes): CUDA_ERROR_OUT_OF_MEMORY (")
                .hasMessageContaining(" of " + device.totalMemory() + " bytes are free")
                .hasMessageContaining("lower the batch");
        assertThatThrownBy(() -> device.allocate(0, "nothing")).isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("'nothing'");
    }
}
