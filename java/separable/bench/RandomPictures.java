package separable.bench;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import separable.data.Dataset;

/**
 * Colour pictures and labels drawn at random, the same every time: a data set where only the time counts.
 *
 * @param side  rows and columns of a picture
 * @param count pictures
 * @param names of the classes
 */
record RandomPictures(int side, int count, List<String> names) implements Dataset {

    static final int COLOURS = 3;

    static RandomPictures of(int side, int count, int classes) {
        return new RandomPictures(side, count, IntStream.range(0, classes).mapToObj(Integer::toString).toList());
    }

    @Override
    public String name() {
        return "random pictures";
    }

    @Override
    public String source() {
        return "drawn";
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
        return COLOURS;
    }

    @Override
    public List<String> classes() {
        return names;
    }

    @Override
    public int label(int picture) {
        return new SplittableRandom(~picture).nextInt(names.size());
    }

    @Override
    public void read(int picture, ByteBuffer to) {
        byte[] values = new byte[imageBytes()];
        new SplittableRandom(picture).nextBytes(values);
        to.put(values);
    }
}
