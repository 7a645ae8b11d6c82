package separable.bench;

/**
 * What a device was seen to do at best, in the same run as what is held against it.
 *
 * @param copyBytesPerSecond read and written, by a copy far larger than the L2 cache
 * @param flopsPerSecond     of a large matrix product in one precision
 */
public record Ceiling(double copyBytesPerSecond, double flopsPerSecond) {

    public Ceiling {
        if (!(copyBytesPerSecond > 0) || !(flopsPerSecond > 0)) {
            throw new IllegalArgumentException("ceilings of " + copyBytesPerSecond + " bytes/s and " + flopsPerSecond
                    + " operations/s: both must be above 0");
        }
    }

    /** Whether memory is what limits it. */
    public boolean memoryBound(ConvCost cost) {
        return cost.bytes() / copyBytesPerSecond >= cost.flops() / flopsPerSecond;
    }

    /** The highest rate at an intensity, in operations a second: the roofline. */
    public double roof(double intensity) {
        return Math.min(intensity * copyBytesPerSecond, flopsPerSecond);
    }
}
