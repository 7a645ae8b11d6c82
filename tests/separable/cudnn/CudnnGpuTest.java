package separable.cudnn;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import separable.device.Device;
import separable.kernel.ConvProblem;
import separable.testing.DeviceExtension;

/** The same problems as {@link CudnnConvTest} has for the stand-in, with the real library on a GPU. */
@Tag("gpu")
@ExtendWith(DeviceExtension.class)
class CudnnGpuTest {

    static Stream<ConvProblem> problems() {
        return CudnnProblems.all();
    }

    @ParameterizedTest
    @MethodSource("problems")
    void matchesPlainLoops(ConvProblem problem, Device device) {
        assumeTrue(Cudnn.find().isAvailable(), Cudnn.find().reason());
        try (CudnnHandle handle = new CudnnHandle(Cudnn.find(), device)) {
            CudnnProblems.check(device, handle, problem, algorithm -> algorithm.deterministic() && isAsExactAsASum(algorithm));
        }
    }

    /** Transforms lose digits by design, more than the oracle's tolerance has. */
    private static boolean isAsExactAsASum(CudnnAlgorithm algorithm) {
        return !algorithm.name().startsWith("fft") && !algorithm.name().startsWith("winograd");
    }
}
