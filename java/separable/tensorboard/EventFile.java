package separable.tensorboard;

import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * An event file that TensorBoard shows: scalars, histograms, pictures and hyper-parameters by tag and step. Several files in one folder
 * are one run. Messages are those of TensorFlow's {@code event.proto} and {@code summary.proto}, and of the hparams plugin's
 * {@code plugin_data.proto}; the numbers are their fields'.
 *
 * <p>What is written is with the operating system when a call returns.
 */
public final class EventFile implements AutoCloseable {

    private static final String VERSION = "brain.Event:2";
    /** SessionLog.SessionStatus.START, which makes readers forget what earlier files say of its step and later ones. */
    private static final int START = 1;
    private static final String HPARAMS = "hparams";
    private static final int HPARAMS_VERSION = 0;
    /** DataType.DT_FLOAT. */
    private static final int FLOAT = 1;
    private static final int SUCCESS = 1;

    /** Tells files apart that one process opens within one second. */
    private static final AtomicInteger OPENED = new AtomicInteger();

    private final Path path;
    private final RecordFile records;

    /**
     * Opens a new file in {@code folder}, which is made where it is missing.
     *
     * @param firstStep what other files in the folder say of this step and later ones is void
     */
    public EventFile(Path folder, long firstStep) throws IOException {
        Files.createDirectories(folder);
        // Readers take a folder's files in the order of their names: the seconds tell which is later.
        path = folder.resolve(String.format(Locale.ROOT, "events.out.tfevents.%010d.%s.%d.%d", Instant.now().getEpochSecond(), hostName(),
                ProcessHandle.current().pid(), OPENED.getAndIncrement()));
        records = new RecordFile(path);
        records.append(event(firstStep).text(3, VERSION).toBytes());
        records.append(event(firstStep).message(7, new Message().integer(1, START)).toBytes());
    }

    private static String hostName() {
        try {
            return InetAddress.getLocalHost().getHostName();
        } catch (UnknownHostException e) {
            return "localhost";     // a name to look at, no address to reach
        }
    }

    public Path path() {
        return path;
    }

    private static double now() {
        Instant now = Instant.now();
        return now.getEpochSecond() + now.getNano() * 1e-9;
    }

    private static Message event(long step) {
        return new Message().real(1, now()).integer(2, step);
    }

    private void add(long step, Message value) throws IOException {
        records.append(event(step).message(5, new Message().message(1, value)).toBytes());
    }

    public void scalar(String tag, long step, double value) throws IOException {
        add(step, new Message().text(1, tag).real(2, (float) value));
    }

    /** How {@code values} are spread; NaN and infinities are left out. */
    public void histogram(String tag, long step, float[] values) throws IOException {
        Histogram h = Histogram.of(values);
        add(step, new Message().text(1, tag).message(5, new Message().real(1, h.min()).real(2, h.max()).real(3, h.count()).real(4, h.sum())
                .real(5, h.sumSquares()).reals(6, h.limits()).reals(7, h.counts())));
    }

    /** @param pixels u8 {@code [height, width, channels]}: grey, grey and alpha, RGB, or RGB and alpha */
    public void picture(String tag, long step, int height, int width, int channels, byte[] pixels) throws IOException {
        add(step, new Message().text(1, tag).message(4, new Message().integer(1, height).integer(2, width).integer(3, channels)
                .bytes(4, Png.encode(height, width, channels, pixels))));
    }

    /** @param values numbers, booleans and texts, by name */
    public void hyperParameters(Map<String, Object> values) throws IOException {
        Message start = new Message();
        values.forEach((name, value) -> start.message(1, new Message().text(1, name).message(2, value(value))));
        start.real(5, now());
        hparams("_hparams_/session_start_info", new Message().integer(1, HPARAMS_VERSION).message(3, start));
    }

    /** {@code google.protobuf.Value}. */
    private static Message value(Object value) {
        if (value instanceof Number number) {
            return new Message().real(2, number.doubleValue());
        }
        return value instanceof Boolean flag ? new Message().bool(4, flag) : new Message().text(3, value.toString());
    }

    /** The run has come to its end. */
    public void succeeded() throws IOException {
        hparams("_hparams_/session_end_info", new Message().integer(1, HPARAMS_VERSION)
                .message(4, new Message().integer(1, SUCCESS).real(2, now())));
    }

    /** The plugin reads its data from the description of a value that is an empty tensor. */
    private void hparams(String tag, Message content) throws IOException {
        Message plugin = new Message().text(1, HPARAMS).bytes(2, content.toBytes());
        Message nothing = new Message().integer(1, FLOAT).message(2, new Message().message(2, new Message().integer(1, 0)));
        add(0, new Message().text(1, tag).message(8, nothing).message(9, new Message().message(1, plugin)));
    }

    @Override
    public void close() throws IOException {
        records.close();
    }
}
