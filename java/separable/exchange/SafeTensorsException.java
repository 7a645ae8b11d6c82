package separable.exchange;

import java.io.IOException;
import java.io.Serial;
import java.nio.file.Path;

/** A file that is not a well-formed safetensors file: one line naming the file, the defect and what to do. */
public final class SafeTensorsException extends IOException {

    @Serial
    private static final long serialVersionUID = 1L;

    SafeTensorsException(Path file, String defect) {
        super(file + ": not a usable safetensors file: " + defect + "; copy or export the file again");
    }
}
