package separable.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.Map;
import org.junit.jupiter.api.Test;
import separable.testing.ForkedJava;

class StopSignalTest {

    /** Sends itself SIGTERM (SIGINT may be ignored where tests run in the background) and works until asked to stop. */
    static final class Working {

        public static void main(String[] arguments) throws IOException, InterruptedException {
            try (StopSignal stop = new StopSignal()) {
                new ProcessBuilder("kill", "-TERM", String.valueOf(ProcessHandle.current().pid())).start().waitFor();
                while (!stop.isRequested()) {
                    Thread.sleep(10);
                }
                Thread.sleep(200);     // a step that has to end
                System.out.println("put away");
            }
            System.exit(0);
        }
    }

    /** Nobody sends a signal. */
    static final class Undisturbed {

        public static void main(String[] arguments) {
            try (StopSignal stop = new StopSignal()) {
                System.out.println(stop.isRequested());
            }
            System.exit(3);
        }
    }

    @Test
    void letsTheWorkEndAndExitsAsTheSignalSays() throws IOException, InterruptedException {
        ForkedJava.Result result = ForkedJava.run(Working.class, Map.of());
        assertThat(result.output()).isEqualTo("put away\n");
        assertThat(result.status()).isEqualTo(128 + 15);
    }

    @Test
    void doesNotDisturbAnEndOfItsOwn() throws IOException, InterruptedException {
        ForkedJava.Result result = ForkedJava.run(Undisturbed.class, Map.of());
        assertThat(result.output()).isEqualTo("false\n");
        assertThat(result.status()).isEqualTo(3);
    }
}
