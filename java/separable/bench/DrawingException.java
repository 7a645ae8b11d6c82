package separable.bench;

/** This Java cannot draw. The message is one line: what is missing, what to do. */
public final class DrawingException extends RuntimeException {

    DrawingException(Throwable cause) {
        super("the picture cannot be drawn (" + root(cause) + "): install a Java with AWT and some fonts"
                + " (Debian: openjdk-17-jre-headless, fontconfig and fonts-dejavu-core)", cause);
    }

    private static String root(Throwable e) {
        Throwable last = e;
        while (last.getCause() != null) {
            last = last.getCause();
        }
        return (last.getClass().getSimpleName() + ": " + last.getMessage()).lines().findFirst().orElseThrow();
    }
}
