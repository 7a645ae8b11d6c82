package separable.tune;

import java.util.ArrayList;
import java.util.List;
import separable.device.Device;
import separable.kernel.Conv;
import separable.kernel.DepthwiseConv;
import separable.kernel.GenericConv;
import separable.kernel.PointwiseConv;
import separable.kernel.SpecialKernels;
import separable.kernel.Variant;
import separable.spec.ConvSpec;
import separable.spec.DType;
import separable.spec.Layout;

/** What there is for a problem, by family: our kernels in their variants, cuDNN's algorithms, the generic kernel. */
final class Offers {

    /** So many of one kernel class are tried by quick tuning, the rule's choice among them. */
    private static final int QUICK_VARIANTS = 3;

    private Offers() {
    }

    /** All of them, best guess first and the {@link #referee} last; never empty. cuDNN goes before our kernels for just any filter. */
    static List<Offer> of(CudnnAccess cudnn, Problem problem) {
        List<Offer> own = own(cudnn.device(), problem);
        boolean special = isSpecial(cudnn.device(), problem);
        List<Offer> offers = new ArrayList<>(special ? own : List.of());
        offers.addAll(CudnnCandidate.offers(cudnn, problem));
        offers.addAll(special ? List.of() : own);
        offers.add(referee(cudnn.device(), problem));
        return offers;
    }

    /** Those that the choice by rule looks at: cuDNN is asked only where none of our special kernels serves. */
    static List<Offer> byRule(CudnnAccess cudnn, Problem problem) {
        if (!isSpecial(cudnn.device(), problem)) {
            return of(cudnn, problem);
        }
        List<Offer> offers = new ArrayList<>(own(cudnn.device(), problem));
        offers.add(referee(cudnn.device(), problem));
        return offers;
    }

    /** Whether {@link #own} begins with a kernel made for this filter, rather than one for any. */
    private static boolean isSpecial(Device device, Problem problem) {
        return SpecialKernels.exist(device, problem.spec(), problem.type(), problem.layout());
    }

    /**
     * Our kernel for this kind of convolution in all its variants, the rule's choice first; empty when we have none but the referee's.
     * Variants for any filter have {@code generic} in their names.
     */
    static List<Offer> own(Device device, Problem problem) {
        ConvSpec spec = problem.spec();
        DType type = problem.type();
        Layout layout = problem.layout();
        if (layout == Layout.NCHW) {
            return DepthwiseConv.supports(spec, type, layout) && isSpecial(device, problem)
                    ? List.of(new Offer("DepthwiseConv", true, true, () ->
                            KernelCandidate.of("DepthwiseConv", problem.pass(), new DepthwiseConv(device, spec, type, layout))))
                    : List.of();
        }
        // Channels last in whole vectors are one layout in memory, whichever of its two names the problem gives it.
        if (DepthwiseConv.supports(spec, type, layout)) {
            return variants("DepthwiseConv", DepthwiseConv.variants(device, spec, type, problem.pass()), (name, variant) ->
                    KernelCandidate.of(name, problem.pass(), new DepthwiseConv(device, spec, type, variant)));
        }
        if (PointwiseConv.supports(spec, type, layout)) {
            return variants("PointwiseConv", PointwiseConv.variants(device, spec, type, problem.precision().products(), problem.pass()), (name, variant) ->
                    KernelCandidate.of(name, problem.pass(), new PointwiseConv(device, spec, type, variant)));
        }
        if (Conv.supports(spec, type, layout)) {
            return variants("Conv", Conv.variants(device, spec, type, problem.pass()), (name, variant) ->
                    KernelCandidate.of(name, problem.pass(), new Conv(device, spec, type, variant)));
        }
        return List.of();
    }

    /**
     * The generic kernel, which takes any problem: the last resort, and what the others are checked against.
     *
     * @throws IllegalArgumentException when it is made and no kernel can index the problem
     */
    static Offer referee(Device device, Problem problem) {
        String name = "GenericConv";
        return new Offer(name, true, false, () -> KernelCandidate.of(name, problem.pass(),
                new GenericConv(device, problem.spec(), problem.type(), problem.layout())));
    }

    private interface Maker {
        Candidate make(String name, Variant variant);
    }

    private static List<Offer> variants(String kernel, List<Variant> variants, Maker maker) {
        List<Offer> offers = new ArrayList<>();
        for (Variant variant : variants) {
            String name = kernel + " " + variant.name();
            offers.add(new Offer(name, true, offers.size() < QUICK_VARIANTS, () -> maker.make(name, variant)));
        }
        return offers;
    }
}
