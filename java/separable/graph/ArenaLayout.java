package separable.graph;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import separable.device.Arena;

/**
 * Offsets in one block of memory, such that blocks alive at the same time do not overlap: the largest first, each at the
 * lowest offset that is free during its life. Offsets are multiples of {@link Arena#ALIGNMENT} bytes.
 */
public final class ArenaLayout {

    /** Something to be placed. */
    public record Block(String name, long bytes, Lifetimes.Span life) {

        public Block {
            if (bytes < 1) {
                throw new IllegalArgumentException(name + ": a block of " + bytes + " bytes");
            }
        }
    }

    private final List<Block> blocks;
    private final long[] offsets;
    private final long bytes;

    private ArenaLayout(List<Block> blocks, long[] offsets) {
        this.blocks = blocks;
        this.offsets = offsets;
        long end = 0;
        for (int at = 0; at < offsets.length; at++) {
            end = Math.max(end, offsets[at] + Arena.align(blocks.get(at).bytes()));
        }
        this.bytes = end;
    }

    public static ArenaLayout of(List<Block> blocks) {
        List<Integer> order = new ArrayList<>();
        for (int at = 0; at < blocks.size(); at++) {
            order.add(at);
        }
        order.sort(Comparator.comparingLong((Integer at) -> -blocks.get(at).bytes()));
        long[] offsets = new long[blocks.size()];
        List<Integer> placed = new ArrayList<>();
        for (int at : order) {
            offsets[at] = lowestFree(blocks, offsets, placed, blocks.get(at));
            placed.add(at);
        }
        return new ArenaLayout(List.copyOf(blocks), offsets);
    }

    private static long lowestFree(List<Block> blocks, long[] offsets, List<Integer> placed, Block block) {
        List<Integer> rivals = new ArrayList<>();
        for (int at : placed) {
            if (blocks.get(at).life().overlaps(block.life())) {
                rivals.add(at);
            }
        }
        rivals.sort(Comparator.comparingLong(at -> offsets[at]));
        long offset = 0;
        for (int at : rivals) {
            if (offset + block.bytes() <= offsets[at]) {
                break;
            }
            offset = Math.max(offset, offsets[at] + Arena.align(blocks.get(at).bytes()));
        }
        return offset;
    }

    public List<Block> blocks() {
        return blocks;
    }

    /** Of the block at {@code index} in {@link #blocks()}. */
    public long offset(int index) {
        return offsets[index];
    }

    /** Bytes that hold all blocks. */
    public long bytes() {
        return bytes;
    }

    /** One line a block: offset, bytes, first and last op, name. */
    public String describe() {
        StringBuilder text = new StringBuilder();
        for (int at = 0; at < offsets.length; at++) {
            Block block = blocks.get(at);
            text.append(String.format(Locale.ROOT, "%12d %12d %5d %5d  %s%n", offsets[at], block.bytes(), block.life().first(), block.life().last(), block.name()));
        }
        return text.append(String.format(Locale.ROOT, "%12d bytes in all%n", bytes)).toString();
    }
}
