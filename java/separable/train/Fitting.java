package separable.train;

import separable.data.Dataset;
import separable.layer.Network;

/** What a network, a recipe and its data must agree on before anything is put on the device. */
final class Fitting {

    private Fitting() {}

    /** @throws IllegalArgumentException in one line, when they do not */
    static void require(Network network, Recipe recipe, Dataset train, Dataset test) {
        requirePictures(network, recipe, train);
        requirePictures(network, recipe, test);
        recipe.update().requireFitting(network);
        if (recipe.picturesPerStep() > train.count()) {
            String several = recipe.update().accumulate() == 1 ? "" : ", " + recipe.update().accumulate() + " a step";
            throw new IllegalArgumentException("batch " + recipe.batch() + several + ": " + train.name() + " has only " + train.count()
                    + " pictures: use fewer");
        }
    }

    private static void requirePictures(Network network, Recipe recipe, Dataset dataset) {
        if (network.input().c() != dataset.channels() || recipe.input().channels() != dataset.channels()) {
            throw new IllegalArgumentException(dataset.name() + ": pictures of " + dataset.channels() + " channels for a network of "
                    + network.input().c() + " and " + recipe.input().channels() + " means: make them agree");
        }
        int outputs = network.inferenceGraph(1, recipe.type()).logits().shape().c();
        if (outputs < dataset.classes().size()) {
            throw new IllegalArgumentException(dataset.name() + ": " + dataset.classes().size() + " classes for a network with "
                    + outputs + " outputs: at least as many are needed");
        }
    }
}
