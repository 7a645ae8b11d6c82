package separable.device;

/**
 * What a captured graph consists of: {@link Stream#inspect}.
 *
 * @param kernels launches
 * @param copies  from memory to memory
 * @param fills   of memory
 * @param others  anything else: host functions, events, empty nodes
 */
public record GraphNodes(int kernels, int copies, int fills, int others) {

    /** Of every kind. */
    public int all() {
        return kernels + copies + fills + others;
    }
}
