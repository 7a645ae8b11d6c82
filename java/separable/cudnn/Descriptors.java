package separable.cudnn;

import java.util.ArrayList;
import java.util.List;
import java.util.function.IntSupplier;
import jcuda.jcudnn.JCudnn;
import jcuda.jcudnn.cudnnConvolutionDescriptor;
import jcuda.jcudnn.cudnnConvolutionMode;
import jcuda.jcudnn.cudnnDataType;
import jcuda.jcudnn.cudnnFilterDescriptor;
import jcuda.jcudnn.cudnnMathType;
import jcuda.jcudnn.cudnnTensorDescriptor;
import jcuda.jcudnn.cudnnTensorFormat;
import separable.device.Closing;
import separable.spec.ConvSpec;
import separable.spec.DType;
import separable.spec.Layout;
import separable.spec.Products;
import separable.spec.Shape;

/**
 * A convolution in cuDNN's terms: x and y as n, c, h, w; the filter as [K, C / groups, R, S] in the same memory format; channels are
 * the stored ones of the layout. Gradients have the descriptors of what they are gradients of.
 */
final class Descriptors implements AutoCloseable {

    final cudnnTensorDescriptor x = new cudnnTensorDescriptor();
    final cudnnTensorDescriptor y = new cudnnTensorDescriptor();
    final cudnnFilterDescriptor w = new cudnnFilterDescriptor();
    final cudnnConvolutionDescriptor convolution = new cudnnConvolutionDescriptor();

    /** For errors. */
    private final String problem;
    private final List<AutoCloseable> made = new ArrayList<>();

    Descriptors(ConvSpec spec, DType type, Layout layout, Products products, String problem) {
        this.problem = problem;
        try {
            make(spec, type, layout, products);
        } catch (RuntimeException e) {
            try {
                close();
            } catch (RuntimeException suppressed) {
                e.addSuppressed(suppressed);
            }
            throw e;
        }
    }

    private void make(ConvSpec spec, DType type, Layout layout, Products products) {
        int format = layout == Layout.NCHW ? cudnnTensorFormat.CUDNN_TENSOR_NCHW : cudnnTensorFormat.CUDNN_TENSOR_NHWC;
        int inputs = layout.storedChannels(spec.input().c());
        int outputs = layout.storedChannels(spec.outputChannels());
        int groups = spec.isDepthwise() ? inputs : spec.groups();
        tensor(x, spec.input(), inputs, format, type);
        tensor(y, spec.output(), outputs, format, type);
        check("making the filter descriptor of", () -> JCudnn.cudnnCreateFilterDescriptor(w));
        made.add(() -> check("closing the filter descriptor of", () -> JCudnn.cudnnDestroyFilterDescriptor(w)));
        check("describing the filter of", () -> JCudnn.cudnnSetFilter4dDescriptor(w, dataType(type), format, outputs, inputs / groups,
                spec.kernelHeight(), spec.kernelWidth()));
        convolution(spec, groups, mathType(type, products));
    }

    private void tensor(cudnnTensorDescriptor descriptor, Shape shape, int channels, int format, DType type) {
        check("making a tensor descriptor of", () -> JCudnn.cudnnCreateTensorDescriptor(descriptor));
        made.add(() -> check("closing a tensor descriptor of", () -> JCudnn.cudnnDestroyTensorDescriptor(descriptor)));
        check("describing a tensor of", () -> JCudnn.cudnnSetTensor4dDescriptor(descriptor, format, dataType(type),
                shape.n(), channels, shape.h(), shape.w()));
    }

    private void convolution(ConvSpec spec, int groups, int mathType) {
        check("making the convolution descriptor of", () -> JCudnn.cudnnCreateConvolutionDescriptor(convolution));
        made.add(() -> check("closing the convolution descriptor of", () -> JCudnn.cudnnDestroyConvolutionDescriptor(convolution)));
        check("describing", () -> JCudnn.cudnnSetConvolution2dDescriptor(convolution, spec.padding().top(), spec.padding().left(),
                spec.stride(), spec.stride(), spec.dilation(), spec.dilation(),
                cudnnConvolutionMode.CUDNN_CROSS_CORRELATION, cudnnDataType.CUDNN_DATA_FLOAT));
        check("setting the groups of", () -> JCudnn.cudnnSetConvolutionGroupCount(convolution, groups));
        check("setting the mathematics of", () -> JCudnn.cudnnSetConvolutionMathType(convolution, mathType));
    }

    private static int dataType(DType type) {
        return switch (type) {
            case F32 -> cudnnDataType.CUDNN_DATA_FLOAT;
            case BF16 -> cudnnDataType.CUDNN_DATA_BFLOAT16;
            case F16 -> cudnnDataType.CUDNN_DATA_HALF;
        };
    }

    /** cuDNN's default permits TF32 for fp32: exactness has to be asked for. */
    static int mathType(DType type, Products products) {
        if (type != DType.F32) {
            return cudnnMathType.CUDNN_TENSOR_OP_MATH;
        }
        return products == Products.EXACT ? cudnnMathType.CUDNN_FMA_MATH : cudnnMathType.CUDNN_DEFAULT_MATH;
    }

    private void check(String what, IntSupplier call) {
        Status.check(what, problem, call);
    }

    @Override
    public void close() {
        List<AutoCloseable> closing = List.copyOf(made);
        made.clear();
        Closing.all(closing);
    }
}
