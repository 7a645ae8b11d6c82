package separable.cudnn;

import separable.spec.Pass;

/**
 * One of cuDNN's algorithms for one pass of one problem.
 *
 * @param number cuDNN's own, of the pass's enumeration
 * @param name cuDNN's, without its prefix: {@code implicit_precomp_gemm}, {@code winograd}, {@code algo1}
 * @param workspaceBytes what the pass needs with it, filter copies of ours included
 * @param deterministic whether it gives the same bits every time, as cuDNN documents it
 */
public record CudnnAlgorithm(Pass pass, int number, String name, long workspaceBytes, boolean deterministic) {

    public CudnnAlgorithm {
        if (number < 0 || workspaceBytes < 0) {
            throw new IllegalArgumentException("algorithm " + name + " of number " + number + " with " + workspaceBytes
                    + " bytes of workspace: neither can be negative");
        }
    }

    @Override
    public String toString() {
        return name + " (" + workspaceBytes + " bytes of workspace" + (deterministic ? "" : ", not deterministic") + ")";
    }
}
