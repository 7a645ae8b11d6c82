package separable.tune;

import java.util.ArrayList;
import java.util.List;
import separable.device.Closing;
import separable.device.Device;

/** Finds what can compute a problem on a device. */
public final class ConvolutionCandidates {

    private ConvolutionCandidates() {
    }

    /**
     * Every candidate for a problem, best guess first: our kernel for its kind of convolution in all its variants, cuDNN's algorithms
     * that give the same bits every time, and the generic kernel last; where our kernel is one for any filter (its name says generic),
     * after cuDNN's. Never empty. The caller closes them; those of one call are to be
     * used by one thread.
     *
     * @param workspaceLimit bytes of scratch memory that a candidate may need; those that want more are left out
     * @throws IllegalArgumentException when no kernel can index the problem
     */
    public static List<Candidate> of(Device device, Problem problem, long workspaceLimit) {
        List<Candidate> able = new ArrayList<>();
        try (CudnnAccess cudnn = new CudnnAccess(device)) {
            for (Offer offer : Offers.of(cudnn, problem)) {
                Candidate candidate = offer.make();
                able.add(candidate);
                if (candidate.workspaceBytes() > workspaceLimit) {
                    able.remove(candidate);
                    candidate.close();
                }
            }
            return able;
        } catch (RuntimeException failure) {
            throw Closing.after(failure, able);
        }
    }
}
