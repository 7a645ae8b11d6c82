package separable.data;

import java.util.Random;

/**
 * The order in which an epoch visits the pictures. It depends on the seed and the epoch alone, so a run can be
 * repeated, and resumed at any epoch.
 *
 * @param count pictures
 * @param seed  the run's seed
 */
public record Sampler(int count, long seed) {

    public Sampler {
        if (count < 1) {
            throw new IllegalArgumentException("sampler over " + count + " pictures: at least 1 is needed");
        }
    }

    /** A uniform permutation of 0 to {@code count - 1} (Fisher and Yates). */
    public int[] shuffled(int epoch) {
        int[] order = sequential();
        // java.util.Random's sequence is part of its specification, so every Java gives the same order.
        Random random = new Random(mix(seed + 0x9e3779b97f4a7c15L * (epoch + 1L)));
        for (int i = count - 1; i > 0; i--) {
            int j = random.nextInt(i + 1);
            int swapped = order[i];
            order[i] = order[j];
            order[j] = swapped;
        }
        return order;
    }

    /** 0, 1, 2 and on: the order of evaluation. */
    public int[] sequential() {
        int[] order = new int[count];
        for (int i = 0; i < count; i++) {
            order[i] = i;
        }
        return order;
    }

    /** {@code pictures} of them at even distances, in their order: of a set sorted by class a share of every class. */
    public int[] spread(int pictures) {
        if (pictures < 1 || pictures > count) {
            throw new IllegalArgumentException(pictures + " of " + count + " pictures: must be 1 to " + count);
        }
        int[] order = new int[pictures];
        for (int i = 0; i < pictures; i++) {
            order[i] = (int) ((long) i * count / pictures);
        }
        return order;
    }

    /** SplitMix64's finaliser: neighbouring seeds and epochs give unrelated sequences. */
    private static long mix(long z) {
        z = (z ^ z >>> 30) * 0xbf58476d1ce4e5b9L;
        z = (z ^ z >>> 27) * 0x94d049bb133111ebL;
        return z ^ z >>> 31;
    }
}
