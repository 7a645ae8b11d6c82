package separable.train;

import java.nio.file.Path;
import separable.data.Dataset;
import separable.data.KnownDataset;

/**
 * Which pictures.
 *
 * @param dataset a {@link KnownDataset}'s label
 * @param folder  where its files lie
 */
public record DataConfig(String dataset, String folder) {

    public DataConfig {
        KnownDataset.parse(Check.present("dataset", dataset));
        Check.present("folder", folder);
    }

    public KnownDataset known() {
        return KnownDataset.parse(dataset);
    }

    public Dataset load(KnownDataset.Part part) {
        return known().load(Path.of(folder), part);
    }
}
