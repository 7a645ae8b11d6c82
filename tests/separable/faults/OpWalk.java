package separable.faults;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.function.Supplier;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUstream;
import separable.device.Device;
import separable.device.DeviceBuffer;
import separable.kernel.StepState;

/**
 * The operations of one op class: making it on a given device and on the current context, closing it, and its passes. They are named
 * {@code new Class...}, {@code Class.close} and {@code Class.method...}, by which {@link WalkedCallsTest} finds what is missing.
 */
final class OpWalk<T extends AutoCloseable> {

    /** Elements of every operand: more than any op here needs. */
    static final int OPERAND = 1024;

    /** Values of every output that are looked at. */
    private static final int SEEN = 64;

    /** What passes are given, each in an allocation of its own: inputs, outputs, zeros, the state of a first step, scratch memory. */
    static final class Operands {
        final CUdeviceptr a;
        final CUdeviceptr b;
        final CUdeviceptr c;
        final CUdeviceptr d;
        final CUdeviceptr e;
        final CUdeviceptr out;
        final CUdeviceptr out2;
        final CUdeviceptr out3;
        final CUdeviceptr zeros;
        final CUdeviceptr state;
        final CUdeviceptr workspace;
        final CUdeviceptr tickets;
        final CUstream stream;
        private final List<DeviceBuffer> outputs = new ArrayList<>();

        Operands(Workplace place) {
            a = place.floats(OPERAND).pointer();
            b = place.floats(OPERAND).pointer();
            c = place.floats(OPERAND).pointer();
            d = place.floats(OPERAND).pointer();
            e = place.floats(OPERAND).pointer();
            out = output(place);
            out2 = output(place);
            out3 = output(place);
            zeros = place.zeros(OPERAND * Float.BYTES);
            StepState first = place.keep(new StepState(place.device));
            first.write(StepState.Values.epoch(1, 0, 4, 0.5f, 2));
            state = first.pointer();
            workspace = place.zeros(1 << 16);
            tickets = place.zeros(1 << 10);
            stream = place.stream.handle();
        }

        private CUdeviceptr output(Workplace place) {
            DeviceBuffer buffer = place.floats(OPERAND);
            outputs.add(buffer);
            return buffer.pointer();
        }

        private Object numbers() {
            float[] all = new float[SEEN * outputs.size()];
            for (int at = 0; at < outputs.size(); at++) {
                System.arraycopy(outputs.get(at).readFloats(0, SEEN), 0, all, at * SEEN, SEEN);
            }
            return all;
        }
    }

    interface Pass<T> {
        void enqueue(T op, Operands at);
    }

    interface Answer<T> {
        Object to(T op, Operands at, Workplace place);
    }

    private final List<Operation> all;
    private final String name;
    private final String word;
    private final Function<Device, T> onDevice;

    /**
     * @param all  where the operations go
     * @param word behind every name, to tell problems of one class apart; else empty
     */
    OpWalk(List<Operation> all, Class<T> type, String word, Function<Device, T> onDevice, Supplier<T> onCurrent) {
        this.all = all;
        this.name = type.getSimpleName();
        this.word = word;
        this.onDevice = onDevice;
        making("new " + name + word, onDevice);
        making("new " + name + word + " on the current context", device -> onCurrent.get());
        all.add(closing(name + word + ".close", place -> onCurrent.get()));
    }

    /** A question left unanswered, whether the context still exists, does not keep an owner from closing. */
    static Operation closing(String name, Function<Workplace, AutoCloseable> maker) {
        return Operation.forgiving(name, place -> {
            AutoCloseable owner = place.keep(maker.apply(place));
            return () -> {
                owner.close();
                place.device.synchronize();
                return () -> place.device.openResources().size();
            };
        });
    }

    private void making(String operation, Function<Device, T> maker) {
        all.add(new Operation(operation, place -> () -> {
            T made = place.keep(maker.apply(place.device));
            return () -> made.getClass().getSimpleName();
        }));
    }

    /** @param method the public method's name; where several bear it, with a word that tells them apart */
    OpWalk<T> pass(String method, Pass<T> pass) {
        all.add(new Operation(name + "." + method + word, place -> {
            T op = place.keep(onDevice.apply(place.device));
            Operands at = new Operands(place);
            return () -> {
                pass.enqueue(op, at);
                return at::numbers;
            };
        }));
        return this;
    }

    /** A call that gives its answer itself. */
    OpWalk<T> answer(String method, Answer<T> answer) {
        all.add(new Operation(name + "." + method + word, place -> {
            T op = place.keep(onDevice.apply(place.device));
            Operands at = new Operands(place);
            return () -> {
                Object given = answer.to(op, at, place);
                return () -> given;
            };
        }));
        return this;
    }
}
