package separable.tune;

import java.util.function.Supplier;

/**
 * A candidate not made yet: making one costs memory and, for a library, time.
 *
 * @param name  as the candidate will say it
 * @param ours  whether it is one of Separable's own kernels, whose wrong result is a defect
 * @param quick whether it is among the few that quick tuning tries
 */
record Offer(String name, boolean ours, boolean quick, Supplier<Candidate> maker) {

    Candidate make() {
        return maker.get();
    }
}
