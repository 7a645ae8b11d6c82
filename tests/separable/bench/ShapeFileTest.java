package separable.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import separable.spec.ConvSpec;
import separable.spec.Padding;
import separable.spec.Shape;

class ShapeFileTest {

    @TempDir
    Path place;

    private static List<BenchShape> parse(String text) {
        return ShapeFile.parse("list.csv", text.lines().toList());
    }

    @Test
    void readsColumnsInAnyOrderAndFillsInTheRest() {
        List<BenchShape> shapes = parse("""
                # a comment

                name, n, h, w, c, k, kernel, stride, dilation, padding, groups, count
                mine, 2, 8, 9, 16, 24, 1, , , , , 3
                , 1, 7, 7, 8, , 3x5, 2, 1, same, 8,
                , 1, 7, 7, 8, , 3, 1, 2, 0/1/2/3, 2,
                """);
        assertThat(shapes.get(0)).isEqualTo(new BenchShape("mine", ConvSpec.pointwise(new Shape(2, 8, 9, 16), 24), 3));
        assertThat(shapes.get(1)).isEqualTo(new BenchShape("dw3x5s2 7x7x8",
                new ConvSpec(new Shape(1, 7, 7, 8), 8, 3, 5, 2, 1, new Padding(1, 2, 1, 2), 8), 1));
        assertThat(shapes.get(2)).isEqualTo(new BenchShape("conv3s1d2 7x7x8-8 g2",
                new ConvSpec(new Shape(1, 7, 7, 8), 8, 3, 3, 1, 2, new Padding(0, 1, 2, 3), 2), 1));
    }

    @Test
    void theUsualPaddingKeepsTheSize() {
        assertThat(parse("kernel,c,w,h,n\n5,8,7,6,1").get(0).spec().padding()).isEqualTo(Padding.symmetric(2));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "'' | list.csv: holds no shapes: write a line of column names, as in n,h,w,c,kernel",
        "n,h,w,c,kernel | list.csv: holds no shapes",
        "n,h,w,c | list.csv, line 1: column 'kernel' is missing",
        "n,h,w,c,kernel,size | list.csv, line 1: unknown column 'size': use name, n, h",
        "n,h,w,c,kernel,n | list.csv, line 1: column 'n' is there twice",
        "n,h,w,c,kernel;1,2,3,4 | list.csv, line 2: 4 values for 5 columns",
        "#;n,h,w,c,kernel;;1,8,8,8,1;1,8,8,x,1 | list.csv, line 5: c 'x' is not a whole number",
        "n,h,w,c,kernel;1,8,,8,1 | list.csv, line 2: w is missing",
        "n,h,w,c,kernel;1,8,8,8, | list.csv, line 2: kernel '': write 3 or 3x5",
        "n,h,w,c,kernel;1,8,8,8,3x | list.csv, line 2: kernel '3x': write 3 or 3x5",
        "n,h,w,c,kernel;0,8,8,8,3 | list.csv, line 2: shape 0x8x8x8: every extent must be at least 1",
        "n,h,w,c,kernel,stride;1,8,8,8,3,0 | list.csv, line 2: stride 0: must be at least 1",
        "n,h,w,c,kernel,count;1,8,8,8,3,-1 | list.csv, line 2: count -1: must be at least 1",
        "n,h,w,c,kernel,padding;1,8,8,8,3,valid | list.csv, line 2: padding 'valid': write 1, same or top/left/bottom/right",
        "n,h,w,c,kernel,padding;1,2,2,8,5,0 | list.csv, line 2: a 5x5 kernel with dilation 1 does not fit",
        "n,h,w,c,kernel,groups;1,8,8,8,3,3 | list.csv, line 2: convolution with 3 groups",
        "n,h,w,c,kernel;99999,999,999,8,3 | list.csv, line 2: shape 99999x999x999x8 stores",
    })
    void refusesInOneLine(String text, String message) {
        assertThatThrownBy(() -> parse(text.replace(';', '\n'))).isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith(message).hasMessageMatching("[^\n]*");
    }

    @Test
    void refusesFilesThatCannotBeRead() throws IOException {
        Path binary = Files.write(place.resolve("binary"), new byte[] {(byte) 0xff, (byte) 0xfe, 0});
        assertThatThrownBy(() -> ShapeFile.read(binary)).isInstanceOf(IllegalArgumentException.class).hasMessageContaining("binary: is not text");
        assertThatThrownBy(() -> ShapeFile.read(place)).isInstanceOf(IllegalArgumentException.class).hasMessageContaining("cannot be read");
        assertThatThrownBy(() -> ShapeFile.read(place.resolve("none"))).isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("none: no such file: use mobilenet-v1, mobilenet-v2 or a file of shapes");
    }
}
