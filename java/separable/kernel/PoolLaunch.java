package separable.kernel;

import separable.device.Device;
import separable.device.Launch;
import separable.spec.PoolSpec;
import separable.spec.Shape;

/** The launches the windowed pools share: a thread a vector of one tensor. */
final class PoolLaunch {

    private PoolLaunch() {
    }

    /** @param threads the tensor whose vectors the threads own: the output going forward, the input going backward */
    static Launch over(Device device, String entry, PoolSpec spec, Shape threads) {
        return device.kernel(entry).launch()
                .describe("pool " + spec.input() + " k" + spec.kernel() + " s" + spec.stride() + " " + spec.padding())
                .grid(VectorGrid.blocks(VectorGrid.vectors(threads), VectorGrid.THREADS), 1, 1).block(VectorGrid.THREADS);
    }

    /** Appends what follows the pointers. */
    static Launch geometry(Launch launch, PoolSpec spec) {
        Shape in = spec.input();
        Shape out = spec.output();
        return launch.i32(in.n()).i32(in.h()).i32(in.w()).i32(in.channelStride()).i32(out.h()).i32(out.w())
                .i32(spec.kernel()).i32(spec.stride()).i32(spec.padding().top()).i32(spec.padding().left());
    }
}
