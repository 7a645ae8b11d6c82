package separable.spec;

/**
 * What a batch normalisation is besides its tensors.
 *
 * @param activation applied to the normalised value in the same pass
 * @param momentum   PyTorch's: {@code running += momentum * (batch - running)}
 */
public record NormSpec(Activation activation, float epsilon, float momentum) {

    public NormSpec {
        if (!(epsilon > 0) || !(momentum >= 0 && momentum <= 1)) {
            throw new IllegalArgumentException("batch normalisation with epsilon " + epsilon + " and momentum " + momentum
                    + ": epsilon must be above 0, momentum in 0..1");
        }
    }
}
