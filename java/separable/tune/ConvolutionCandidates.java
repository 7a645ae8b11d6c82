package separable.tune;

import java.util.ArrayList;
import java.util.List;
import separable.device.Device;
import separable.kernel.Conv;
import separable.kernel.DepthwiseConv;
import separable.kernel.PointwiseConv;
import separable.kernel.Variant;
import separable.spec.ConvSpec;
import separable.spec.DType;
import separable.spec.Layout;
import separable.spec.Shape;

/** Finds what can compute a problem on a device. */
public final class ConvolutionCandidates {

    /** Of one kernel class, the rule's choice and so many more are tried by quick tuning. */
    private static final int QUICK_VARIANTS = 3;

    private ConvolutionCandidates() {
    }

    /**
     * Every candidate for a problem, best guess first: our kernel for its kind of convolution in all its variants, cuDNN's algorithms,
     * and the generic kernel last. Never empty. The caller closes them.
     *
     * @param workspaceLimit bytes of scratch memory that a candidate may need; those that want more are left out, but for the last
     *                       resort when no other is left
     * @throws IllegalArgumentException when no kernel can index the problem
     */
    public static List<Candidate> of(Device device, Problem problem, long workspaceLimit) {
        List<Candidate> able = new ArrayList<>();
        List<Offer> offers = offers(device, problem);
        for (Offer offer : offers) {
            Candidate candidate = offer.make();
            if (candidate.workspaceBytes() <= workspaceLimit || able.isEmpty() && offer == offers.get(offers.size() - 1)) {
                able.add(candidate);
            } else {
                candidate.close();
            }
        }
        return able;
    }

    /** The same, not made yet and without a limit. */
    static List<Offer> offers(Device device, Problem problem) {
        List<Offer> offers = new ArrayList<>(own(device, problem));
        if (offers.isEmpty()) {
            throw new IllegalArgumentException("no kernel computes the " + problem);
        }
        return offers;
    }

    private static List<Offer> own(Device device, Problem problem) {
        ConvSpec spec = problem.spec();
        DType type = problem.type();
        if (!storesWholeVectors(problem)) {
            return List.of();
        }
        if (DepthwiseConv.supports(spec, type)) {
            return variants("DepthwiseConv", DepthwiseConv.variants(device, spec, type, problem.pass()), (name, variant) ->
                    KernelCandidate.of(name, problem.pass(), new DepthwiseConv(device, spec, type, variant)));
        }
        if (PointwiseConv.supports(spec, type)) {
            return variants("PointwiseConv", PointwiseConv.variants(device, spec, type, problem.pass()), (name, variant) ->
                    KernelCandidate.of(name, problem.pass(), new PointwiseConv(device, spec, type, variant)));
        }
        if (Conv.supports(spec, type)) {
            return variants("Conv", Conv.variants(device, spec, type, problem.pass()), (name, variant) ->
                    KernelCandidate.of(name, problem.pass(), new Conv(device, spec, type, variant)));
        }
        return List.of();
    }

    /** Whether pixels and filters lie as our kernels read them: channels last, in whole vectors. */
    private static boolean storesWholeVectors(Problem problem) {
        ConvSpec spec = problem.spec();
        return problem.layout() == Layout.PADDED_NHWC || problem.layout() == Layout.NHWC
                && spec.input().c() % Shape.CHANNEL_MULTIPLE == 0 && spec.outputChannels() % Shape.CHANNEL_MULTIPLE == 0;
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
