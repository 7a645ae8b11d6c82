package separable.kernel;

import separable.device.Device;
import separable.device.Launch;
import separable.spec.PoolSpec;
import separable.spec.Shape;

/** The launches the windowed pools share: pointers, then the geometry, a thread a vector of {@code threads}. */
final class PoolLaunch {

    private PoolLaunch() {
    }

    /** @param threads the tensor whose vectors the threads own: the output going forward, the input going backward */
    static Launch over(Device device, String entry, PoolSpec spec, Shape threads, int pointers) {
        Shape in = spec.input();
        Shape out = spec.output();
        Launch launch = device.kernel(entry).launch()
                .describe("pool " + in + " k" + spec.kernel() + " s" + spec.stride() + " " + spec.padding())
                .grid(VectorGrid.blocks(VectorGrid.vectors(threads), VectorGrid.THREADS), 1, 1).block(VectorGrid.THREADS);
        for (int i = 0; i < pointers; i++) {
            launch.pointer();
        }
        return launch.i32(in.n()).i32(in.h()).i32(in.w()).i32(in.channelStride()).i32(out.h()).i32(out.w())
                .i32(spec.kernel()).i32(spec.stride()).i32(spec.padding().top()).i32(spec.padding().left());
    }
}
