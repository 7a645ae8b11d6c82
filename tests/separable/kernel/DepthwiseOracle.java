package separable.kernel;

import separable.spec.ConvSpec;
import separable.testing.HostFilter;
import separable.testing.HostTensor;

/** Depthwise convolution and its gradients as plain loops in double precision. */
final class DepthwiseOracle {

    /** One product of the sum: y[n,oy,ox,c] += x[n,iy,ix,c] * w[ky,kx,c]. */
    private interface Tap {
        void visit(int n, int oy, int ox, int iy, int ix, int ky, int kx, int c);
    }

    private DepthwiseOracle() {
    }

    private static void forEachTap(ConvSpec spec, Tap tap) {
        WindowLoop.forEach(spec, (n, oy, ox, ky, kx, iy, ix) -> {
            for (int c = 0; c < spec.input().c(); c++) {
                tap.visit(n, oy, ox, iy, ix, ky, kx, c);
            }
        });
    }

    static HostTensor forward(ConvSpec spec, HostTensor x, HostFilter w) {
        HostTensor y = HostTensor.zeros(spec.output());
        forEachTap(spec, (n, oy, ox, iy, ix, ky, kx, c) -> y.add(n, oy, ox, c, x.get(n, iy, ix, c) * w.get(0, ky, kx, c)));
        return y;
    }

    static HostTensor backwardData(ConvSpec spec, HostTensor dy, HostFilter w) {
        HostTensor dx = HostTensor.zeros(spec.input());
        forEachTap(spec, (n, oy, ox, iy, ix, ky, kx, c) -> dx.add(n, iy, ix, c, dy.get(n, oy, ox, c) * w.get(0, ky, kx, c)));
        return dx;
    }

    static HostFilter backwardFilter(ConvSpec spec, HostTensor x, HostTensor dy) {
        HostFilter dw = HostFilter.zeros(spec);
        forEachTap(spec, (n, oy, ox, iy, ix, ky, kx, c) -> dw.add(0, ky, kx, c, x.get(n, iy, ix, c) * dy.get(n, oy, ox, c)));
        return dw;
    }
}
