package separable.data;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * CIFAR-10's binary version: records of one label byte and 3072 picture bytes, the red plane, then green, then blue,
 * each 32 rows of 32. Pictures are turned to {@code [32, 32, 3]} on reading.
 */
final class CifarReader {

    private static final int SIDE = 32;
    private static final int CHANNELS = 3;
    private static final int PLANE = SIDE * SIDE;
    private static final int RECORD = 1 + CHANNELS * PLANE;
    private static final int MOST_RECORDS = (Integer.MAX_VALUE - 16) / RECORD;

    private CifarReader() {
    }

    /** Reads the files in order and joins them. */
    static Dataset read(String name, Path folder, List<String> files, List<String> classes) {
        List<byte[]> parts = new ArrayList<>();
        int count = 0;
        for (String file : files) {
            byte[] records = readRecords(name, folder.resolve(file), classes.size());
            parts.add(records);
            count += records.length / RECORD;
        }
        byte[] images = new byte[count * CHANNELS * PLANE];
        byte[] labels = new byte[count];
        int next = 0;
        for (byte[] records : parts) {
            for (int start = 0; start < records.length; start += RECORD, next++) {
                labels[next] = records[start];
                interleave(records, start + 1, images, next * CHANNELS * PLANE);
            }
        }
        return new Dataset(name, folder.toString(), SIDE, SIDE, CHANNELS, images, labels, classes);
    }

    private static byte[] readRecords(String name, Path file, int classes) {
        if (!Files.exists(file)) {
            throw new DataException(file + ": no such file" + pythonHint(file));
        }
        byte[] records = DataFile.read(file, CifarReader::readAll);
        if (isPickle(records)) {
            throw new DataException(file + ": is a Python pickle, not CIFAR-10's binary layout: get the binary version (cifar-10-binary.tar.gz)");
        }
        int surplus = records.length % RECORD;
        if (surplus != 0) {
            throw new DataException(file + ": truncated or not CIFAR-10's binary layout: expected a multiple of " + RECORD
                    + " bytes, found " + records.length + " (" + records.length / RECORD + " records and " + surplus
                    + " bytes): get the file again");
        }
        byte[] labels = new byte[records.length / RECORD];
        for (int i = 0; i < labels.length; i++) {
            labels[i] = records[i * RECORD];
        }
        Dataset.checkLabels(name, file.toString(), labels, classes);
        return records;
    }

    private static byte[] readAll(InputStream in) throws IOException {
        return in.readNBytes(MOST_RECORDS * RECORD);
    }

    private static boolean isPickle(byte[] bytes) {
        // Protocol 2 and later: the PROTO opcode and a version; CIFAR-10's label byte is below 10, so never 0x80.
        return bytes.length >= 2 && Byte.toUnsignedInt(bytes[0]) == 0x80 && bytes[1] >= 2 && bytes[1] <= 5;
    }

    private static String pythonHint(Path file) {
        String python = file.getFileName().toString().replace(".bin", "");
        return Files.exists(file.resolveSibling(python))
                ? ", but " + python + " is there: that is the Python version of CIFAR-10; get the binary version (cifar-10-binary.tar.gz)"
                : ": get CIFAR-10's binary version (cifar-10-binary.tar.gz), which has it";
    }

    private static void interleave(byte[] planes, int from, byte[] pixels, int to) {
        for (int p = 0; p < PLANE; p++) {
            for (int c = 0; c < CHANNELS; c++) {
                pixels[to + p * CHANNELS + c] = planes[from + c * PLANE + p];
            }
        }
    }
}
