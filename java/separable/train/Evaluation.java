package separable.train;

/**
 * Loss and hits over a number of pictures.
 *
 * @param lossSum sum of the pictures' losses
 * @param top1    pictures whose largest logit is their label's
 * @param top5    pictures whose label is among the five largest logits
 * @param count   pictures
 */
public record Evaluation(double lossSum, int top1, int top5, int count) {

    public static final Evaluation NOTHING = new Evaluation(0.0, 0, 0, 0);

    public Evaluation {
        if (count < 0 || top1 < 0 || top1 > top5 || top5 > count) {
            throw new IllegalArgumentException("evaluation of " + count + " pictures with " + top1 + " first and " + top5
                    + " among the first five: expected 0 <= top1 <= top5 <= count");
        }
    }

    /** Over the pictures of this that came after those of {@code earlier}. */
    public Evaluation since(Evaluation earlier) {
        return new Evaluation(lossSum - earlier.lossSum, top1 - earlier.top1, top5 - earlier.top5, count - earlier.count);
    }

    /** Mean loss of a picture; NaN over no pictures. */
    public double loss() {
        return lossSum / count;
    }

    /** Share of pictures classified rightly, 0 to 1; NaN over no pictures. */
    public double accuracy() {
        return (double) top1 / count;
    }

    /** Share of pictures whose label is among the first five, 0 to 1; NaN over no pictures. */
    public double topFive() {
        return (double) top5 / count;
    }
}
