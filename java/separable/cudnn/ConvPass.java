package separable.cudnn;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import jcuda.Pointer;
import jcuda.jcudnn.JCudnn;
import jcuda.jcudnn.cudnnConvolutionBwdDataAlgo;
import jcuda.jcudnn.cudnnConvolutionBwdDataAlgoPerf;
import jcuda.jcudnn.cudnnConvolutionBwdFilterAlgo;
import jcuda.jcudnn.cudnnConvolutionBwdFilterAlgoPerf;
import jcuda.jcudnn.cudnnConvolutionFwdAlgo;
import jcuda.jcudnn.cudnnConvolutionFwdAlgoPerf;
import jcuda.jcudnn.cudnnHandle;
import separable.spec.Pass;

/** What cuDNN has three of: the calls of a pass. They return cuDNN's status, or throw JCudnn's exception where the application wants those. */
enum ConvPass {

    FORWARD(Pass.FORWARD, cudnnConvolutionFwdAlgo.CUDNN_CONVOLUTION_FWD_ALGO_COUNT, Set.of()) {
        @Override
        String cudnnName(int algorithm) {
            return cudnnConvolutionFwdAlgo.stringFor(algorithm);
        }

        @Override
        int heuristics(cudnnHandle handle, Descriptors d, List<Integer> accepted) {
            int[] count = new int[1];
            cudnnConvolutionFwdAlgoPerf[] found = new cudnnConvolutionFwdAlgoPerf[ANSWERS];
            for (int i = 0; i < ANSWERS; i++) {
                found[i] = new cudnnConvolutionFwdAlgoPerf();
            }
            int status = JCudnn.cudnnGetConvolutionForwardAlgorithm_v7(handle, d.x, d.w, d.convolution, d.y, ANSWERS, count, found);
            for (int i = 0; status == Status.SUCCESS && i < count[0]; i++) {
                accept(found[i].algo, found[i].status, accepted);
            }
            return status;
        }

        @Override
        int workspace(cudnnHandle handle, Descriptors d, int algorithm, long[] bytes) {
            return JCudnn.cudnnGetConvolutionForwardWorkspaceSize(handle, d.x, d.w, d.convolution, d.y, algorithm, bytes);
        }

        @Override
        int run(cudnnHandle handle, Descriptors d, int algorithm, Scale scale, Pointer x, Pointer w, Pointer y, Pointer workspace, long bytes) {
            return JCudnn.cudnnConvolutionForward(handle, scale.one(), d.x, x, d.w, w, d.convolution, algorithm, workspace, bytes,
                    scale.zero(), d.y, y);
        }
    },

    BACKWARD_DATA(Pass.BACKWARD_DATA, cudnnConvolutionBwdDataAlgo.CUDNN_CONVOLUTION_BWD_DATA_ALGO_COUNT,
            Set.of(cudnnConvolutionBwdDataAlgo.CUDNN_CONVOLUTION_BWD_DATA_ALGO_0)) {
        @Override
        String cudnnName(int algorithm) {
            return cudnnConvolutionBwdDataAlgo.stringFor(algorithm);
        }

        @Override
        int heuristics(cudnnHandle handle, Descriptors d, List<Integer> accepted) {
            int[] count = new int[1];
            cudnnConvolutionBwdDataAlgoPerf[] found = new cudnnConvolutionBwdDataAlgoPerf[ANSWERS];
            for (int i = 0; i < ANSWERS; i++) {
                found[i] = new cudnnConvolutionBwdDataAlgoPerf();
            }
            int status = JCudnn.cudnnGetConvolutionBackwardDataAlgorithm_v7(handle, d.w, d.y, d.convolution, d.x, ANSWERS, count, found);
            for (int i = 0; status == Status.SUCCESS && i < count[0]; i++) {
                accept(found[i].algo, found[i].status, accepted);
            }
            return status;
        }

        @Override
        int workspace(cudnnHandle handle, Descriptors d, int algorithm, long[] bytes) {
            return JCudnn.cudnnGetConvolutionBackwardDataWorkspaceSize(handle, d.w, d.y, d.convolution, d.x, algorithm, bytes);
        }

        @Override
        int run(cudnnHandle handle, Descriptors d, int algorithm, Scale scale, Pointer dy, Pointer w, Pointer dx, Pointer workspace, long bytes) {
            return JCudnn.cudnnConvolutionBackwardData(handle, scale.one(), d.w, w, d.y, dy, d.convolution, algorithm, workspace, bytes,
                    scale.zero(), d.x, dx);
        }
    },

    BACKWARD_FILTER(Pass.BACKWARD_FILTER, cudnnConvolutionBwdFilterAlgo.CUDNN_CONVOLUTION_BWD_FILTER_ALGO_COUNT,
            Set.of(cudnnConvolutionBwdFilterAlgo.CUDNN_CONVOLUTION_BWD_FILTER_ALGO_0,
                    cudnnConvolutionBwdFilterAlgo.CUDNN_CONVOLUTION_BWD_FILTER_ALGO_3)) {
        @Override
        String cudnnName(int algorithm) {
            return cudnnConvolutionBwdFilterAlgo.stringFor(algorithm);
        }

        @Override
        int heuristics(cudnnHandle handle, Descriptors d, List<Integer> accepted) {
            int[] count = new int[1];
            cudnnConvolutionBwdFilterAlgoPerf[] found = new cudnnConvolutionBwdFilterAlgoPerf[ANSWERS];
            for (int i = 0; i < ANSWERS; i++) {
                found[i] = new cudnnConvolutionBwdFilterAlgoPerf();
            }
            int status = JCudnn.cudnnGetConvolutionBackwardFilterAlgorithm_v7(handle, d.x, d.y, d.convolution, d.w, ANSWERS, count, found);
            for (int i = 0; status == Status.SUCCESS && i < count[0]; i++) {
                accept(found[i].algo, found[i].status, accepted);
            }
            return status;
        }

        @Override
        int workspace(cudnnHandle handle, Descriptors d, int algorithm, long[] bytes) {
            return JCudnn.cudnnGetConvolutionBackwardFilterWorkspaceSize(handle, d.x, d.y, d.convolution, d.w, algorithm, bytes);
        }

        @Override
        int run(cudnnHandle handle, Descriptors d, int algorithm, Scale scale, Pointer x, Pointer dy, Pointer dw, Pointer workspace, long bytes) {
            return JCudnn.cudnnConvolutionBackwardFilter(handle, scale.one(), d.x, x, d.y, dy, d.convolution, algorithm, workspace, bytes,
                    scale.zero(), d.w, dw);
        }
    };

    /** Room for more answers than any pass has algorithms: the heuristics may name one several times, with other mathematics. */
    private static final int ANSWERS = 32;

    final Pass pass;
    /** cuDNN numbers its algorithms from 0 to below this. */
    final int algorithms;
    /** Those that add with atomics and so in any order, as the manual says. */
    private final Set<Integer> nondeterministic;

    ConvPass(Pass pass, int algorithms, Set<Integer> nondeterministic) {
        this.pass = pass;
        this.algorithms = algorithms;
        this.nondeterministic = nondeterministic;
    }

    static ConvPass of(Pass pass) {
        return values()[pass.ordinal()];
    }

    /** JCudnn's name for an algorithm, as in {@code CUDNN_CONVOLUTION_FWD_ALGO_GEMM}. */
    abstract String cudnnName(int algorithm);

    /** Adds what cuDNN's rules of thumb take for suitable, the fastest first. */
    abstract int heuristics(cudnnHandle handle, Descriptors d, List<Integer> accepted);

    /** Bytes of workspace, or a status that says that the algorithm cannot compute this. */
    abstract int workspace(cudnnHandle handle, Descriptors d, int algorithm, long[] bytes);

    /** Enqueues; a, b and out as the pass has them: x w y, dy w dx, x dy dw. */
    abstract int run(cudnnHandle handle, Descriptors d, int algorithm, Scale scale, Pointer a, Pointer b, Pointer out, Pointer workspace, long bytes);

    private static void accept(int algorithm, int status, List<Integer> accepted) {
        if (status == Status.SUCCESS && !accepted.contains(algorithm)) {
            accepted.add(algorithm);
        }
    }

    /** All numbers, in cuDNN's order. */
    List<Integer> everyAlgorithm() {
        List<Integer> numbers = new ArrayList<>();
        for (int i = 0; i < algorithms; i++) {
            numbers.add(i);
        }
        return numbers;
    }

    boolean isDeterministic(int algorithm) {
        return !nondeterministic.contains(algorithm);
    }

    /** {@code implicit_precomp_gemm}; {@code algo1} where cuDNN has but a number. */
    String name(int algorithm) {
        String name = cudnnName(algorithm);
        String last = name.substring(name.indexOf("_ALGO_") + "_ALGO_".length()).toLowerCase(Locale.ROOT);
        return Character.isDigit(last.charAt(0)) ? "algo" + last : last;
    }
}
