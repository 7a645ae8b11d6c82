package separable.kernel;

import java.nio.ByteBuffer;

/**
 * What {@link BatchGather} drew for one row of a batch, as it lies in its workspace: struct SampleView in augment.cuh.
 *
 * @param sample     index in the data set; -1: the row is absent
 * @param stored     the row of images it lies in
 * @param fromX      source x of the output's point (x, y): {@code fromX[0] x + fromX[1] y + fromX[2]}, in pixels from the upper left corner
 * @param fromY      source y likewise
 * @param brightness factor, 1 for none; contrast and saturation too
 * @param hue        part of a circle
 * @param grey       what contrast is about, 0 to 255
 * @param erased     what is erased of the output
 * @param partner    the row that is mixed in
 * @param ownShare   of this picture in every pixel outside the patch
 * @param labelShare of this picture's label
 * @param patch      where the partner is seen alone
 */
record SampleView(int sample, int stored, float[] fromX, float[] fromY, float brightness, float contrast, float saturation, float hue,
                  float grey, Rectangle erased, int partner, float ownShare, float labelShare, Rectangle patch) {

    /** Output pixels from top, left up to before bottom, right. */
    record Rectangle(int top, int left, int bottom, int right) {

        private static Rectangle read(ByteBuffer from) {
            return new Rectangle(from.getInt(), from.getInt(), from.getInt(), from.getInt());
        }

        boolean holds(int y, int x) {
            return y >= top && y < bottom && x >= left && x < right;
        }

        int area() {
            return (bottom - top) * (right - left);
        }
    }

    /** Reads the next row of a workspace, in the machine's byte order. */
    static SampleView read(ByteBuffer from) {
        return new SampleView(from.getInt(), from.getInt(), three(from), three(from), from.getFloat(), from.getFloat(), from.getFloat(),
                from.getFloat(), from.getFloat(), Rectangle.read(from), from.getInt(), from.getFloat(), from.getFloat(), Rectangle.read(from));
    }

    private static float[] three(ByteBuffer from) {
        return new float[] {from.getFloat(), from.getFloat(), from.getFloat()};
    }
}
