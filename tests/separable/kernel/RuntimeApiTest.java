package separable.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import jcuda.Pointer;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUstream;
import jcuda.runtime.JCuda;
import jcuda.runtime.cudaMemcpyKind;
import jcuda.runtime.cudaStream_t;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import separable.device.Device;
import separable.spec.ConvSpec;
import separable.spec.DType;
import separable.spec.Padding;
import separable.spec.Shape;
import separable.testing.DeviceExtension;

/** Memory and streams of JCuda's runtime API, which works in the primary context; the emulated device has no runtime. */
@Tag("gpu")
@ExtendWith(DeviceExtension.class)
class RuntimeApiTest {

    /** JCuda's runtime fills a Pointer, and a CUdeviceptr is one. */
    private static CUdeviceptr upload(float[] values) {
        CUdeviceptr memory = new CUdeviceptr();
        assertThat(JCuda.cudaMalloc(memory, 4L * values.length)).isZero();
        assertThat(JCuda.cudaMemcpy(memory, Pointer.to(values), 4L * values.length, cudaMemcpyKind.cudaMemcpyHostToDevice)).isZero();
        return memory;
    }

    private static float[] filled(int count, float value) {
        float[] values = new float[count];
        Arrays.fill(values, value);
        return values;
    }

    @Test
    void worksOnWhatTheRuntimeMade(Device device) {
        assertThat(JCuda.cudaSetDevice(0)).isZero();
        cudaStream_t stream = new cudaStream_t();
        assertThat(JCuda.cudaStreamCreate(stream)).isZero();
        CUdeviceptr x = upload(filled(128, 2));
        CUdeviceptr w = upload(filled(72, 3));
        CUdeviceptr y = upload(filled(128, Float.NaN));
        ConvSpec spec = ConvSpec.depthwise(new Shape(1, 4, 4, 8), 3, 1, 1, Padding.symmetric(1));
        try (DepthwiseConv depthwise = new DepthwiseConv(spec, DType.F32)) {
            depthwise.forward(x, w, y, new CUstream(stream));
        }
        assertThat(JCuda.cudaStreamSynchronize(stream)).isZero();
        float[] result = new float[128];
        assertThat(JCuda.cudaMemcpy(Pointer.to(result), y, 512, cudaMemcpyKind.cudaMemcpyDeviceToHost)).isZero();
        assertThat(result[0]).isEqualTo(4 * 6f);
        assertThat(result[(4 + 1) * 8]).isEqualTo(9 * 6f);
        for (CUdeviceptr memory : new CUdeviceptr[] {x, w, y}) {
            assertThat(JCuda.cudaFree(memory)).isZero();
        }
        assertThat(JCuda.cudaStreamDestroy(stream)).isZero();
    }
}
