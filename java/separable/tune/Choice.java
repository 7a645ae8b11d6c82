package separable.tune;

/** A candidate ready to run, and how it was chosen. Owns the candidate. */
public record Choice(Candidate candidate, Decision decision) implements AutoCloseable {

    @Override
    public void close() {
        candidate.close();
    }
}
