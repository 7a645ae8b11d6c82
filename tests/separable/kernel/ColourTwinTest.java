package separable.kernel;

import com.google.gson.Gson;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import separable.testing.Expect;

/** The twin that the kernel is held against, held against torchvision (tests/fixtures/make_colour_jitter.py). */
class ColourTwinTest {

    private record Case(double brightness, double contrast, double saturation, double hue, double[] pixels) {
    }

    private record Fixture(int height, int width, int[] picture, List<Case> cases) {
    }

    @Test
    void agreesWithTorchvision() throws IOException {
        Fixture fixture = new Gson().fromJson(Files.readString(Path.of("tests/fixtures/colour-jitter.json")), Fixture.class);
        for (Case each : fixture.cases) {
            double[][] pixels = new double[fixture.height * fixture.width][3];
            for (int at = 0; at < fixture.picture.length; at++) {
                pixels[at / 3][at % 3] = fixture.picture[at];
            }
            ColourTwin.brighten(pixels, each.brightness);
            ColourTwin.contrastSaturationHue(pixels, each.contrast, each.saturation, each.hue);
            Expect.close(Arrays.stream(pixels).flatMapToDouble(Arrays::stream).toArray(), each.pixels, 1e-5, 1e-7, each.toString());
        }
    }
}
