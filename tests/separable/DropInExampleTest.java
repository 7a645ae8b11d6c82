package separable;

import static jcuda.driver.JCudaDriver.cuCtxCreate;
import static jcuda.driver.JCudaDriver.cuCtxDestroy;
import static jcuda.driver.JCudaDriver.cuDeviceGet;
import static jcuda.driver.JCudaDriver.cuGraphDestroy;
import static jcuda.driver.JCudaDriver.cuGraphExecDestroy;
import static jcuda.driver.JCudaDriver.cuGraphInstantiate;
import static jcuda.driver.JCudaDriver.cuGraphLaunch;
import static jcuda.driver.JCudaDriver.cuInit;
import static jcuda.driver.JCudaDriver.cuMemAlloc;
import static jcuda.driver.JCudaDriver.cuMemFree;
import static jcuda.driver.JCudaDriver.cuMemcpyDtoH;
import static jcuda.driver.JCudaDriver.cuMemcpyHtoD;
import static jcuda.driver.JCudaDriver.cuStreamBeginCapture;
import static jcuda.driver.JCudaDriver.cuStreamCreate;
import static jcuda.driver.JCudaDriver.cuStreamEndCapture;
import static jcuda.driver.JCudaDriver.cuStreamSynchronize;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import jcuda.Pointer;
import jcuda.driver.CUcontext;
import jcuda.driver.CUdevice;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUgraph;
import jcuda.driver.CUgraphExec;
import jcuda.driver.CUstream;
import jcuda.driver.CUstreamCaptureMode;
import jcuda.driver.JCudaDriver;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import separable.device.Device;
import separable.device.DeviceBuffer;
import separable.device.Handles;
import separable.device.Stream;
import separable.kernel.BatchNorm;
import separable.kernel.DepthwiseConv;
import separable.spec.Activation;
import separable.spec.ConvSpec;
import separable.spec.DType;
import separable.spec.Layout;
import separable.spec.Padding;
import separable.spec.Shape;
import separable.testing.DeviceExtension;

/** One kernel in Java GPU code that exists already: the text of README and of separable.kernel's page. */
@ExtendWith(DeviceExtension.class)
class DropInExampleTest {

    // begin depthwise-in-a-graph
    static void depthwise(float[] picture, float[] filters) {
        JCudaDriver.setExceptionsEnabled(true);
        cuInit(0);
        CUdevice device = new CUdevice();
        cuDeviceGet(device, 0);
        CUcontext context = new CUcontext();
        cuCtxCreate(context, 0, device);
        CUstream stream = new CUstream();
        cuStreamCreate(stream, 0);
        long bytes = 4L * picture.length;
        CUdeviceptr x = new CUdeviceptr();
        cuMemAlloc(x, 2 * bytes + 4L * filters.length);
        CUdeviceptr y = x.withByteOffset(bytes);
        CUdeviceptr w = x.withByteOffset(2 * bytes);
        cuMemcpyHtoD(x, Pointer.to(picture), bytes);
        cuMemcpyHtoD(w, Pointer.to(filters), 4L * filters.length);

        ConvSpec spec = ConvSpec.depthwise(new Shape(1, 64, 64, 3), 3, 1, 1, Padding.symmetric(1));
        CUgraph graph = new CUgraph();
        CUgraphExec executable = new CUgraphExec();
        try (DepthwiseConv depthwise = new DepthwiseConv(spec, DType.F32, Layout.NCHW)) {
            cuStreamBeginCapture(stream, CUstreamCaptureMode.CU_STREAM_CAPTURE_MODE_GLOBAL);
            depthwise.forward(x, w, y, stream);
            cuStreamEndCapture(stream, graph);
            cuGraphInstantiate(executable, graph, 0);
            cuGraphLaunch(executable, stream);
            cuStreamSynchronize(stream);
        }
        cuMemcpyDtoH(Pointer.to(picture), y, bytes);
        cuGraphExecDestroy(executable);
        cuGraphDestroy(graph);
        cuCtxDestroy(context);
    }
    // end depthwise-in-a-graph

    // begin filter-gradient
    static void filterGradient(ConvSpec spec, CUdeviceptr x, CUdeviceptr dy, CUdeviceptr dw, CUstream stream) {
        try (DepthwiseConv depthwise = new DepthwiseConv(spec, DType.BF16)) {
            CUdeviceptr workspace = new CUdeviceptr();
            cuMemAlloc(workspace, depthwise.workspaceBytes());
            for (int step = 0; step < 3; step++) {
                depthwise.backwardFilter(x, dy, dw, workspace, stream);
            }
            cuStreamSynchronize(stream);
            cuMemFree(workspace);
        }
    }
    // end filter-gradient

    // begin raw-addresses
    static void normalise(Shape shape, long x, long stats, long gamma, long beta, long stream) {
        try (BatchNorm norm = new BatchNorm(shape, DType.F32, Activation.RELU6, 1e-5f, 0.1f)) {
            CUdeviceptr inPlace = Handles.pointer(x);
            norm.forward(inPlace, Handles.pointer(stats), Handles.pointer(gamma), Handles.pointer(beta), inPlace, Handles.stream(stream));
        }
    }
    // end raw-addresses

    @Test
    void blursAPicture(Device device) {
        float[] picture = new float[3 * 64 * 64];
        Arrays.fill(picture, 9);
        float[] ninths = new float[3 * 3 * 3];
        Arrays.fill(ninths, 1 / 9f);
        try {
            depthwise(picture, ninths);
        } finally {
            // The other tests rely on JCuda's default.
            JCudaDriver.setExceptionsEnabled(false);
            device.makeCurrent();
        }
        assertThat(picture[0]).as("a corner sees four pixels").isEqualTo(4f);
        assertThat(picture[64 + 1]).isCloseTo(9f, within(1e-5f));
    }

    @Test
    void takesAFilterGradient(Device device, Stream stream) {
        ConvSpec spec = ConvSpec.depthwise(new Shape(2, 5, 5, 8), 3, 1, 1, Padding.symmetric(1));
        DeviceBuffer x = device.allocate(spec.input().bytes(DType.BF16), "x");
        DeviceBuffer dw = device.allocate(9 * 8 * 4, "dw");
        DeviceBuffer dy = device.allocate(spec.output().bytes(DType.BF16), "dy");
        short[] ones = new short[2 * 5 * 5 * 8];
        Arrays.fill(ones, (short) 0x3f80);
        x.write(ones);
        dy.write(ones);
        filterGradient(spec, x.pointer(), dy.pointer(), dw.pointer(), stream.handle());
        assertThat(dw.readFloats(4 * 8 * 4, 1)).as("the centre tap sees every pixel of two pictures").containsExactly(50f);
    }

    @Test
    void takesRawAddresses(Device device, Stream stream) {
        Shape shape = new Shape(1, 2, 2, 8);
        DeviceBuffer x = device.allocate(shape.bytes(DType.F32), "x");
        DeviceBuffer channels = device.allocate(4 * 8 * 4, "means, variances, gamma, beta");
        x.write(filled(32, 2));
        channels.write(new float[32]);
        channels.write(8 * 4, filled(16, 1));
        normalise(shape, address(x), address(channels), address(channels) + 64, address(channels) + 96, 0);
        device.synchronize();
        assertThat(x.readFloats(0, 32)).containsOnly(x.readFloats(0, 1)[0]);
        assertThat(x.readFloats(0, 1)[0]).isCloseTo(2f, within(1e-4f));
    }

    private static float[] filled(int count, float value) {
        float[] values = new float[count];
        Arrays.fill(values, value);
        return values;
    }

    /** What another binding would have: the number in JCuda's text. */
    private static long address(DeviceBuffer buffer) {
        String text = buffer.pointer().toString();
        return Long.parseLong(text.replaceAll(".*nativePointer=0x([0-9a-f]+).*", "$1"), 16);
    }
}
