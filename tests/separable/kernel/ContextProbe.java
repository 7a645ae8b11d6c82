package separable.kernel;

import jcuda.Pointer;
import jcuda.driver.CUcontext;
import jcuda.driver.CUdevice;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUstream;
import jcuda.driver.JCudaDriver;
import separable.spec.ConvSpec;
import separable.spec.DType;
import separable.spec.Padding;
import separable.spec.Shape;

/** What {@link ContextTest} runs in a process of its own: two contexts with an op each, at once. */
final class ContextProbe {

    private static final ConvSpec SPEC = ConvSpec.depthwise(new Shape(1, 4, 4, 8), 3, 1, 1, Padding.symmetric(1));

    private ContextProbe() {
    }

    public static void main(String[] arguments) {
        JCudaDriver.cuInit(0);
        CUcontext first = create();
        CUdeviceptr[] inFirst = memory(2);
        DepthwiseConv one = new DepthwiseConv(SPEC, DType.F32);
        CUcontext second = create();
        CUdeviceptr[] inSecond = memory(3);
        DepthwiseConv two = new DepthwiseConv(SPEC, DType.F32);
        DepthwiseConv three = new DepthwiseConv(SPEC, DType.F32);

        two.forward(inSecond[0], inSecond[1], inSecond[2], new CUstream());
        JCudaDriver.cuCtxSetCurrent(first);
        one.forward(inFirst[0], inFirst[1], inFirst[2], new CUstream());
        JCudaDriver.cuCtxSetCurrent(second);
        two.close();
        three.forward(inSecond[0], inSecond[1], inSecond[2], new CUstream());
        System.out.println(centre(inSecond[2]));
        JCudaDriver.cuCtxSetCurrent(first);
        System.out.println(centre(inFirst[2]));

        // Closed on a thread where another context is current, or none.
        three.close();
        JCudaDriver.cuCtxSetCurrent(new CUcontext());
        if (arguments[0].equals("close")) {
            one.close();
        }
        free(first, inFirst);
        free(second, inSecond);
        if (arguments[0].equals("late")) {
            one.close();
        }
    }

    private static CUcontext create() {
        CUcontext context = new CUcontext();
        JCudaDriver.cuCtxCreate(context, 0, new CUdevice());
        return context;
    }

    /** Pictures and filters of one value, so that the convolution's centre is nine times its square. */
    private static CUdeviceptr[] memory(float value) {
        CUdeviceptr[] all = {new CUdeviceptr(), new CUdeviceptr(), new CUdeviceptr()};
        for (CUdeviceptr one : all) {
            JCudaDriver.cuMemAlloc(one, 512);
            JCudaDriver.cuMemsetD32(one, Float.floatToIntBits(value), 128);
        }
        return all;
    }

    private static float centre(CUdeviceptr y) {
        float[] values = new float[128];
        JCudaDriver.cuMemcpyDtoH(Pointer.to(values), y, 512);
        return values[(4 + 1) * 8];
    }

    private static void free(CUcontext context, CUdeviceptr[] memory) {
        JCudaDriver.cuCtxSetCurrent(context);
        for (CUdeviceptr one : memory) {
            JCudaDriver.cuMemFree(one);
        }
        JCudaDriver.cuCtxDestroy(context);
    }
}
