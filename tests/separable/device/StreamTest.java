package separable.device;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import jcuda.driver.CUstream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import separable.testing.DeviceExtension;

@ExtendWith(DeviceExtension.class)
class StreamTest {

    @Test
    void eventsOrderStreamsAndTakeTimes(Device device, Stream first) {
        Stream second = device.newStream();
        DeviceBuffer buffer = device.allocate(1 << 20, "handed over");
        Event start = first.record(device.newEvent());
        buffer.fill(0, buffer.bytes(), (byte) 3, first);
        Event filled = first.record(device.newEvent());
        second.waitFor(filled);
        buffer.fill(0, 4, (byte) 5, second);
        Event end = second.record(device.newEvent());
        end.synchronize();
        assertThat(end.isDone()).isTrue();
        assertThat(filled.isDone()).isTrue();
        assertThat(filled.millisecondsSince(start)).isGreaterThanOrEqualTo(0);
        assertThat(buffer.readInts(0, 2)).containsExactly(0x05050505, 0x03030303);
    }

    @Test
    void capturedWorkRunsOnlyWhenLaunched(Device device, Stream stream) {
        DeviceBuffer buffer = device.allocate(16, "captured");
        DeviceBuffer copy = device.allocate(16, "copy");
        buffer.zero();
        copy.zero();
        CapturedGraph graph = stream.capture(() -> {
            buffer.fill(0, 8, (byte) 1, stream);
            copy.copyAsync(0, buffer, 0, 16, stream);
        });
        assertThat(graph.nodes()).isEqualTo(2);
        assertThat(stream.inspect(() -> {
            buffer.fill(0, 8, (byte) 9, stream);
            buffer.fill(8, 8, (byte) 9, stream);
            copy.copyAsync(0, buffer, 0, 16, stream);
        })).isEqualTo(new GraphNodes(0, 1, 2, 0));
        assertThat(stream.inspect(() -> { })).isEqualTo(new GraphNodes(0, 0, 0, 0));
        assertThat(buffer.readInts(0, 4)).containsOnly(0);
        graph.launch(stream);
        assertThat(copy.readInts(0, 4)).containsExactly(0x01010101, 0x01010101, 0, 0);
        buffer.fill((byte) 2);
        graph.launch(stream);
        assertThat(copy.readInts(0, 4)).containsExactly(0x01010101, 0x01010101, 0x02020202, 0x02020202);
        graph.close();
        assertThatThrownBy(() -> graph.launch(stream)).isInstanceOf(IllegalStateException.class)
                .hasMessage("captured graph (2 nodes) was used after it was closed");
    }

    @Test
    void aFailingCaptureThrowsOnAndLeavesTheStreamUsable(Device device, Stream stream) {
        DeviceBuffer buffer = device.allocate(16, "after the failure");
        buffer.zero();
        int open = device.openResources().size();
        IllegalStateException thrown = new IllegalStateException("on purpose");
        assertThatThrownBy(() -> stream.capture(() -> {
            buffer.fill(0, 16, (byte) 1, stream);
            throw thrown;
        })).isSameAs(thrown).hasNoSuppressedExceptions();
        assertThat(device.openResources()).hasSize(open);
        assertThat(buffer.readInts(0, 1)).containsExactly(0);
        buffer.fill(0, 16, (byte) 2, stream);
        assertThat(buffer.readInts(0, 1)).containsExactly(0x02020202);
    }

    @Test
    void foreignStreamsStayOpen(Device device, Stream stream) {
        DeviceBuffer buffer = device.allocate(16, "foreign");
        Stream wrapper = Stream.of(stream.handle());
        buffer.zero(wrapper);
        wrapper.synchronize();
        wrapper.close();
        assertThatThrownBy(wrapper::handle).isInstanceOf(IllegalStateException.class);
        stream.synchronize();
        Stream.of(new CUstream()).synchronize();
        assertThatThrownBy(() -> Stream.of(null)).isInstanceOf(IllegalArgumentException.class);
    }
}
