package separable.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Batches that threads read ahead: their order, their memory, their errors and their end. */
@Timeout(20)
class BatchReaderTest {

    private static final int SIDE = 3;
    private static final int BATCH = 20;
    private static final long LONG_NANOS = TimeUnit.SECONDS.toNanos(10);

    private final List<ByteBuffer> memory = Stream.generate(() -> ByteBuffer.allocate(BATCH * SIDE * SIDE)).limit(3).toList();

    private static List<Thread> readers(Dataset dataset) {
        return Thread.getAllStackTraces().keySet().stream().filter(thread -> thread.getName().startsWith("separable reader")
                && thread.getName().endsWith(dataset.name()) && thread.isAlive()).toList();
    }

    /** Takes all batches of a pass over {@code order} from {@code first} on, each compared and wiped before its memory is given back. */
    private void expectPass(BatchReader reader, int[] order, int first) {
        int place = first;
        for (int number = 0; !reader.isAtEnd(); number++) {
            assertThat(reader.await(LONG_NANOS)).isTrue();
            int count = reader.take();
            assertThat(count).isEqualTo(Math.min(BATCH, order.length - place));
            byte[] slot = memory.get(number % memory.size()).array();
            for (int i = 0; i < count * SIDE * SIDE; i++) {
                assertThat(slot[i]).isEqualTo(NumberedPictures.valueAt(order[place + i / (SIDE * SIDE)], i % (SIDE * SIDE)));
                slot[i] = 0;
            }
            place += count;
            reader.giveBack();
        }
        assertThat(place).isEqualTo(order.length);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 7})
    void batchesComeInOrderAndTheLastOneInPart(int threads) {
        Dataset dataset = new NumberedPictures(250, SIDE);
        try (BatchReader reader = new BatchReader(dataset, memory, BATCH, threads)) {
            assertThat(reader.picturesPerSecond()).isZero();
            for (int epoch = 0; epoch < 2; epoch++) {
                int[] order = new Sampler(250, 1).shuffled(epoch);
                int first = epoch * 3 * BATCH;
                reader.begin(order, first, order.length);
                expectPass(reader, order, first);
            }
            assertThat(reader.picturesPerSecond()).isPositive();
        }
        assertThat(readers(dataset)).isEmpty();
    }

    @Test
    void readsNoFurtherAheadThanThereIsMemory() {
        try (BatchReader reader = new BatchReader(new NumberedPictures(250, SIDE), memory, BATCH, 2)) {
            reader.begin(new Sampler(250, 1).sequential(), 0, 250);
            for (int number = 0; number < memory.size(); number++) {
                assertThat(reader.await(LONG_NANOS)).isTrue();
                reader.take();
            }
            byte[] oldest = memory.get(0).array().clone();
            assertThat(reader.await(TimeUnit.MILLISECONDS.toNanos(50))).isFalse();
            assertThat(memory.get(0).array()).isEqualTo(oldest);
            reader.giveBack();
            assertThat(reader.await(LONG_NANOS)).isTrue();
            assertThat(memory.get(0).array()).isNotEqualTo(oldest);
        }
    }

    @Test
    void beginsAnewAmidAPass() {
        try (BatchReader reader = new BatchReader(new NumberedPictures(250, SIDE), memory, BATCH, 2)) {
            int[] order = new Sampler(250, 1).sequential();
            reader.begin(order, 0, 250);
            assertThat(reader.await(LONG_NANOS)).isTrue();
            reader.take();
            int[] other = new Sampler(250, 1).shuffled(5);
            reader.begin(other, 0, 250);
            expectPass(reader, other, 0);
        }
    }

    @Test
    void whatAThreadThrowsReachesTheTakerAsItIs() {
        for (Throwable thrown : List.of(new DataException("no disk"), new StackOverflowError())) {
            Dataset failing = new NumberedPictures(250, SIDE) {
                @Override
                public void read(int picture, ByteBuffer to) {
                    if (picture == 45) {
                        raise(thrown);
                    }
                    super.read(picture, to);
                }
            };
            try (BatchReader reader = new BatchReader(failing, memory, BATCH, 2)) {
                reader.begin(new Sampler(250, 1).sequential(), 0, 250);
                assertThatThrownBy(() -> {
                    while (reader.await(LONG_NANOS)) {
                        reader.take();
                        reader.giveBack();
                    }
                }).isSameAs(thrown);
            }
        }
    }

    private static void raise(Throwable thrown) {
        if (thrown instanceof Error error) {
            throw error;
        }
        throw (RuntimeException) thrown;
    }

    @Test
    void aPictureThatIsTooShortIsNamed() {
        Dataset shortened = new NumberedPictures(250, SIDE) {
            @Override
            public void read(int picture, ByteBuffer to) {
                to.put((byte) 1);
            }
        };
        try (BatchReader reader = new BatchReader(shortened, memory, BATCH, 1)) {
            reader.begin(new Sampler(250, 1).sequential(), 0, 250);
            assertThatThrownBy(() -> reader.await(LONG_NANOS)).isInstanceOf(DataException.class)
                    .hasMessage("numbered: picture 0 gave 1 of its 9 bytes: Dataset.read must append all of them");
        }
    }

    @Test
    void closeWaitsForWhoIsReading() throws InterruptedException {
        CountDownLatch begun = new CountDownLatch(1);
        boolean[] done = new boolean[1];
        Dataset slow = new NumberedPictures(250, SIDE) {
            @Override
            public void read(int picture, ByteBuffer to) {
                begun.countDown();
                sleep(30);
                super.read(picture, to);
                done[0] = true;
            }
        };
        BatchReader reader = new BatchReader(slow, memory, BATCH, 1);
        reader.begin(new Sampler(250, 1).sequential(), 0, 250);
        begun.await();
        assertThat(readers(slow)).hasSize(1);
        reader.close();
        assertThat(done[0]).isTrue();
        assertThat(readers(slow)).isEmpty();
    }

    static void sleep(int milliseconds) {
        try {
            Thread.sleep(milliseconds);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
