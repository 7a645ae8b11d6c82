package separable.kernel;

import separable.device.Launch;

/** The launches of an op that goes forward and backward in one kernel each. */
record Passes(Launch forward, Launch backward) {
}
