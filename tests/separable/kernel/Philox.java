package separable.kernel;

/** The host's twin of philox.cuh, written from the paper: 32x32-bit products as two halves of a long. */
final class Philox {

    /** The streams, as in philox.cuh. */
    static final int DROPOUT = 0;
    static final int AUGMENTATION = 1 << 30;
    static final int INITIALISER = 2 << 30;

    private Philox() {
    }

    static int[] words(int[] counter, int[] key) {
        int c0 = counter[0];
        int c1 = counter[1];
        int c2 = counter[2];
        int c3 = counter[3];
        int k0 = key[0];
        int k1 = key[1];
        for (int round = 0; round < 10; round++) {
            long a = 0xD2511F53L * Integer.toUnsignedLong(c0);
            long b = 0xCD9E8D57L * Integer.toUnsignedLong(c2);
            c0 = (int) (b >>> 32) ^ c1 ^ k0;
            c1 = (int) b;
            c2 = (int) (a >>> 32) ^ c3 ^ k1;
            c3 = (int) a;
            k0 += 0x9E3779B9;
            k1 += 0xBB67AE85;
        }
        return new int[] {c0, c1, c2, c3};
    }

    /** The four words of one index of a stream. */
    static int[] draw(int stream, int index, int salt, long step, long seed) {
        return words(new int[] {index, salt, (int) step, (int) (step >>> 32) | stream}, new int[] {(int) seed, (int) (seed >>> 32)});
    }

    /** In (0, 1], as the device computes it in fp32. */
    static float unitInterval(int word) {
        return (float) Integer.toUnsignedLong(word) * 0x1p-32f + 0x1p-33f;
    }

    static int below(int word, int choices) {
        return (int) (Integer.toUnsignedLong(word) * choices >>> 32);
    }
}
