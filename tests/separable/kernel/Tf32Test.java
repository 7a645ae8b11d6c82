package separable.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import separable.device.Device;
import separable.spec.ConvSpec;
import separable.spec.DType;
import separable.spec.Layout;
import separable.spec.Pass;
import separable.spec.Products;
import separable.spec.Shape;
import separable.testing.DeviceExtension;
import separable.testing.Expect;
import separable.testing.HostFilter;
import separable.testing.HostTensor;
import separable.testing.Values;

/** fp32 multiplied on tensor cores. */
@ExtendWith(DeviceExtension.class)
class Tf32Test {

    /** Both operands of a product are off by at most half a unit of 11 significant bits. */
    private static final double OPERANDS = 2 * 0x1p-11;
    /** Of the largest sum: tensor cores cut off what is below the last bit of the largest term. */
    private static final double SUMS = 4e-5;

    /** To 10 bits of fraction, to nearest, ties away from zero. */
    private static double rounded(double value) {
        return Float.intBitsToFloat(Float.floatToRawIntBits((float) value) + 0x1000 & ~0x1fff);
    }

    /** Against a matrix of ones and zeros every product is exact, so that the rounding of the other operand is seen to the bit. */
    @Test
    void operandsAreRoundedToNearestTiesAway(Device device) {
        ConvSpec spec = ConvSpec.pointwise(Shape.matrix(256, 16), 16);
        float[] special = {1f, -1f, 1 + 0x1p-11f, -1 - 0x1p-11f, 1 + 0x1p-10f, 1 + 3 * 0x1p-11f, Math.nextDown(1 + 0x1p-11f), Math.nextUp(1 + 0x1p-11f),
            2 - 0x1p-12f, 0x1p-126f, 0f, 3e38f};
        Random random = new Random(4);
        HostTensor x = HostTensor.zeros(spec.input());
        for (int i = 0; i < x.values().length; i++) {
            x.values()[i] = i < special.length ? special[i] : Math.scalb(random.nextFloat() * 2 - 1, random.nextInt(100) - 50);
        }
        HostTensor wanted = x.map(Tf32Test::rounded);
        assertThat(wanted.values()).startsWith(1, -1, 1 + 0x1p-10, -1 - 0x1p-10, 1 + 0x1p-10, 1 + 0x1p-9, 1, 1 + 0x1p-10, 2);
        HostFilter ones = HostFilter.zeros(spec);
        for (int i = 0; i < 16; i++) {
            ones.values()[i * 16 + i] = 1;
        }
        ConvProblem problem = new ConvProblem(spec, DType.F32, Layout.PADDED_NHWC, x, ones, x);
        PointwiseConv conv = new PointwiseConv(device, spec, DType.F32, Layout.PADDED_NHWC, Products.TF32);
        Expect.same(problem.forward(device, conv::forward), wanted, "x times one");
        Expect.same(problem.backwardData(device, conv::backwardData), wanted, "dy times one");
    }

    /** Every kernel, ragged in all three extents: close to the sums of rounded operands, and as near as they are to those of exact ones. */
    @Test
    void everyTileMultipliesRoundedOperands(Device device) {
        ConvSpec spec = ConvSpec.pointwise(new Shape(1, 23, 29, 72), 40);
        ConvProblem problem = ConvProblem.random(spec, DType.F32);
        HostTensor x = problem.x().map(Tf32Test::rounded);
        HostTensor dy = problem.dy().map(Tf32Test::rounded);
        HostFilter w = problem.w().map(Tf32Test::rounded);
        for (Pass pass : Pass.values()) {
            List<Variant> variants = PointwiseConv.variants(device, spec, DType.F32, Products.TF32, pass);
            List<Variant> rounding = variants.stream().filter(variant -> variant.name().contains("tf32")).toList();
            assertThat(rounding).hasSizeGreaterThanOrEqualTo(3).isEqualTo(variants.subList(0, rounding.size()));
            for (Variant variant : rounding) {
                try (PointwiseConv conv = new PointwiseConv(device, spec, DType.F32, variant)) {
                    String what = pass + " by " + variant.name();
                    switch (pass) {
                        case FORWARD -> check(problem.forward(device, conv::forward), ConvOracle.forward(x, w),
                                ConvOracle.forward(problem.x(), problem.w()), what);
                        case BACKWARD_DATA -> check(problem.backwardData(device, conv::backwardData), ConvOracle.backwardData(dy, w),
                                ConvOracle.backwardData(problem.dy(), problem.w()), what);
                        case BACKWARD_FILTER -> check(problem.backwardFilter(device, conv.filterElements(), conv.workspaceBytes(), conv.tickets(),
                                conv::backwardFilter), ConvOracle.backwardFilter(spec, x, dy), ConvOracle.backwardFilter(spec, problem.x(), problem.dy()), what);
                    }
                }
            }
        }
    }

    private static void check(Values actual, Values ofRounded, Values exact, String what) {
        double largest = Arrays.stream(exact.values()).map(Math::abs).max().orElseThrow();
        Expect.close(actual.values(), ofRounded.values(), SUMS * largest, 1e-5, what + " of rounded operands");
        Expect.close(actual.values(), exact.values(), OPERANDS * largest, OPERANDS, what);
    }

    @Test
    void aNanStaysOne(Device device) {
        ConvSpec spec = ConvSpec.pointwise(Shape.matrix(16, 16), 16);
        ConvProblem random = ConvProblem.random(spec, DType.F32);
        random.x().set(3, 0, 0, 5, Double.NaN);
        PointwiseConv conv = new PointwiseConv(device, spec, DType.F32, Layout.PADDED_NHWC, Products.TF32);
        HostTensor y = random.forward(device, conv::forward);
        for (int i = 0; i < y.values().length; i++) {
            assertThat(Double.isNaN(y.values()[i])).as("element %d", i).isEqualTo(i / 16 == 3);
        }
    }

    @Test
    void isForFp32Alone(Device device) {
        ConvSpec spec = ConvSpec.pointwise(Shape.matrix(16, 16), 16);
        assertThatThrownBy(() -> new PointwiseConv(device, spec, DType.BF16, Layout.NHWC, Products.TF32))
                .isInstanceOf(IllegalArgumentException.class).hasMessage("tf32 is a way to multiply fp32: bf16 operands are multiplied as they are");
        assertThat(Products.TF32.on(75)).isEqualTo(Products.EXACT);
        assertThat(Products.TF32.on(80)).isEqualTo(Products.TF32);
    }
}
