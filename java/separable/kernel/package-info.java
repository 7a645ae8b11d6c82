/**
 * One class an op, for Java GPU code that exists already: JCuda's {@code CUdeviceptr} in, its {@code CUstream} in, and nothing of
 * Separable around it.
 *
 * <h2>Life</h2>
 * An op is made once for a problem, a {@link separable.spec.ConvSpec} or a {@link separable.spec.Shape} and a
 * {@link separable.spec.DType}, and called any number of times. The constructors without a {@link separable.device.Device} take the
 * CUDA context that is current on the calling thread: one made by {@code cuCtxCreate}, or the primary one, in which the CUDA
 * runtime and cuDNN work. It stays its maker's. The kernels are loaded into it with the first op and unloaded with the close of
 * the last one; nothing else is left there. Only while such ops are open does a static registry hold the contexts they borrow, so that
 * all ops of one context share its kernels. Close ops before the context; a close after it logs a warning and does no harm.
 * Constructors may load and allocate: they belong outside captures and loops.
 *
 * <h2>Layouts</h2>
 * The convolutions take a {@link separable.spec.Layout}, and their {@code supports} says which. All other ops store channels last, each
 * pixel rounded up to a multiple of 8 channels: with C % 8 == 0, NHWC and PADDED_NHWC are one layout in memory, and both are
 * right. A {@link separable.spec.Shape} knows its bytes. Surplus channels must be zero, and are left zero.
 *
 * <p>A convolution that a class does not compute is refused when the op is made, with the reason. Whoever does not want to choose
 * takes {@code separable.tune.Convolution}, which runs any problem: by these classes, by cuDNN, or by
 * {@link separable.kernel.GenericConv}.
 *
 * <h2>Streams and captures</h2>
 * Every method enqueues one kernel, at most with a memset before it, and returns: no copy, no allocation, no waiting. Any stream of the
 * context will do, {@code new CUstream()} being the default one. The methods are legal while the stream captures, in any mode.
 *
 * <h2>Workspace and tickets</h2>
 * Sums over many pixels are split over blocks, and the block that comes last adds the parts in order, so that a repeated call gives
 * the same bits. The parts lie in a workspace of the caller's: {@code workspaceBytes()} of any content, free for others after the call.
 * Who came last is counted by tickets: {@code tickets()} ints, zero before the first use and left zero. The convolutions also take a
 * workspace alone and clear the tickets in it:
 *
 * <!-- snippet tests/separable/DropInExampleTest.java filter-gradient -->
 * <pre>{@code
 * static void filterGradient(ConvSpec spec, CUdeviceptr x, CUdeviceptr dy, CUdeviceptr dw, CUstream stream) {
 *     try (DepthwiseConv depthwise = new DepthwiseConv(spec, DType.BF16)) {
 *         CUdeviceptr workspace = new CUdeviceptr();
 *         cuMemAlloc(workspace, depthwise.workspaceBytes());
 *         for (int step = 0; step < 3; step++) {
 *             depthwise.backwardFilter(x, dy, dw, workspace, stream);
 *         }
 *         cuStreamSynchronize(stream);
 *         cuMemFree(workspace);
 *     }
 * }
 * }</pre>
 *
 * <h2>Addresses of other bindings</h2>
 * {@link separable.device.Handles} makes JCuda's types from numbers:
 *
 * <!-- snippet tests/separable/DropInExampleTest.java raw-addresses -->
 * <pre>{@code
 * static void normalise(Shape shape, long x, long stats, long gamma, long beta, long stream) {
 *     try (BatchNorm norm = new BatchNorm(shape, DType.F32, Activation.RELU6, 1e-5f, 0.1f)) {
 *         CUdeviceptr inPlace = Handles.pointer(x);
 *         norm.forward(inPlace, Handles.pointer(stats), Handles.pointer(gamma), Handles.pointer(beta), inPlace, Handles.stream(stream));
 *     }
 * }
 * }</pre>
 *
 * <h2>Errors</h2>
 * Before anything is enqueued a call refuses, naming op and argument: with {@link java.lang.IllegalArgumentException} a pointer that is
 * null, misaligned, freed, too short, in host memory or in another context, an output that overlaps another argument (unless the
 * method says it may be the same), and a stream of another context; with {@link java.lang.IllegalStateException} a call after close,
 * after the device was closed, or on a thread where the context is not current. The driver is asked only about addresses and
 * streams that differ from the previous call's, so that a repeated call costs a few comparisons: memory freed in between goes unseen,
 * and on a thread where the context is not current the driver alone refuses it. What the driver refuses ends in
 * {@link separable.device.DeviceException}, whether JCuda's own exceptions are switched on or off; that switch is never touched.
 *
 * <h2>Threads</h2>
 * An op belongs to one thread at a time. Any number of ops may work in any number of threads, streams and contexts.
 */
package separable.kernel;
