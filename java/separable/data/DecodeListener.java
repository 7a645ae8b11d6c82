package separable.data;

/**
 * Hears how the decoding of a folder of pictures goes on, in the thread that asked for it. What it throws ends the decoding and comes
 * out unchanged; what was decoded until then is kept, and the next call goes on from there.
 */
@FunctionalInterface
public interface DecodeListener {

    /** Hears nothing. */
    DecodeListener NONE = (done, all) -> { };

    /**
     * Called when decoding begins, several times a second, and when it is done; not at all where everything was decoded before.
     *
     * @param done pictures there are, broken ones included; -1 while another process decodes the same pictures
     */
    void decoded(int done, int all);
}
