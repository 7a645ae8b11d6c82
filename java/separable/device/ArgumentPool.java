package separable.device;

import java.lang.ref.Cleaner;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.concurrent.ConcurrentLinkedQueue;
import jcuda.Pointer;

/**
 * Native memory for the arguments of launches: blocks of one size, cut from page-locked chunks because those have an
 * address that Java may know. A block returns here when its {@link Launch} is no longer reachable; the chunks are freed with
 * the device.
 */
final class ArgumentPool {

    /** Arguments a launch can have. */
    static final int SLOTS = 32;

    private static final int SLOT_BYTES = Long.BYTES;
    private static final int VALUE_BYTES = SLOTS * SLOT_BYTES;
    private static final int BLOCK_BYTES = 2 * VALUE_BYTES;
    static final int BLOCKS_PER_CHUNK = 128;
    private static final Cleaner CLEANER = Cleaner.create();

    private final Resources chunks = new Resources();
    private final ConcurrentLinkedQueue<Block> free = new ConcurrentLinkedQueue<>();

    /**
     * One launch's memory: {@link #SLOTS} values of 8 bytes, and after them the {@code void*[]} that points to each value, as
     * {@code cuLaunchKernel} wants it.
     *
     * @param values a view of the values
     * @param parameters the address of the {@code void*[]}
     */
    record Block(ByteBuffer values, Pointer parameters) {

        static Block at(PinnedBuffer chunk, int offset) {
            ByteBuffer block = chunk.bytes().slice(offset, BLOCK_BYTES).order(ByteOrder.nativeOrder());
            long address = chunk.address() + offset;
            for (int slot = 0; slot < SLOTS; slot++) {
                block.putLong(VALUE_BYTES + slot * SLOT_BYTES, address + (long) slot * SLOT_BYTES);
            }
            return new Block(block.slice(0, VALUE_BYTES).order(ByteOrder.nativeOrder()),
                    chunk.pointer().withByteOffset(offset + VALUE_BYTES));
        }

        void put(int slot, long value) {
            values.putLong(slot * SLOT_BYTES, value);
        }

        void put(int slot, int value) {
            values.putInt(slot * SLOT_BYTES, value);
        }

        void put(int slot, float value) {
            values.putFloat(slot * SLOT_BYTES, value);
        }

        long getLong(int slot) {
            return values.getLong(slot * SLOT_BYTES);
        }

        int getInt(int slot) {
            return values.getInt(slot * SLOT_BYTES);
        }
    }

    /** A block that stays {@code user}'s as long as {@code user} is reachable. */
    Block take(Object user) {
        Block block = free.poll();
        while (block == null) {
            addChunk();
            block = free.poll();
        }
        Block taken = block;
        CLEANER.register(user, () -> free.add(taken));
        return taken;
    }

    private void addChunk() {
        PinnedBuffer chunk = new PinnedBuffer(chunks, (long) BLOCKS_PER_CHUNK * BLOCK_BYTES, "launch arguments");
        for (int i = 0; i < BLOCKS_PER_CHUNK; i++) {
            free.add(Block.at(chunk, i * BLOCK_BYTES));
        }
    }

    void close() {
        chunks.closeAll();
    }

    /** For a context that is gone, and its memory with it. */
    void forget() {
        chunks.forgetAll();
    }
}
