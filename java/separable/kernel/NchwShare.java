package separable.kernel;

import separable.device.Launch;

/**
 * How the kernels of depthwise_nchw.cuh cut planes into pieces that fit shared memory: {@code perPiece} whole planes, or one of
 * {@code bands} bands of {@code rows} units of a plane. A unit is a row of y, or for the gradient of x as many padded rows as the stride.
 *
 * @param pieces      pieces in all
 * @param sharedBytes shared memory of a piece
 */
record NchwShare(int planes, int perPiece, int bands, int rows, int pieces, long sharedBytes) {

    /** NCHW_THREADS and NCHW_ROWS in depthwise_nchw.cuh. */
    static final int THREADS = 128;
    static final int ROWS_PER_THREAD = 4;

    /** Small enough that a multiprocessor holds many blocks, some of which compute while others wait for their rows. */
    private static final int SHARED_TARGET = 16 * 1024;

    /** Columns of results a thread should have before a piece is large enough. */
    private static final int ITEMS_PER_THREAD = 2;

    /** Shared memory for {@code units} units of {@code planes} planes. */
    interface Room {
        long bytes(int planes, int units);
    }

    /**
     * @param planes  planes to cut
     * @param units   units a plane has
     * @param step    units a thread computes at a time
     * @param columns threads side by side
     * @param wanted  pieces that keep the device busy
     */
    static NchwShare of(int planes, int units, int step, int columns, int wanted, Room room) {
        int busy = step * VectorGrid.blocks(THREADS, columns);
        int spread = roundUp(VectorGrid.blocks(units, VectorGrid.blocks(wanted, planes)), step);
        int rows = Math.min(roundUp(units, step), Math.max(busy, spread));
        while (rows > step && room.bytes(1, Math.min(rows, units)) > SHARED_TARGET) {
            rows -= step;
        }
        if (rows >= units) {
            int perPiece = perPiece(planes, units, VectorGrid.blocks(units, step) * (long) columns, wanted, room);
            return new NchwShare(planes, perPiece, 1, units, VectorGrid.blocks(planes, perPiece), room.bytes(perPiece, units));
        }
        int bands = VectorGrid.blocks(units, rows);
        return new NchwShare(planes, 1, bands, rows, planes * bands, room.bytes(1, rows));
    }

    private static int perPiece(int planes, int units, long itemsPerPlane, int wanted, Room room) {
        int enough = (int) Math.max(1, ITEMS_PER_THREAD * THREADS / itemsPerPlane);
        int count = Math.max(1, Math.min(enough, planes / wanted));
        while (count > 1 && room.bytes(count, units) > SHARED_TARGET) {
            count--;
        }
        return count;
    }

    private static int roundUp(int value, int multiple) {
        return VectorGrid.blocks(value, multiple) * multiple;
    }

    /** Appends what the kernels know of it. */
    Launch append(Launch launch) {
        return launch.i32(planes).i32(perPiece).i32(bands).i32(rows).sharedBytes(Math.toIntExact(sharedBytes)).block(THREADS);
    }
}
