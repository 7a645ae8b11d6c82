// Runs the blocks of a launch on the calling OS thread and, for launches worth it, on a pool of further ones.
#pragma once
#include "launch.h"

namespace emulated {

// Runs the whole launch. Not reentrant: the driver's lock is held.
LaunchOutcome run_launch(const Launch& launch);

}  // namespace emulated
