package separable.data;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.stream.IntStream;

/** Pictures whose every byte follows from their number and the byte's place, so that nothing of them need be kept. */
public class NumberedPictures implements Dataset {

    private static final int CLASSES = 10;

    private final int count;
    private final int side;

    public NumberedPictures(int count, int side) {
        this.count = count;
        this.side = side;
    }

    public static byte valueAt(int picture, int place) {
        return (byte) (picture * 31 + place * 7 + picture * place);
    }

    @Override
    public String name() {
        return "numbered";
    }

    @Override
    public String source() {
        return "a formula";
    }

    @Override
    public int height() {
        return side;
    }

    @Override
    public int width() {
        return side;
    }

    @Override
    public int channels() {
        return 1;
    }

    @Override
    public int count() {
        return count;
    }

    @Override
    public List<String> classes() {
        return IntStream.range(0, CLASSES).mapToObj(Integer::toString).toList();
    }

    @Override
    public int label(int picture) {
        return picture % CLASSES;
    }

    @Override
    public void read(int picture, ByteBuffer to) {
        for (int place = 0; place < imageBytes(); place++) {
            to.put(valueAt(picture, place));
        }
    }
}
