package separable.tune;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import separable.device.Device;
import separable.spec.ConvSpec;
import separable.spec.DType;
import separable.spec.Layout;
import separable.spec.Padding;
import separable.spec.Pass;
import separable.spec.Shape;
import separable.testing.ForkedJava;

/** cuDNN's algorithms as candidates, in a process that finds the stand-in libcudnn.so.9 of tests/native/cudnn, on the emulated device. */
class CudnnCandidateTest {

    private static final Path BUILD = Path.of("target", "native").toAbsolutePath();

    /** Prints what is offered, what quick tuning makes of it, and what stays behind. */
    public static final class Probe {
        public static void main(String[] arguments) {
            ConvSpec grouped = new ConvSpec(new Shape(2, 9, 7, 16), 24, 3, 3, 1, 1, Padding.symmetric(1), 4);
            try (Device device = Device.open()) {
                for (Pass pass : Pass.values()) {
                    Problem problem = new Problem(grouped, DType.F32, Layout.NHWC, pass);
                    for (Candidate candidate : ConvolutionCandidates.of(device, problem, Tuning.WORKSPACE_LIMIT)) {
                        System.out.println(pass + " offered " + candidate.name());
                        candidate.close();
                    }
                    try (Tuner tuner = new Tuner(device, Tuning.of(Effort.QUICK).withoutCache()); Choice choice = tuner.choose(problem)) {
                        System.out.println(pass + " " + choice.decision());
                    }
                }
                try (Convolution convolution = new Convolution(device, grouped, DType.F32, Layout.NHWC)) {
                    System.out.println("rule " + convolution);
                }
                for (Layout layout : List.of(Layout.NHWC, Layout.NCHW)) {
                    for (int kernel : new int[] {3, 7}) {
                        ConvSpec depthwise = ConvSpec.depthwise(new Shape(2, 9, 7, 16), kernel, 1, 1, Padding.symmetric(kernel / 2));
                        try (Convolution convolution = new Convolution(device, depthwise, DType.F32, layout)) {
                            convolution.describe().lines().forEach(line -> System.out.println("depthwise " + kernel + " " + layout + " " + line));
                        }
                    }
                }
                System.out.println("left " + device.liveBytes() + " bytes, " + device.openResources());
            }
        }
    }

    @Test
    void algorithmsAreOfferedCheckedAndChosen() throws Exception {
        ForkedJava.Result result = ForkedJava.run(Probe.class, Map.of("LD_LIBRARY_PATH", BUILD.resolve("emulated") + ":" + BUILD.resolve("cudnn")));
        String output = result.output();
        assertThat(result.status()).as(output).isZero();
        for (Pass pass : Pass.values()) {
            assertThat(output).contains(pass + " offered cuDNN ", pass + " offered GenericConv");
            assertThat(output).containsPattern(pass + " .*: cuDNN [a-z0-9_]+ [0-9.]+ us.* \\(measured, quick");
        }
        assertThat(output.lines().filter(line -> line.startsWith("depthwise 7 "))).hasSize(6).allMatch(line -> line.contains(": cuDNN "));
        assertThat(output.lines().filter(line -> line.startsWith("depthwise 3 "))).hasSize(6).allMatch(line -> line.contains(": DepthwiseConv"));
        assertThat(output).containsPattern("rule .*forward by cuDNN .*data by cuDNN .*filter by cuDNN").contains("left 0 bytes, []").doesNotContain("failed", "left out");
    }
}
