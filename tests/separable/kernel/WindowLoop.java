package separable.kernel;

import separable.spec.ConvSpec;
import separable.spec.Shape;

/** The plain loop under the convolution oracles: every output pixel with every tap that meets the picture there. */
final class WindowLoop {

    /** Output pixel (n, oy, ox) and filter tap (ky, kx) meet input pixel (n, iy, ix). */
    interface Meeting {
        void visit(int n, int oy, int ox, int ky, int kx, int iy, int ix);
    }

    private WindowLoop() {
    }

    static void forEach(ConvSpec spec, Meeting meeting) {
        Shape in = spec.input();
        Shape out = spec.output();
        for (int n = 0; n < out.n(); n++) {
            for (int oy = 0; oy < out.h(); oy++) {
                for (int ox = 0; ox < out.w(); ox++) {
                    for (int ky = 0; ky < spec.kernelHeight(); ky++) {
                        for (int kx = 0; kx < spec.kernelWidth(); kx++) {
                            int iy = oy * spec.stride() - spec.padding().top() + ky * spec.dilation();
                            int ix = ox * spec.stride() - spec.padding().left() + kx * spec.dilation();
                            if (iy >= 0 && iy < in.h() && ix >= 0 && ix < in.w()) {
                                meeting.visit(n, oy, ox, ky, kx, iy, ix);
                            }
                        }
                    }
                }
            }
        }
    }
}
