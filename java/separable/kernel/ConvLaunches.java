package separable.kernel;

import separable.device.Launch;

/**
 * What a class of convolutions enqueues for one problem.
 *
 * @param forward        takes x, w, y
 * @param backwardData   takes dy, w, dx
 * @param backwardFilter takes x, dy, dw, and where {@code partialBytes} or {@code tickets} is above 0 the workspace and the tickets
 * @param filterElements stored elements of w and dw
 * @param partialBytes   bytes of the workspace, of any content
 * @param tickets        ints that are zero before the first use and left zero
 */
record ConvLaunches(Launch forward, Launch backwardData, Launch backwardFilter, long filterElements, long partialBytes, int tickets) {
}
