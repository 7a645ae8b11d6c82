package separable.tensorboard;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.DoubleStream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EventFileTest {

    @TempDir
    Path folder;

    /** 0xe3069283 is what CRC-32C's definition gives for these digits. */
    @Test
    void checksumsAreTensorFlows() {
        byte[] digits = "123456789".getBytes(StandardCharsets.US_ASCII);
        assertThat(RecordFile.checksum(digits, digits.length)).isEqualTo(Integer.rotateRight(0xe3069283, 15) + 0xa282ead8).isEqualTo(Events.masked(digits));
    }

    @Test
    void scalarsComeBack() throws IOException {
        try (EventFile file = new EventFile(folder, 0)) {
            file.scalar("train/loss", 1, 2.5);
            file.scalar("train/loss", 3_000_000_000L, 0.1);
            file.scalar("Übung", 0, Double.NaN);
        }
        Events events = Events.read(folder);
        assertThat(events.steps("train/loss")).containsExactly(1L, 3_000_000_000L);
        assertThat(events.values("train/loss")).containsExactly(2.5f, 0.1f);
        assertThat(events.values("Übung")).containsExactly(Float.NaN);
    }

    /** Readers look for digits that not every language has. */
    @Test
    void theNameIsTheSameInEveryLanguage() throws IOException {
        Locale usual = Locale.getDefault();
        Locale.setDefault(Locale.forLanguageTag("ar-EG-u-nu-arab"));
        try (EventFile file = new EventFile(folder, 0)) {
            assertThat(file.path().getFileName().toString()).matches("events\\.out\\.tfevents\\.[0-9]{10}\\..*\\.[0-9]+\\.[0-9]+");
        } finally {
            Locale.setDefault(usual);
        }
    }

    @Test
    void aLaterFileVoidsTheStepsItDoesAgain() throws IOException {
        for (int first : new int[] {0, 3}) {
            try (EventFile file = new EventFile(folder, first)) {
                for (int step = Math.max(1, first); step < 6; step++) {
                    file.scalar("loss", step, 10 * first + step);
                }
            }
        }
        assertThat(folder.toFile().list()).hasSize(2);
        assertThat(Events.read(folder).values("loss")).containsExactly(1f, 2f, 33f, 34f, 35f);
    }

    private static double[] doubles(Object packed) {
        ByteBuffer bytes = ByteBuffer.wrap((byte[]) packed).order(ByteOrder.LITTLE_ENDIAN);
        double[] values = new double[bytes.remaining() / Double.BYTES];
        bytes.asDoubleBuffer().get(values);
        return values;
    }

    private static double real(Map<Integer, List<Object>> fields, int number) {
        return Double.longBitsToDouble((long) fields.get(number).get(0));
    }

    @Test
    void histogramsCountEveryFiniteValueInItsBucket() throws IOException {
        Random random = new Random(3);
        float[] values = new float[1000];
        double sum = 0;
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextGaussian();
            sum += values[i];
        }
        float[] withOthers = Arrays.copyOf(values, 1002);
        withOthers[1000] = Float.NaN;
        withOthers[1001] = Float.NEGATIVE_INFINITY;
        try (EventFile file = new EventFile(folder, 0)) {
            file.histogram("weights", 7, withOthers);
        }
        Map<Integer, List<Object>> histogram = Events.fields(Events.read(folder).byTag.get("weights").get(0).content().get(5));
        double[] limits = doubles(histogram.get(6).get(0));
        double[] counts = doubles(histogram.get(7).get(0));
        assertThat(real(histogram, 3)).isEqualTo(1000).isEqualTo(DoubleStream.of(counts).sum());
        assertThat(real(histogram, 4)).isEqualTo(sum);
        assertThat(limits).hasSameSizeAs(counts).isSorted();
        for (int bucket = 0; bucket < limits.length; bucket++) {
            double from = bucket == 0 ? Double.NEGATIVE_INFINITY : limits[bucket - 1];
            int inside = 0;
            for (float value : values) {
                inside += value >= from && value < limits[bucket] ? 1 : 0;
            }
            assertThat(counts[bucket]).as("bucket %d", bucket).isEqualTo(inside);
        }
    }

    @Test
    void histogramsOfOneValueAndOfNone() {
        Histogram alike = Histogram.of(new float[] {2, 2, 2});
        assertThat(alike.counts()).containsExactly(3);
        assertThat(alike.limits()[0]).isGreaterThan(2);
        assertThat(Histogram.of(new float[] {Float.NaN}).count()).isZero();
        assertThat(Histogram.of(new float[] {-Float.MAX_VALUE, Float.MAX_VALUE}).count()).isEqualTo(2);
    }

    @Test
    void picturesAreTheSamePixels() throws IOException {
        byte[] pixels = new byte[5 * 7 * 3];
        new Random(1).nextBytes(pixels);
        try (EventFile file = new EventFile(folder, 0)) {
            file.picture("sample", 1, 5, 7, 3, pixels);
            file.picture("grey", 1, 5, 7, 1, Arrays.copyOf(pixels, 35));
        }
        Events events = Events.read(folder);
        BufferedImage colour = image(events, "sample", 3);
        BufferedImage grey = image(events, "grey", 1);
        for (int i = 0; i < 35; i++) {
            int rgb = (pixels[3 * i] & 0xff) << 16 | (pixels[3 * i + 1] & 0xff) << 8 | pixels[3 * i + 2] & 0xff;
            assertThat(colour.getRGB(i % 7, i / 7) & 0xffffff).isEqualTo(rgb);
            assertThat(grey.getRaster().getSample(i % 7, i / 7, 0)).isEqualTo(pixels[i] & 0xff);
        }
        assertThatThrownBy(() -> Png.encode(5, 7, 5, new byte[175])).isInstanceOf(IllegalArgumentException.class);
    }

    private static BufferedImage image(Events events, String tag, long channels) throws IOException {
        Map<Integer, List<Object>> image = Events.fields(events.byTag.get(tag).get(0).content().get(4));
        assertThat(image.get(1)).containsExactly(5L);
        assertThat(image.get(2)).containsExactly(7L);
        assertThat(image.get(3)).containsExactly(channels);
        return ImageIO.read(new ByteArrayInputStream((byte[]) image.get(4).get(0)));
    }

    @Test
    void hyperParametersAreInThePluginsData() throws IOException {
        try (EventFile file = new EventFile(folder, 0)) {
            file.hyperParameters(Map.of("batch", 64, "graph", true, "optimizer", "adam"));
            file.succeeded();
        }
        Events events = Events.read(folder);
        Map<Integer, List<Object>> started = plugin(events, "_hparams_/session_start_info");
        Map<Integer, List<Object>> session = Events.fields((byte[]) started.get(3).get(0));
        Map<String, Map<Integer, List<Object>>> values = new TreeMap<>();
        for (Object entry : session.get(1)) {
            Map<Integer, List<Object>> pair = Events.fields((byte[]) entry);
            values.put(new String((byte[]) pair.get(1).get(0), StandardCharsets.UTF_8), Events.fields((byte[]) pair.get(2).get(0)));
        }
        assertThat(real(values.get("batch"), 2)).isEqualTo(64);
        assertThat(values.get("graph").get(4)).containsExactly(1L);
        assertThat((byte[]) values.get("optimizer").get(3).get(0)).asString().isEqualTo("adam");
        assertThat(Events.fields((byte[]) plugin(events, "_hparams_/session_end_info").get(4).get(0)).get(1)).containsExactly(1L);
    }

    private static Map<Integer, List<Object>> plugin(Events events, String tag) throws IOException {
        Map<Integer, List<Object>> metadata = Events.fields(events.byTag.get(tag).get(0).content().get(9));
        Map<Integer, List<Object>> data = Events.fields((byte[]) metadata.get(1).get(0));
        assertThat((byte[]) data.get(1).get(0)).asString().isEqualTo("hparams");
        return Events.fields((byte[]) data.get(2).get(0));
    }
}
