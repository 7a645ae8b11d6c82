package separable.exchange;

import java.io.IOException;
import java.io.Serial;
import java.nio.file.Path;

/** A file that is not a well-formed safetensors file: one line naming the file, the defect and what to do. */
public final class SafeTensorsException extends IOException {

    @Serial
    private static final long serialVersionUID = 1L;

    private static final int MOST_CHARACTERS = 300;

    SafeTensorsException(Path file, String defect) {
        super(file + ": not a usable safetensors file: " + inOneLine(defect) + "; copy or export the file again");
    }

    /** A damaged file may name its tensors anything. */
    private static String inOneLine(String defect) {
        String line = defect.replaceAll("\\p{Cntrl}", "?");
        return line.length() <= MOST_CHARACTERS ? line : line.substring(0, MOST_CHARACTERS) + "...";
    }
}
