package separable.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import separable.spec.ConvSpec;
import separable.spec.Padding;
import separable.spec.Shape;

/** That the pieces cover the pictures, and every thread with channels has one. */
class DepthwiseWalkTest {

    static Stream<ConvSpec> specs() {
        return Stream.of(new Shape(1, 1, 1, 8), new Shape(8, 2, 2, 960), new Shape(8, 4, 4, 576), new Shape(3, 7, 9, 136), new Shape(19, 5, 6, 256),
                        new Shape(17, 23, 10, 8), new Shape(64, 28, 28, 16), new Shape(256, 112, 112, 32))
                .flatMap(shape -> IntStream.of(3, 5).boxed().flatMap(kernel -> IntStream.of(1, 2)
                        .mapToObj(stride -> ConvSpec.depthwise(shape, kernel, stride, 1, Padding.symmetric(kernel / 2)))));
    }

    @ParameterizedTest
    @MethodSource("specs")
    void everyThreadHasAPiece(ConvSpec spec) {
        for (int ctas : new int[] {1, 4, 8, 216, 264, 396}) {
            check(DepthwiseWalk.forward(spec, ctas), spec.output(), 0, spec.kernelHeight() == 3 ? 4 : 1);
            check(DepthwiseWalk.backward(spec, 1, ctas), spec.input(), DepthwiseWalk.before(spec), 2);
            check(DepthwiseWalk.backward(spec, DepthwiseWalk.filterDepth(spec), ctas), spec.input(), DepthwiseWalk.before(spec), 2);
        }
    }

    private static void check(DepthwiseWalk walk, Shape shape, int before, int width) {
        assertThat(walk.columns() * walk.lanes()).as("threads of %s", walk).isBetween(1, 128);
        assertThat(walk.columns() * walk.tiles()).as("vectors of %s", walk).isGreaterThanOrEqualTo(shape.channelStride() / 8);
        assertThat(walk.bands() * walk.rows()).as("lines of %s", walk).isBetween(shape.h(), shape.h() + walk.rows() - 1);
        assertThat(walk.strips() * width - before).as("pixels of %s", walk).isBetween(shape.w(), shape.w() + width - 1);

        int pieces = shape.n() * walk.bands() * walk.strips();
        int share = (pieces + walk.parts() - 1) / walk.parts();
        assertThat(walk.lanes()).as("lanes of %s, of whose CTAs each has %d pieces", walk, share).isLessThanOrEqualTo(share);
        assertThat((walk.parts() - 1) * share).as("pieces before the last CTA of %s", walk).isLessThan(pieces);
    }
}
