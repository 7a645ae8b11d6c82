package separable.train;

import separable.data.Dataset;

/**
 * Both parts of a run's pictures.
 *
 * @param report which pictures are broken and left out, and which are odd; empty when there is nothing to say
 */
public record LoadedData(Dataset train, Dataset test, String report) {
}
