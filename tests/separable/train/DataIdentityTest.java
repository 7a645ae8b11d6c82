package separable.train;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import separable.data.Dataset;
import separable.data.DecodeListener;
import separable.data.IdxFiles;
import separable.data.KnownDataset;
import separable.data.KnownDataset.Part;
import separable.testing.PngFiles;

class DataIdentityTest {

    @TempDir
    Path place;

    private DataIdentity folder() {
        FolderConfig pictures = new FolderConfig(0.5, 1, 0, place.resolve("cache").toString());
        return DataIdentity.of(new DataConfig(DataConfig.FOLDER, place.resolve("pictures").toString(), List.of("a", "b"), 1, 8, pictures)
                .loadAll(DecodeListener.NONE));
    }

    /** A picture in another's place has the same label. */
    @Test
    void tellsPicturesInFolders() throws IOException {
        IdxFiles.write(place, 4, 4, 8);
        Dataset some = KnownDataset.MNIST.load(place, Part.TRAIN);
        for (int picture = 0; picture < 4; picture++) {
            PngFiles.write(some, picture, place.resolve("pictures/" + "ab".charAt(picture % 2) + "/" + picture + ".png"));
        }
        DataIdentity before = folder();
        assertThat(folder()).isEqualTo(before);
        PngFiles.write(KnownDataset.MNIST.load(place, Part.TEST), 3, place.resolve("pictures/a/0.png"));
        DataIdentity after = folder();
        assertThat(after).isNotEqualTo(before);
        assertThat(before.against(after)).startsWith("as many pictures as now");
    }
}
