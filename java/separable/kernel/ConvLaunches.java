package separable.kernel;

import separable.device.Launch;

/**
 * The three passes of a convolution on one device.
 *
 * @param backwardFilter takes x, dy, dw and what {@link Launch#fold} appends
 * @param filterElements of w and dw in memory
 * @param partialBytes   of the filter gradient's partial results
 * @param tickets        ints that its fold counts with
 */
record ConvLaunches(Launch forward, Launch backwardData, Launch backwardFilter, long filterElements, long partialBytes, int tickets) {
}
