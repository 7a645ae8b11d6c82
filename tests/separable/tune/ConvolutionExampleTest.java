package separable.tune;

import static jcuda.driver.JCudaDriver.cuMemAlloc;
import static jcuda.driver.JCudaDriver.cuMemFree;
import static jcuda.driver.JCudaDriver.cuStreamSynchronize;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUstream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import separable.device.Device;
import separable.device.DeviceBuffer;
import separable.device.Stream;
import separable.spec.ConvSpec;
import separable.spec.DType;
import separable.spec.Layout;
import separable.spec.Padding;
import separable.spec.Shape;
import separable.testing.DeviceExtension;

/** The text of {@link Convolution}'s page. */
@ExtendWith(DeviceExtension.class)
class ConvolutionExampleTest {

    private static final int SIDE = 56;
    private static final int CHANNELS = 24;

    static void allPasses(CUdeviceptr x, CUdeviceptr w, CUdeviceptr y, CUdeviceptr dy, CUdeviceptr dx, CUdeviceptr dw, CUstream stream) {
        // begin any-convolution
        ConvSpec spec = ConvSpec.depthwise(new Shape(8, 56, 56, 24), 7, 1, 1, Padding.symmetric(3));
        try (Convolution convolution = new Convolution(spec, DType.F32, Layout.NHWC)) {
            System.out.print(convolution.describe());
            CUdeviceptr workspace = new CUdeviceptr();
            cuMemAlloc(workspace, Math.max(1, convolution.workspaceBytes()));
            convolution.forward(x, w, y, workspace, stream);
            convolution.backwardData(dy, w, dx, workspace, stream);
            convolution.backwardFilter(x, dy, dw, workspace, stream);
            cuStreamSynchronize(stream);
            cuMemFree(workspace);
        }
        // end any-convolution
    }

    /** Ones everywhere: an output counts the taps inside the picture, a filter's gradient the pixels that a tap meets. */
    @Test
    void theExampleRuns(Device device, Stream stream) {
        DeviceBuffer ones = ones(device, 8 * SIDE * SIDE * CHANNELS);
        DeviceBuffer filter = ones(device, 49 * CHANNELS);
        DeviceBuffer y = device.allocate(ones.bytes(), "y");
        DeviceBuffer dx = device.allocate(ones.bytes(), "dx");
        DeviceBuffer dw = device.allocate(filter.bytes(), "dw");
        allPasses(ones.pointer(), filter.pointer(), y.pointer(), ones.pointer(), dx.pointer(), dw.pointer(), stream.handle());
        int middle = (SIDE / 2 * SIDE + SIDE / 2) * CHANNELS;
        for (DeviceBuffer result : new DeviceBuffer[] {y, dx}) {
            assertThat(result.readFloats(0, 1)).containsExactly(4 * 4);
            assertThat(result.readFloats((long) middle * Float.BYTES, 1)).containsExactly(7 * 7);
        }
        assertThat(dw.readFloats(0, 1)[0]).isCloseTo(8 * 53 * 53, within(1f));
    }

    private static DeviceBuffer ones(Device device, int count) {
        float[] values = new float[count];
        Arrays.fill(values, 1);
        DeviceBuffer buffer = device.allocate((long) count * Float.BYTES, "ones");
        buffer.write(values);
        return buffer;
    }
}
