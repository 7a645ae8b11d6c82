package separable.kernel;

import separable.spec.ConvSpec;
import separable.testing.HostFilter;
import separable.testing.HostTensor;

/** Convolution with one group by plain loops in double precision. */
final class ConvOracle {

    private ConvOracle() {
    }

    static HostTensor forward(HostTensor x, HostFilter w) {
        HostTensor y = HostTensor.zeros(w.spec().output());
        forEachProduct(w.spec(), (n, oy, ox, co, ky, kx, iy, ix, ci) ->
                y.add(n, oy, ox, co, x.get(n, iy, ix, ci) * w.get(co, ky, kx, ci)));
        return y;
    }

    static HostTensor backwardData(HostTensor dy, HostFilter w) {
        HostTensor dx = HostTensor.zeros(w.spec().input());
        forEachProduct(w.spec(), (n, oy, ox, co, ky, kx, iy, ix, ci) ->
                dx.add(n, iy, ix, ci, dy.get(n, oy, ox, co) * w.get(co, ky, kx, ci)));
        return dx;
    }

    static HostFilter backwardFilter(ConvSpec spec, HostTensor x, HostTensor dy) {
        HostFilter dw = HostFilter.zeros(spec);
        forEachProduct(spec, (n, oy, ox, co, ky, kx, iy, ix, ci) ->
                dw.add(co, ky, kx, ci, dy.get(n, oy, ox, co) * x.get(n, iy, ix, ci)));
        return dw;
    }

    private interface Product {
        void visit(int n, int oy, int ox, int co, int ky, int kx, int iy, int ix, int ci);
    }

    /** Visits every pair of an input element and a filter element that meet inside the picture. */
    private static void forEachProduct(ConvSpec spec, Product product) {
        WindowLoop.forEach(spec, (n, oy, ox, ky, kx, iy, ix) -> {
            for (int co = 0; co < spec.outputChannels(); co++) {
                for (int ci = 0; ci < spec.input().c(); ci++) {
                    product.visit(n, oy, ox, co, ky, kx, iy, ix, ci);
                }
            }
        });
    }
}
