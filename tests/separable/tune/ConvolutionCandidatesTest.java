package separable.tune;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import separable.device.Device;
import separable.spec.ConvSpec;
import separable.spec.DType;
import separable.spec.Layout;
import separable.spec.Padding;
import separable.spec.Pass;
import separable.spec.Shape;
import separable.testing.DeviceExtension;

@ExtendWith(DeviceExtension.class)
class ConvolutionCandidatesTest {

    private static final Padding ONE = Padding.symmetric(1);
    private static final ConvSpec DEPTHWISE = ConvSpec.depthwise(new Shape(2, 14, 14, 24), 3, 1, 1, ONE);
    private static final ConvSpec POINTWISE = ConvSpec.pointwise(new Shape(2, 14, 14, 24), 40);
    private static final ConvSpec FULL = ConvSpec.full(new Shape(2, 14, 14, 24), 40, 3, 2, 1, ONE);

    @ParameterizedTest
    @EnumSource(Pass.class)
    void ourKernelComesFirstAndInSeveralVariants(Pass pass, Device device) {
        for (ConvSpec spec : List.of(DEPTHWISE, POINTWISE, FULL)) {
            List<Candidate> candidates = ConvolutionCandidates.of(device, new Problem(spec, DType.F32, Layout.PADDED_NHWC, pass), Long.MAX_VALUE);
            String kernel = spec == DEPTHWISE ? "DepthwiseConv" : spec == POINTWISE ? "PointwiseConv" : "Conv";
            assertThat(candidates.get(0).name()).startsWith(kernel + " ");
            assertThat(candidates).filteredOn(candidate -> candidate.name().startsWith(kernel + " ")).hasSizeGreaterThan(1);
            assertThat(candidates).extracting(Candidate::name).doesNotHaveDuplicates();
            candidates.forEach(Candidate::close);
        }
    }

    /** Kernels for just any filter say so, and none is there twice under two names. */
    @ParameterizedTest
    @EnumSource(Pass.class)
    void kernelsForAnyFilterComeAfterCudnnAndSayThatTheyAreGeneric(Pass pass, Device device) {
        Shape shape = new Shape(2, 14, 14, 24);
        for (ConvSpec spec : List.of(ConvSpec.depthwise(shape, 7, 1, 1, Padding.symmetric(3)), ConvSpec.depthwise(shape, 3, 3, 1, ONE),
                ConvSpec.depthwise(shape, 3, 1, 2, ONE))) {
            assertThat(ours(device, new Problem(spec, DType.F32, Layout.NCHW, pass))).containsExactly("GenericConv");
            List<String> ours = ours(device, new Problem(spec, DType.F32, Layout.NHWC, pass));
            assertThat(ours).hasSizeGreaterThan(1).endsWith("GenericConv");
            assertThat(ours.subList(0, ours.size() - 1)).allMatch(name -> name.startsWith("DepthwiseConv generic"));
        }
        // Rows too long for shared memory.
        Shape wide = new Shape(1, 2, device.sharedMemoryPerBlock(), 1);
        assertThat(ours(device, new Problem(ConvSpec.depthwise(wide, 3, 1, 1, ONE), DType.F32, Layout.NCHW, pass))).containsExactly("GenericConv");
        assertThat(ours(device, new Problem(DEPTHWISE, DType.F32, Layout.NCHW, pass))).containsExactly("DepthwiseConv", "GenericConv");
    }

    private static List<String> ours(Device device, Problem problem) {
        List<Candidate> candidates = ConvolutionCandidates.of(device, problem, Long.MAX_VALUE);
        candidates.forEach(Candidate::close);
        return candidates.stream().map(Candidate::name).filter(name -> !name.startsWith("cuDNN")).toList();
    }

    @Test
    void keysTellProblemsApart() {
        Problem problem = new Problem(DEPTHWISE, DType.BF16, Layout.NHWC, Pass.BACKWARD_DATA);
        assertThat(problem.key()).isEqualTo("data bf16 nhwc 2x14x14x24-24 k3x3 s1 d1 p1,1,1,1 g24");
        assertThat(new Problem(POINTWISE, DType.BF16, Layout.NHWC, Pass.FORWARD).key())
                .isEqualTo("forward bf16 nhwc 2x14x14x24-40 k1x1 s1 d1 p0,0,0,0 g1");
    }
}
