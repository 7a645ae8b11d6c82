package separable.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import separable.spec.ConvSpec;
import separable.spec.DType;
import separable.spec.Shape;

class PointwiseBackwardFormTest {

    private static final PointwiseBackwardForm.Limits H100 = new PointwiseBackwardForm.Limits(132, 32, 227 * 1024);
    private static final PointwiseBackwardForm.Limits A100 = new PointwiseBackwardForm.Limits(108, 32, 163 * 1024);
    private static final PointwiseBackwardForm.Limits L4 = new PointwiseBackwardForm.Limits(58, 24, 99 * 1024);

    private static ConvSpec spec(int n, int side, int cin, int cout) {
        return ConvSpec.pointwise(new Shape(n, side, side, cin), cout);
    }

    /** Layers of MobileNetV2 and V1 at a resolution of 224 and a batch of 256: counted by hand from bytes read and registers. */
    @ParameterizedTest
    @CsvSource({"112, 32, 16, ONE, 32, 128", "112, 16, 96, ONE, 16, 128", "56, 144, 24, ONE, 144, 64", "28, 32, 192, ONE, 32, 64",
            "14, 384, 64, ONE, 384, 64", "14, 64, 384, ONE, 64, 64", "14, 384, 96, SLICE, 192, 64", "14, 576, 96, SLICE, 288, 64",
            "14, 96, 576, SLICE, 48, 32", "7, 576, 160, SLICE, 192, 64", "7, 960, 160, SLICE, 192, 64", "7, 160, 960, DUAL, 160, 0",
            "7, 960, 320, DUAL, 960, 0", "7, 320, 1280, DUAL, 320, 0", "28, 128, 256, ONE, 128, 64", "28, 256, 256, SLICE, 128, 64",
            "14, 512, 512, DUAL, 512, 0"})
    void choosesByBytesAndRegisters(int side, int cin, int cout, FusedPointwiseBackward.Form kind, int slice, int tileRows) {
        PointwiseBackwardForm form = PointwiseBackwardForm.of(H100, spec(256, side, cin, cout), DType.BF16);
        assertThat(form.form()).isEqualTo(kind);
        assertThat(form.slice()).isEqualTo(slice);
        assertThat(form.tileRows()).isEqualTo(tileRows);
        if (kind != FusedPointwiseBackward.Form.DUAL) {
            int ctas = form.parts() * form.slices(spec(256, side, cin, cout));
            assertThat(ctas).as("blocks").isBetween(98, cin * cout <= 8192 ? 264 : 132);
            assertThat((long) form.parts() * form.rows()).as("rows of all parts").isBetween(256L * side * side, 256L * side * side + form.rows() - 1);
        }
    }

    @Test
    void fewRowsAreSlicedForBlocks() {
        ConvSpec spec = spec(128, 1, 960, 160);
        PointwiseBackwardForm form = PointwiseBackwardForm.of(H100, spec, DType.F16);
        assertThat(form.form()).isEqualTo(FusedPointwiseBackward.Form.SLICE);
        assertThat(form.parts() * form.slices(spec)).isBetween(60, 132);
    }

    /** 512 by 512 channels take eleven slices, whose registers hold dW: worth what they read again only where blocks would be idle otherwise. */
    @Test
    void fewRowsAreNotSlicedForBlocksThatWait() {
        PointwiseBackwardForm.Limits small = new PointwiseBackwardForm.Limits(4, 1, 163 * 1024);
        assertThat(PointwiseBackwardForm.of(small, spec(32, 2, 512, 512), DType.BF16)).hasToString("dual");
        assertThat(PointwiseBackwardForm.of(H100, spec(32, 2, 512, 512), DType.BF16).form()).isEqualTo(FusedPointwiseBackward.Form.SLICE);
        assertThat(PointwiseBackwardForm.of(H100, spec(30, 4, 1024, 512), DType.BF16).form()).isEqualTo(FusedPointwiseBackward.Form.SLICE);
    }

    @Test
    void aDeviceThatRunsOneBlockAMultiprocessorGetsNoCopies() {
        PointwiseBackwardForm.Limits small = new PointwiseBackwardForm.Limits(4, 1, 163 * 1024);
        assertThat(PointwiseBackwardForm.of(small, spec(64, 16, 16, 32), DType.BF16).parts()).isEqualTo(4);
        assertThat(PointwiseBackwardForm.of(new PointwiseBackwardForm.Limits(4, 2, 163 * 1024), spec(64, 16, 16, 32), DType.BF16).parts()).isEqualTo(8);
    }

    @Test
    void lessSharedMemoryMeansFewerRowsThenMoreSlicesThenTwoRoles() {
        assertThat(PointwiseBackwardForm.of(A100, spec(256, 14, 384, 64), DType.BF16)).hasToString("one, 105 x 480 rows in tiles of 32");
        assertThat(PointwiseBackwardForm.of(L4, spec(256, 28, 128, 256), DType.BF16)).hasToString("slices of 64, 29 x 6944 rows in tiles of 32");
        assertThat(PointwiseBackwardForm.of(L4, spec(256, 14, 96, 576), DType.BF16)).hasToString("dual");
    }

    /** From 384 to 64 channels W and tiles of 64 rows take 174 KB, 223 with the gradient apart; from 64 to 384 they take 219 and 228. */
    @Test
    void theGradientOfTheInputLiesApartWhereThereIsRoom() {
        assertThat(PointwiseBackwardForm.of(H100, spec(256, 14, 384, 64), DType.BF16).apart()).isTrue();
        assertThat(PointwiseBackwardForm.of(H100, spec(256, 14, 64, 384), DType.BF16).apart()).isFalse();
    }

    /** 1024 rows are 16 tiles of 64, and as many blocks: tiles of 128 would leave half of these idle. */
    @Test
    void largerTilesMustNotLeaveBlocksIdle() {
        assertThat(PointwiseBackwardForm.of(H100, spec(1, 32, 32, 16), DType.BF16).tileRows()).isEqualTo(64);
    }

    @Test
    void fp32HasNoTensorCoresOfItsOwn() {
        assertThat(PointwiseBackwardForm.of(H100, spec(256, 14, 64, 64), DType.F32).form()).isEqualTo(FusedPointwiseBackward.Form.DUAL);
    }

    @Test
    void partsHoldWholeTiles() {
        assertThatThrownBy(() -> new PointwiseBackwardForm(FusedPointwiseBackward.Form.ONE, 16, 64, true, 96, 2)).isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("whole tiles");
    }
}
