package separable.device;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUstream;
import jcuda.driver.JCudaDriver;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import separable.testing.DeviceExtension;

/** Launches of {@code add_f32(a, b, y, vectors)}: y = a + b over vectors of eight. */
@ExtendWith(DeviceExtension.class)
class LaunchTest {

    private static final int VECTORS = 3;
    private static final int BYTES = VECTORS * 8 * Float.BYTES;

    private Kernel add;
    private DeviceBuffer a;
    private DeviceBuffer b;
    private DeviceBuffer y;

    @BeforeEach
    void open(Device device) {
        add = device.kernel("add_f32");
        a = device.allocate(BYTES, "a");
        b = device.allocate(BYTES, "b");
        y = device.allocate(BYTES, "y");
        a.write(values(1));
        b.write(values(100));
        y.fill((byte) -1);
    }

    private static float[] values(float scale) {
        float[] values = new float[VECTORS * 8];
        for (int i = 0; i < values.length; i++) {
            values[i] = scale * i;
        }
        return values;
    }

    private Launch adding() {
        return add.launch().grid(1, 1, 1).block(32).describe("sum of 3 vectors").pointer().pointer().pointer().i32(VECTORS);
    }

    @Test
    void computesWithThePointersOfEachEnqueue(Stream stream) {
        Launch launch = adding();
        launch.enqueue(stream.handle(), a.pointer(), b.pointer(), y.pointer());
        assertThat(y.readFloats(0, VECTORS * 8)).containsExactly(values(101));
        launch.enqueue(stream, b.pointer(), y.pointer(), a.pointer());
        assertThat(a.readFloats(0, VECTORS * 8)).containsExactly(values(201));
    }

    @Test
    void takesPointersAndStreamsOfOthers(Device device) {
        CUdeviceptr foreign = new CUdeviceptr();
        assertThat(JCudaDriver.cuMemAlloc(foreign, BYTES + 64)).isZero();
        CUstream stream = new CUstream();
        assertThat(JCudaDriver.cuStreamCreate(stream, 0)).isZero();
        adding().enqueue(stream, a.pointer(), b.pointer(), foreign.withByteOffset(64));
        assertThat(JCudaDriver.cuMemcpyDtoDAsync(y.pointer(), foreign.withByteOffset(64), BYTES, stream)).isZero();
        assertThat(y.readFloats(0, VECTORS * 8)).containsExactly(values(101));
        assertThat(JCudaDriver.cuStreamDestroy(stream)).isZero();
        assertThat(JCudaDriver.cuMemFree(foreign)).isZero();
    }

    @Test
    void isCapturedWithItsPointers(Stream stream) {
        Launch launch = adding();
        CapturedGraph graph = stream.capture(() -> {
            launch.enqueue(stream.handle(), a.pointer(), b.pointer(), y.pointer());
            launch.enqueue(stream.handle(), y.pointer(), b.pointer(), y.pointer());
        });
        assertThat(graph.nodes()).isEqualTo(2);
        assertThat(stream.inspect(() -> launch.enqueue(stream.handle(), a.pointer(), b.pointer(), y.pointer()))).isEqualTo(new GraphNodes(1, 0, 0, 0));
        graph.launch(stream);
        assertThat(y.readFloats(0, VECTORS * 8)).containsExactly(values(201));
    }

    @Test
    void repeatedEnqueuesAllocateNextToNothing(Stream stream) {
        Launch launch = adding();
        CUstream handle = stream.handle();
        CUdeviceptr first = a.pointer();
        CUdeviceptr second = b.pointer();
        CUdeviceptr third = y.pointer();
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        Runnable thousand = () -> {
            for (int i = 0; i < 1000; i++) {
                launch.enqueue(handle, first, second, third);
            }
        };
        thousand.run();
        stream.synchronize();
        long before = threads.getCurrentThreadAllocatedBytes();
        thousand.run();
        long allocated = threads.getCurrentThreadAllocatedBytes() - before;
        stream.synchronize();
        assertThat(allocated).as("bytes on the heap for 1000 launches").isLessThan(1000);
    }

    @Test
    void manyLaunchesKeepTheirArgumentsApart(Stream stream) {
        List<Launch> launches = new ArrayList<>();
        for (int i = 0; i < 200; i++) {
            launches.add(adding());
        }
        launches.get(199).enqueue(stream, a.pointer(), b.pointer(), y.pointer());
        launches.get(0).enqueue(stream, y.pointer(), b.pointer(), y.pointer());
        assertThat(y.readFloats(0, VECTORS * 8)).containsExactly(values(201));
    }

    @Test
    void argumentMemoryOfForgottenLaunchesIsUsedAgain() throws InterruptedException {
        ArgumentPool pool = new ArgumentPool();
        Set<ArgumentPool.Block> first = Collections.newSetFromMap(new IdentityHashMap<>());
        for (int i = 0; i < ArgumentPool.BLOCKS_PER_CHUNK; i++) {
            first.add(pool.take(new Object()));
        }
        boolean again = false;
        for (int attempt = 0; attempt < 1000 && !again; attempt++) {
            System.gc();
            Thread.sleep(1);
            again = !first.add(pool.take(new Object()));
        }
        pool.close();
        assertThat(again).isTrue();
    }

    @Test
    void wrongNumbersOfPointersAreRefused(Stream stream) {
        Launch launch = adding();
        assertThatThrownBy(() -> launch.enqueue(stream.handle(), a.pointer(), b.pointer()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("kernel add_f32 (sum of 3 vectors) on a grid of 1x1x1 blocks of 32 threads: it takes 3 pointers, and 2 were given");
        assertThatThrownBy(() -> launch.enqueue(stream.handle(), a.pointer(), b.pointer(), y.pointer(), y.pointer()))
                .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("it takes 3 pointers, and 4 were given");
    }

    @Test
    void gridsAndBlocksBeyondTheLimitsAreRefused(Device device) {
        assertThatThrownBy(() -> add.launch().grid(1, 65536, 1)).isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("kernel add_f32 on a grid of 1x65536x1");
        assertThatThrownBy(() -> add.launch().grid(1, 1, 65536)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> add.launch().grid(0, 1, 1)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> add.launch().block(add.maxThreads() + 1)).isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("from 1 to " + add.maxThreads() + " threads a block");
        assertThatThrownBy(() -> add.launch().block(0)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> add.launch().sharedBytes(device.sharedMemoryPerBlock() + 1))
                .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("bytes of dynamic shared memory");
        add.launch().grid(Integer.MAX_VALUE, 65535, 65535).sharedBytes(device.sharedMemoryPerBlock() - add.sharedBytes());
    }

    @Test
    void tooManyArgumentsAreRefused() {
        Launch launch = add.launch();
        for (int i = 0; i < ArgumentPool.SLOTS; i++) {
            launch.i64(i);
        }
        assertThatThrownBy(() -> launch.f32(1)).isInstanceOf(IllegalArgumentException.class).hasMessageContaining("at most 32 arguments");
    }

    @Test
    void aLaunchOnceEnqueuedIsFixed(Stream stream) {
        Launch launch = adding();
        launch.enqueue(stream.handle(), a.pointer(), b.pointer(), y.pointer());
        assertThatThrownBy(() -> launch.i32(1)).isInstanceOf(IllegalStateException.class).hasMessageContaining("describe a new launch");
        assertThatThrownBy(() -> launch.grid(2, 1, 1)).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void kernelsKnowThemselves(Device device) {
        assertThat(add.name()).isEqualTo("add_f32");
        assertThat(add.maxThreads()).isGreaterThanOrEqualTo(256);
        assertThat(add.registers()).isGreaterThanOrEqualTo(0);
        assertThat(add.localBytes()).isGreaterThanOrEqualTo(0);
        assertThat(add.occupancy(256, 0)).isPositive();
        assertThat(device.kernel("add_f32")).isSameAs(add);
        assertThatThrownBy(() -> device.kernel("no_such_kernel")).isInstanceOf(DeviceException.class)
                .hasMessageContaining("looking up kernel no_such_kernel in module 'separable': CUDA_ERROR_NOT_FOUND (");
    }

    @Test
    void damagedModulesAreRefused(Device device) {
        assertThatThrownBy(() -> device.load("no module at all".getBytes(StandardCharsets.US_ASCII), "nonsense"))
                .isInstanceOf(DeviceException.class).hasMessageContaining("loading module 'nonsense': CUDA_ERROR_")
                .hasMessageNotContaining("\n");
    }
}
