package separable.faults;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import separable.data.Dataset;
import separable.data.KnownDataset;
import separable.data.MemoryDataset;
import separable.train.Defaults;
import separable.train.Recipe;
import separable.train.Trainer;
import separable.train.UpdateConfig;

/** A whole training run in small. */
final class TrainOperations {

    private static final int PICTURES = 4;

    /** How many of the hundreds of calls of an epoch fail. */
    private static final int EPOCH_TURNS = 200;

    private TrainOperations() {
    }

    private static Trainer trainer(Workplace place) {
        byte[] pixels = new byte[PICTURES * GraphOperations.SIDE * GraphOperations.SIDE];
        new Random(1).nextBytes(pixels);
        Dataset data = new MemoryDataset("small", "memory", GraphOperations.SIDE, GraphOperations.SIDE, 1, pixels, new int[] {0, 1, 2, 0},
                List.of("a", "b", "c"));
        Recipe recipe = Defaults.of("separable-cnn", KnownDataset.MNIST, true).recipe().withEpochs(3).withBatch(1)
                .withUpdate(new UpdateConfig(2, 1, 0.9f, "all", List.of()));
        return new Trainer(place.device, GraphOperations.network(), recipe, data, data);
    }

    private static float[] weights(Trainer trainer) {
        return trainer.parameters().weights().readFloats(0, trainer.parameters().elements());
    }

    static List<Operation> all() {
        return List.of(
                new Operation("Trainer.evaluate", place -> {
                    Trainer trainer = place.keep(trainer(place));
                    // The second evaluation is the first to run as a graph.
                    trainer.evaluate();
                    trainer.evaluate();
                    return () -> trainer.evaluate()::toString;
                }),
                new Operation("Trainer.save", place -> {
                    Trainer trainer = place.keep(trainer(place));
                    return () -> {
                        byte[] saved = save(trainer);
                        return () -> saved;
                    };
                }),
                new Operation("Trainer: made, one epoch, closed", place -> () -> {
                    try (Trainer trainer = trainer(place)) {
                        trainer.trainEpoch();
                        float[] weights = weights(trainer);
                        return () -> weights;
                    }
                }).within(EPOCH_TURNS));
    }

    /** The file's bytes; a run that fails must leave none. */
    private static byte[] save(Trainer trainer) throws IOException {
        Path folder = Files.createTempDirectory("separable-faults");
        Path file = folder.resolve("model.safetensors");
        try {
            trainer.save(file);
            return Files.readAllBytes(file);
        } catch (RuntimeException e) {
            if (Files.exists(file)) {
                throw new AssertionError("a save that failed left " + file, e);
            }
            throw e;
        } finally {
            Files.deleteIfExists(file);
            Files.delete(folder);
        }
    }
}
