package separable.kernel;

import separable.spec.ConvSpec;
import separable.testing.HostFilter;
import separable.testing.HostTensor;

/** Convolution of any kind, with any groups, by plain loops in double precision. */
public final class ConvOracle {

    private ConvOracle() {
    }

    public static HostTensor forward(HostTensor x, HostFilter w) {
        HostTensor y = HostTensor.zeros(w.spec().output());
        forEachProduct(w.spec(), (n, oy, ox, co, ky, kx, iy, ix, ci) ->
                y.add(n, oy, ox, co, x.get(n, iy, ix, ci) * w.values()[w.joining(ci, co, ky, kx)]));
        return y;
    }

    public static HostTensor backwardData(HostTensor dy, HostFilter w) {
        HostTensor dx = HostTensor.zeros(w.spec().input());
        forEachProduct(w.spec(), (n, oy, ox, co, ky, kx, iy, ix, ci) ->
                dx.add(n, iy, ix, ci, dy.get(n, oy, ox, co) * w.values()[w.joining(ci, co, ky, kx)]));
        return dx;
    }

    public static HostFilter backwardFilter(ConvSpec spec, HostTensor x, HostTensor dy) {
        HostFilter dw = HostFilter.zeros(spec);
        forEachProduct(spec, (n, oy, ox, co, ky, kx, iy, ix, ci) ->
                dw.values()[dw.joining(ci, co, ky, kx)] += dy.get(n, oy, ox, co) * x.get(n, iy, ix, ci));
        return dw;
    }

    private interface Product {
        void visit(int n, int oy, int ox, int co, int ky, int kx, int iy, int ix, int ci);
    }

    /** Visits every pair of an input element and a filter element that meet inside the picture; channels count over all groups. */
    private static void forEachProduct(ConvSpec spec, Product product) {
        int inputs = spec.input().c() / spec.groups();
        int outputs = spec.outputChannels() / spec.groups();
        WindowLoop.forEach(spec, (n, oy, ox, ky, kx, iy, ix) -> {
            for (int co = 0; co < spec.outputChannels(); co++) {
                int first = co / outputs * inputs;
                for (int ci = first; ci < first + inputs; ci++) {
                    product.visit(n, oy, ox, co, ky, kx, iy, ix, ci);
                }
            }
        });
    }
}
