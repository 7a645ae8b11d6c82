package separable.data;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The binary versions of CIFAR-10 and CIFAR-100: records of one or two label bytes and 3072 picture bytes, the red plane,
 * then green, then blue, each 32 rows of 32. Pictures are turned to {@code [32, 32, 3]} on reading.
 */
final class CifarReader {

    private static final int SIDE = 32;
    private static final int CHANNELS = 3;
    private static final int PLANE = SIDE * SIDE;
    private static final int PICTURE = CHANNELS * PLANE;

    private final CifarFormat format;
    private final int record;
    private final String name;
    private final List<String> classes;

    /** @param name what messages call the data set */
    CifarReader(CifarFormat format, String name, List<String> classes) {
        this.format = format;
        this.record = format.labels() + PICTURE;
        this.name = name;
        this.classes = classes;
    }

    /**
     * Reads the files in order, from {@code folder} or from the one that the archive unpacks to in it, and joins them.
     *
     * @param most pictures of a file: fewer are a subset, more are no file of this data set
     */
    Dataset read(Path folder, List<String> files, int most) {
        Path unpacked = folder.resolve(format.folder());
        Path place = Files.isDirectory(unpacked) ? unpacked : folder;
        List<byte[]> parts = new ArrayList<>();
        int count = 0;
        for (String file : files) {
            byte[] records = readRecords(place.resolve(file), most);
            parts.add(records);
            count += records.length / record;
        }
        byte[] images = new byte[Math.multiplyExact(count, PICTURE)];
        int[] labels = new int[count];
        int next = 0;
        for (byte[] records : parts) {
            for (int start = 0; start < records.length; start += record, next++) {
                labels[next] = Byte.toUnsignedInt(records[start + format.label()]);
                interleave(records, start + format.labels(), images, next * PICTURE);
            }
        }
        return new MemoryDataset(name, place.toString(), SIDE, SIDE, CHANNELS, images, labels, classes);
    }

    private byte[] readRecords(Path file, int most) {
        if (!Files.exists(file)) {
            throw new DataException(file + ": no such file" + pythonHint(file));
        }
        byte[] records = DataFile.read(file, in -> in.readNBytes(most * record + 1));
        if (isPickle(records)) {
            throw new DataException(file + ": is a Python pickle, not " + format.title() + "'s binary layout: " + format.howToGet());
        }
        if (records.length > most * record) {
            throw new DataException(file + ": holds more than the " + most + " pictures of this file of " + format.title() + ": get the file again");
        }
        int surplus = records.length % record;
        if (surplus != 0) {
            throw new DataException(file + ": truncated or not " + format.title() + "'s binary layout: expected a multiple of " + record
                    + " bytes, found " + records.length + " (" + records.length / record + " records and " + surplus
                    + " bytes): get the file again");
        }
        int[] labels = new int[records.length / record];
        for (int i = 0; i < labels.length; i++) {
            labels[i] = Byte.toUnsignedInt(records[i * record + format.label()]);
        }
        MemoryDataset.checkLabels(name, file.toString(), labels, classes.size());
        return records;
    }

    private static boolean isPickle(byte[] bytes) {
        // Protocol 2 and later: the PROTO opcode and a version; the first label byte is below 20, so never 0x80.
        return bytes.length >= 2 && Byte.toUnsignedInt(bytes[0]) == 0x80 && bytes[1] >= 2 && bytes[1] <= 5;
    }

    /** The Python version has files of the same names without the ending, in a folder of its own. */
    private String pythonHint(Path file) {
        String python = file.getFileName().toString().replace(".bin", "");
        for (Path place : List.of(file.resolveSibling(python), file.resolveSibling(format.pythonFolder()))) {
            if (Files.exists(place)) {
                return ", but " + place.getFileName() + " is there: that is the Python version of " + format.title() + "; "
                        + format.howToGet();
            }
        }
        return ": " + format.howToGet() + ", which has it";
    }

    private static void interleave(byte[] planes, int from, byte[] pixels, int to) {
        for (int p = 0; p < PLANE; p++) {
            for (int c = 0; c < CHANNELS; c++) {
                pixels[to + p * CHANNELS + c] = planes[from + c * PLANE + p];
            }
        }
    }
}
