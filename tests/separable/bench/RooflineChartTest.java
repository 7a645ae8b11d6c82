package separable.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import separable.spec.DType;

class RooflineChartTest {
    @Test
    void draws() throws IOException {
        byte[] png = RooflineChart.png(Reports.mobileNetV2(Reports.GPU, DType.BF16), DType.BF16);
        Files.write(Path.of("/tmp/roof.png"), png);
        System.out.println(KernelTable.of(Reports.mobileNetV2(Reports.GPU, DType.BF16)));
        assertThat(ImageIO.read(new ByteArrayInputStream(png)).getWidth()).isEqualTo(1600);
    }
}
