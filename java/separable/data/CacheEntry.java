package separable.data;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;

/**
 * What is known of one picture of a folder after decoding.
 *
 * @param picture  its number in the folder's listing
 * @param isBroken whether it could not be decoded; the numbers below are then 0
 * @param checksum CRC-32C of its bytes in the cache
 * @param sums     of its pixels, by channel
 * @param squares  sums of their squares
 * @param remark   why it is broken, or what was done to it beyond resampling; else empty
 */
record CacheEntry(int picture, boolean isBroken, int checksum, long[] sums, long[] squares, String remark) {

    /** Of a remark; writeUTF takes three bytes a character at most. */
    private static final int MOST_CHARACTERS = 1000;

    CacheEntry {
        remark = remark.length() <= MOST_CHARACTERS ? remark : remark.substring(0, MOST_CHARACTERS);
    }

    static CacheEntry broken(int picture, int channels, String reason) {
        return new CacheEntry(picture, true, 0, new long[channels], new long[channels], reason);
    }

    byte[] toBytes() {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        DataOutputStream out = new DataOutputStream(bytes);
        try {
            out.writeInt(picture);
            out.writeBoolean(isBroken);
            out.writeInt(checksum);
            for (int c = 0; c < sums.length; c++) {
                out.writeLong(sums[c]);
                out.writeLong(squares[c]);
            }
            out.writeUTF(remark);
        } catch (IOException e) {
            throw new UncheckedIOException("a heap array takes every byte", e);
        }
        return bytes.toByteArray();
    }

    /** @throws IOException when the bytes are no entry */
    static CacheEntry of(byte[] bytes, int channels) throws IOException {
        DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes));
        int picture = in.readInt();
        boolean isBroken = in.readBoolean();
        int checksum = in.readInt();
        long[] sums = new long[channels];
        long[] squares = new long[channels];
        for (int c = 0; c < channels; c++) {
            sums[c] = in.readLong();
            squares[c] = in.readLong();
        }
        return new CacheEntry(picture, isBroken, checksum, sums, squares, in.readUTF());
    }
}
