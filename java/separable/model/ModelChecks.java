package separable.model;

/** Checks that the models share, with errors that say what would do. */
final class ModelChecks {

    private ModelChecks() {}

    static void common(String model, double width, int resolution, int classes, int inputChannels, int stemStride) {
        if (!(width > 0 && width <= 16)) {
            throw new IllegalArgumentException(model + ": width " + width + " must be above 0 and at most 16");
        }
        if (classes < 2) {
            throw new IllegalArgumentException(model + ": " + classes + " classes; a classifier needs at least 2");
        }
        if (inputChannels < 1) {
            throw new IllegalArgumentException(model + ": " + inputChannels + " input channels; a picture has at least 1");
        }
        if (stemStride != 1 && stemStride != 2) {
            throw new IllegalArgumentException(model + ": stem stride " + stemStride + " must be 1 or 2");
        }
        if (resolution < 1) {
            throw new IllegalArgumentException(model + ": resolution " + resolution + " must be at least 1");
        }
    }

    /** Every strided layer must still see more pixels than its stride skips. Every stride here halves, rounding up. */
    static void resolution(String model, int resolution, int[] strides, int stemStride) {
        int product = stemStride;
        for (int stride : strides) {
            product *= stride;
        }
        int least = product / 2 + 1;
        if (resolution < least) {
            throw new IllegalArgumentException(model + ": resolution " + resolution + " is too small for its strides, which divide it by "
                    + product + ": use at least " + least + (stemStride == 2 ? ", or a stem stride of 1" : ""));
        }
    }
}
