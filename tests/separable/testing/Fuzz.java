package separable.testing;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.TimeUnit;

/** Damages files as disks, networks and hostile people do, and holds readers to their word: a result or one line, quickly, in little memory. */
public final class Fuzz {

    private static final long MOST_NANOS = TimeUnit.SECONDS.toNanos(20);

    private Fuzz() {
    }

    /** What reads a damaged file. */
    @FunctionalInterface
    public interface Reader {
        void read(byte[] damaged) throws IOException;
    }

    /** Numbers that lengths and counts turn into when they go wrong. */
    private static final int[] HOSTILE = {0, 1, 0x7f, 0x80, 0xff, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff, 0x7fff_fff0, 0x0100_0000};

    /**
     * Reads {@code rounds} damaged copies of {@code whole}.
     *
     * @param mostBytes of heap that one reading may take
     * @param refusal   what a reader may throw, with a message of one line; anything else fails the test
     */
    public static void run(byte[] whole, int rounds, long seed, long mostBytes, Class<? extends Exception> refusal, Reader reader)
            throws IOException {
        reader.read(whole.clone());     // loads its classes, which is not the file's doing
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        Random random = new Random(seed);
        for (int round = 0; round < rounds; round++) {
            byte[] damaged = damage(whole, random);
            long began = System.nanoTime();
            long before = threads.getCurrentThreadAllocatedBytes();
            try {
                reader.read(damaged);
            } catch (Exception e) {
                assertThat(e).as("round %d", round).isInstanceOf(refusal);
                assertThat(e.getMessage()).isNotBlank().doesNotContain("\n").doesNotContain("null").hasSizeLessThan(500);
            }
            assertThat(threads.getCurrentThreadAllocatedBytes() - before).as("bytes on the heap in round %d", round).isLessThan(mostBytes);
            assertThat(System.nanoTime() - began).as("nanoseconds of round %d", round).isLessThan(MOST_NANOS);
        }
    }

    /** A copy with bytes changed, a hostile number put in, a part cut out, doubled or lost at the end; its head most of all. */
    private static byte[] damage(byte[] whole, Random random) {
        byte[] bytes = whole.clone();
        int among = random.nextBoolean() ? Math.min(64, bytes.length) : bytes.length;
        int at = random.nextInt(among);
        switch (random.nextInt(5)) {
            case 0 -> {
                return Arrays.copyOf(bytes, at);
            }
            case 1 -> {
                byte[] longer = Arrays.copyOf(bytes, bytes.length + 1 + random.nextInt(100));
                System.arraycopy(bytes, at, longer, longer.length - (bytes.length - at), bytes.length - at);
                return longer;
            }
            case 2 -> {
                int number = HOSTILE[random.nextInt(HOSTILE.length)];
                for (int i = 0; i < 4 && at + i < bytes.length; i++) {
                    bytes[at + i] = (byte) (number >>> 8 * (random.nextBoolean() ? i : 3 - i));
                }
            }
            default -> {
                for (int i = random.nextInt(6); i >= 0; i--) {
                    bytes[random.nextInt(among)] = (byte) random.nextInt(256);
                }
            }
        }
        return bytes;
    }
}
