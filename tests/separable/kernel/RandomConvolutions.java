package separable.kernel;

import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.Tuple;
import net.jqwik.api.arbitraries.IntegerArbitrary;
import separable.spec.ConvSpec;
import separable.spec.DType;
import separable.spec.Layout;
import separable.spec.Padding;
import separable.spec.Shape;

/**
 * Random problems of every kind, small enough for the loops of {@link ConvOracle}. They shrink towards one picture of few pixels and
 * channels, a small filter, stride and dilation 1 and no padding.
 */
final class RandomConvolutions {

    /** What connects the channels. */
    private enum Kind { POINTWISE, DEPTHWISE, GROUPED, FULL }

    /** @param inputs inputs of a group, {@code outputs} alike; a depthwise group has one of each */
    private record Channels(Kind kind, int groups, int inputs, int outputs) {
        int in() {
            return groups * inputs;
        }

        int out() {
            return groups * outputs;
        }
    }

    private record Window(int kernelHeight, int kernelWidth, int stride, int dilation) {
        static final Window POINT = new Window(1, 1, 1, 1);

        int height() {
            return (kernelHeight - 1) * dilation + 1;
        }

        int width() {
            return (kernelWidth - 1) * dilation + 1;
        }
    }

    /** Either TensorFlow's SAME, or so many pixels on each side. */
    private record Border(boolean same, Padding sides) {
        static final Border NONE = new Border(false, Padding.NONE);
    }

    private RandomConvolutions() {
    }

    static Arbitrary<ConvProblem> problems() {
        return Combinators.combine(specs(), Arbitraries.of(Layout.class), Arbitraries.of(DType.class), Arbitraries.longs().between(0, 999))
                .as((spec, layout, type, seed) -> ConvProblem.random(spec, type, layout, seed));
    }

    private static Arbitrary<ConvSpec> specs() {
        return Arbitraries.of(Kind.class).flatMap(kind -> Combinators.combine(upTo(3), upTo(11), upTo(11), channels(kind),
                kind == Kind.POINTWISE ? Arbitraries.just(Window.POINT) : windows(),
                kind == Kind.POINTWISE ? Arbitraries.just(Border.NONE) : borders()).as(RandomConvolutions::spec));
    }

    /** Pictures that are too small for the window are given as many pixels as it has. */
    private static ConvSpec spec(int images, int height, int width, Channels channels, Window window, Border border) {
        int h = border.same ? height : Math.max(height, window.height() - border.sides.top() - border.sides.bottom());
        int w = border.same ? width : Math.max(width, window.width() - border.sides.left() - border.sides.right());
        Padding padding = border.same
                ? Padding.same(h, w, window.kernelHeight, window.kernelWidth, window.stride, window.dilation) : border.sides;
        return new ConvSpec(new Shape(images, h, w, channels.in()), channels.out(), window.kernelHeight, window.kernelWidth,
                window.stride, window.dilation, padding, channels.groups);
    }

    private static Arbitrary<Channels> channels(Kind kind) {
        return switch (kind) {
            case DEPTHWISE -> oftenEights(33).map(groups -> new Channels(kind, groups, 1, 1));
            case POINTWISE -> oftenEightsTwice(40).map(pair -> new Channels(kind, 1, pair[0], pair[1]));
            case FULL -> oftenEightsTwice(9).map(pair -> new Channels(kind, 1, pair[0], pair[1]));
            case GROUPED -> Combinators.combine(Arbitraries.integers().between(2, 4), pairs(upTo(4)))
                    .as((groups, pair) -> new Channels(kind, groups, pair[0], pair[1]));
        };
    }

    private static Arbitrary<int[]> pairs(Arbitrary<Integer> each) {
        return Combinators.combine(each, each).as((a, b) -> new int[] {a, b});
    }

    /** Most of them multiples of 8, which vectors are filled by. */
    private static Arbitrary<Integer> oftenEights(int most) {
        return Arbitraries.frequencyOf(Tuple.of(1, upTo(most)), Tuple.of(2, eights(most)));
    }

    /** Most of them pairs of multiples of 8. */
    private static Arbitrary<int[]> oftenEightsTwice(int most) {
        return Arbitraries.frequencyOf(Tuple.of(1, pairs(upTo(most))), Tuple.of(2, pairs(eights(most))));
    }

    private static Arbitrary<Integer> eights(int most) {
        return upTo(most / 8).map(vectors -> vectors * 8);
    }

    /** Half of them the squares of 3 and 5 that have kernels of their own. */
    private static Arbitrary<Window> windows() {
        Arbitrary<Integer> strides = upTo(3);
        return Arbitraries.oneOf(
                Combinators.combine(Arbitraries.of(3, 5), strides).as((size, stride) -> new Window(size, size, stride, 1)),
                Combinators.combine(upTo(7), upTo(7), strides, upTo(2)).as(Window::new));
    }

    private static Arbitrary<Border> borders() {
        IntegerArbitrary side = Arbitraries.integers().between(0, 4);
        return Arbitraries.oneOf(
                side.map(pixels -> new Border(false, Padding.symmetric(pixels))),
                Arbitraries.just(new Border(true, Padding.NONE)),
                Combinators.combine(side, side, side, side).as((top, left, bottom, right) -> new Border(false, new Padding(top, left, bottom, right))));
    }

    private static IntegerArbitrary upTo(int most) {
        return Arbitraries.integers().between(1, most);
    }
}
