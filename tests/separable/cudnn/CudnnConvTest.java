package separable.cudnn;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import jcuda.jcudnn.cudnnMathType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import separable.spec.ConvSpec;
import separable.spec.DType;
import separable.spec.Layout;
import separable.spec.Padding;
import separable.spec.Products;
import separable.spec.Shape;
import separable.testing.ForkedJava;

/** Our use of cuDNN, seen by a stand-in that computes what descriptors and pointers say and refuses what the manual refuses. */
class CudnnConvTest {

    private static final String UNFREED = "were never destroyed";

    private static String run(Map<String, String> switches, String... arguments) throws Exception {
        ForkedJava.Result result = StandIn.run(switches, arguments);
        assertThat(result.status()).as(result.output()).isZero();
        return result.output();
    }

    @Test
    void everyPassOfEveryKindWithEveryAlgorithmMatchesPlainLoops() throws Exception {
        long problems = CudnnProblems.all().count();
        // A run that the stand-in refuses is one fewer: wrong descriptors, or a workspace too small.
        assertThat(run(Map.of(), "problems")).doesNotContain("FAILED", UNFREED).contains(problems + " problems, 829 runs");
    }

    @Test
    void allPassesCanBeCaptured() throws Exception {
        assertThat(run(Map.of(), "capture")).contains("captured and launched twice").doesNotContain(UNFREED);
    }

    @Test
    void nothingIsDoneOutsideTheStream() throws Exception {
        assertThat(run(Map.of("SEPARABLE_EMULATOR_DEFERRED", "1"), "deferred")).contains("right when late").doesNotContain(UNFREED);
        assertThat(run(Map.of("SEPARABLE_EMULATOR_DEFERRED", "1"), "two-streams")).contains("right in two streams").doesNotContain(UNFREED);
    }

    @Test
    void whatACallerDoesWrongIsNamed() throws Exception {
        String problem = "cuDNN convolution 2x7x6x16 -> 2x7x6x16 kernel 3x3 stride 1 dilation 1 padding 1 groups 16 ";
        List<String> lines = run(Map.of(), "errors").lines().toList();
        assertThat(lines).hasSize(10);
        assertThat(lines.get(0)).isEqualTo("IllegalArgumentException: " + problem + "bf16 nhwc: argument w is null: pass device memory of 288 bytes");
        assertThat(lines.get(1)).isEqualTo("IllegalArgumentException: " + problem + "bf16 nhwc: argument workspace is null: pass device memory of 3616 bytes");
        assertThat(lines.get(2)).startsWith("IllegalArgumentException: " + problem + "bf16 nhwc: argument stream is null: pass");
        assertThat(lines.get(3)).isEqualTo("IllegalArgumentException: " + problem + "bf16 nhwc: argument y needs 2688 bytes, and its allocation has 16 from there on");
        assertThat(lines.get(4)).startsWith("IllegalArgumentException: cuDNN has no algorithm 'winograd'").contains("there are [implicit_gemm (");
        assertThat(lines.get(5)).startsWith("IllegalArgumentException: cuDNN has no deterministic algorithm with at most 0 bytes").contains("for the data pass");
        assertThat(lines.get(6)).isEqualTo("IllegalStateException: no algorithm was chosen for the forward pass of " + problem + "fp32 nchw tf32: call choose first");
        assertThat(lines.get(7)).isEqualTo("IllegalStateException: " + problem + "fp32 nchw tf32 was used after it was closed");
        assertThat(lines.get(8)).isEqualTo("IllegalStateException: cuDNN handle on device 'Emulated CUDA device' was used after it was closed");
        assertThat(lines.get(9)).contains("IllegalArgumentException: cuDNN cannot compute ", " in padded-nhwc: with channels rounded up, groups must be 1");
    }

    @Test
    void aRunThatFailsNamesAlgorithmProblemStatusAndWhatToDo() throws Exception {
        ForkedJava.Result result = StandIn.run(Map.of("STANDIN_CUDNN_FAULTS", "cudnnConvolutionForward:1:5000"), "deferred");
        assertThat(result.status()).isEqualTo(1);
        assertThat(result.output()).contains("CudnnException: enqueuing gemm (3616 bytes of workspace) for the forward pass of cuDNN convolution 2x7x6x16 -> ",
                " groups 16 bf16 nhwc: CUDNN_STATUS_EXECUTION_FAILED (5000); a kernel failed or an operand is no device memory of its size: see whether");
    }

    /** One life makes 47 calls and 5 to close; each fails once. Only what cannot be destroyed stays. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void everyFailingCallEndsInItsExceptionAndLeaksNothing(boolean exceptions, @TempDir Path folder) throws Exception {
        Path orders = Files.createFile(folder.resolve("orders"));
        String output = run(Map.of("STANDIN_CUDNN_FAULTS", "@" + orders), "faults", orders.toString(), Boolean.toString(exceptions));
        assertThat(output).contains("calls: 52", "1 x making, 0 more", "1 x setting the groups of, 0 more", "2 x closing a tensor descriptor of, 0 more",
                "1 x closing, 0 more", "1 x enqueuing algo1 (800 bytes of workspace) for the filter pass of, 0 more",
                "stand-in cuDNN: 5 objects were never destroyed");
    }

    @Test
    void paddingThatCudnnCannotGiveIsRefused() {
        Shape even = new Shape(1, 8, 8, 8);
        Shape odd = new Shape(1, 9, 9, 8);
        assertThat(CudnnConv.refusal(ConvSpec.depthwise(even, 3, 2, 1, Padding.same(8, 8, 3, 3, 2, 1)), Layout.NHWC)).contains("pads top and bottom alike");
        assertThat(CudnnConv.refusal(ConvSpec.depthwise(odd, 3, 2, 1, Padding.same(9, 9, 3, 3, 2, 1)), Layout.NHWC)).isEmpty();
        assertThat(CudnnConv.refusal(ConvSpec.full(even, 8, 3, 1, 1, new Padding(1, 1, 1, 0)), Layout.NCHW)).contains("and left and right");
        // One row of zeros fewer at the bottom, which at stride 2 no window reaches.
        assertThat(CudnnConv.refusal(ConvSpec.full(even, 8, 3, 2, 1, new Padding(1, 1, 0, 0)), Layout.NCHW)).isEmpty();
    }

    @Test
    void roundedChannelsTakeNoGroupsBetween() {
        ConvSpec grouped = new ConvSpec(new Shape(1, 8, 8, 16), 16, 3, 3, 1, 1, Padding.symmetric(1), 2);
        assertThat(CudnnConv.refusal(grouped, Layout.PADDED_NHWC)).contains("groups must be 1 or as many as channels");
        assertThat(CudnnConv.refusal(grouped, Layout.NHWC)).isEmpty();
        assertThat(CudnnConv.supports(Cudnn.find(), grouped, DType.F32, Layout.PADDED_NHWC)).isFalse();
        assertThat(CudnnConv.supports(Cudnn.find(), grouped, DType.F32, Layout.NHWC)).isEqualTo(Cudnn.find().isAvailable());
    }

    @Test
    void onlyFp32CanLoseItsExactness() {
        assertThat(Descriptors.mathType(DType.F32, Products.EXACT)).isEqualTo(cudnnMathType.CUDNN_FMA_MATH);
        assertThat(Descriptors.mathType(DType.F32, Products.TF32)).isEqualTo(cudnnMathType.CUDNN_DEFAULT_MATH);
        for (DType type : List.of(DType.BF16, DType.F16)) {
            assertThat(Descriptors.mathType(type, Products.EXACT)).isEqualTo(cudnnMathType.CUDNN_TENSOR_OP_MATH);
        }
    }
}
