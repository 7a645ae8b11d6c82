package separable.faults;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Supplier;
import java.util.logging.LogManager;
import separable.cudnn.CudnnException;
import separable.device.DeviceException;
import separable.device.Resource;
import separable.faults.FaultControl.Fault;
import separable.faults.FaultControl.Kind;

/**
 * Walks through operations: the first driver call of each fails, then the second, until it needs no more calls, for every kind of
 * fault. Each time the operation must end in a {@link DeviceException} with the code and the first failure's own text, give back
 * what it had made, and do its work when it is repeated; after a lost context, on a device opened anew.
 *
 * <p>{@link #main} walks through every n-th operation of a room's list, in a process that {@link FaultInjectionTest} starts with a
 * control file; it prints a line for each operation and ends with status 1 when anything was wrong.
 */
final class FaultWalk {

    /** Calls that give something back: when one of them fails, something must stay. */
    private static final Set<String> RELEASING = Set.of("cuMemFree", "cuMemFreeHost", "cuStreamDestroy", "cuEventDestroy", "cuGraphDestroy",
            "cuGraphExecDestroy", "cuModuleUnload", "cuDevicePrimaryCtxRelease", "cuCtxPopCurrent", "cuStreamEndCapture");

    private final FaultControl control;
    private final Operation operation;
    private final Fault fault;
    private final Health health;
    private long nth;

    /** What the operation does when nothing fails: its numbers, what is alive after it, and how many driver calls it makes. */
    private record Health(Object numbers, Map<String, Long> aliveAfter, long calls) {

        static Health of(Operation operation, FaultControl control) throws Exception {
            try (Workplace place = new Workplace()) {
                Operation.Action action = operation.preparation().at(place);
                long before = control.calls();
                Supplier<Object> numbers = action.run();
                long calls = control.calls() - before;
                Map<String, Long> alive = control.ledger();
                return new Health(numbers.get(), alive, calls);
            }
        }
    }

    private FaultWalk(FaultControl control, Operation operation, Fault fault, Health health) {
        this.control = control;
        this.operation = operation;
        this.fault = fault;
        this.health = health;
    }

    /** @param arguments the room, the first operation and the step to the next one */
    public static void main(String[] arguments) throws Exception {
        // Devices warn of what is left open in them: here on purpose.
        LogManager.getLogManager().reset();
        FaultControl control = new FaultControl();
        List<Operation> operations = Operations.of(arguments[0]);
        int wrong = 0;
        for (int at = Integer.parseInt(arguments[1]); at < operations.size(); at += Integer.parseInt(arguments[2])) {
            wrong += walk(control, operations.get(at), arguments[0]);
        }
        System.exit(wrong == 0 ? 0 : 1);
    }

    /** @return faults that ended wrongly */
    private static int walk(FaultControl control, Operation operation, String list) throws Exception {
        Health health = Health.of(operation, control);
        List<String> wrong = new ArrayList<>();
        for (Fault fault : Operations.faultsOf(list)) {
            new FaultWalk(control, operation, fault, health).walk(fault.isSticky() ? Operations.strideOf(list) : 1, wrong);
        }
        System.out.println(operation.name() + ": " + health.calls() + " calls");
        wrong.forEach(System.out::println);
        return wrong.size();
    }

    /** @param stride of calls between those that fail, at least */
    private void walk(int stride, List<String> wrong) {
        long step = Math.max(stride, (health.calls() + operation.mostTurns() - 1) / operation.mostTurns());
        nth = 1;
        while (turn(wrong)) {
            nth += step;
        }
    }

    /** Twice as many calls as without faults: more are a loop that never ends. */
    private boolean mayGoOn() {
        return nth <= 2 * health.calls() + 1;
    }

    /** One fault. @return whether the operation makes so many calls */
    private boolean turn(List<String> wrong) {
        try {
            boolean hit = failAndRepeat();
            require(control.ledger().isEmpty(), "left behind " + control.ledger());
            return hit && mayGoOn();
        } catch (Exception | AssertionError e) {
            wrong.add("  " + fault + " at call " + nth + " (" + control.hit() + "): " + e + where(e));
            return mayGoOn();
        }
    }

    private boolean failAndRepeat() throws Exception {
        Workplace place = new Workplace();
        Throwable failure;
        boolean hit;
        try {
            Operation.Action action = operation.preparation().at(place);
            List<Resource> open = place.device.openResources();
            Map<String, Long> alive = control.ledger();
            Supplier<Object> numbers = null;
            failure = null;
            control.arm(fault, nth);
            try {
                numbers = action.run();
                if (fault.kind == Kind.LATER) {
                    place.device.synchronize();
                }
            } catch (Exception | Error e) {
                failure = e;
            }
            hit = control.disarm();
            if (failure == null) {
                require(!hit || fault.kind == Kind.CALL && operation.forgiving(), "ended well");
                requireRight(numbers);
            } else {
                requireDocumented(failure, hit);
                if (!fault.isSticky()) {
                    requireNothingNew(open, alive, place);
                    Supplier<Object> again = action.run();
                    require(!closes() || control.ledger().equals(health.aliveAfter()), "closed again, alive are " + control.ledger() + " and not " + health.aliveAfter());
                    requireRight(again);
                }
            }
        } finally {
            closeAfter(place);
        }
        if (hit && fault.isSticky()) {
            repeatOnNewDevice();
        }
        return hit;
    }

    private void repeatOnNewDevice() throws Exception {
        require(control.ledger().isEmpty(), "the lost context left behind " + control.ledger());
        try (Workplace place = new Workplace()) {
            requireRight(operation.preparation().at(place).run());
        }
    }

    /** After a lost context nothing can be given back in order; otherwise everything must be. */
    private void closeAfter(Workplace place) {
        try {
            place.close();
        } catch (DeviceException e) {
            if (!fault.isSticky()) {
                throw e;
            }
            requireDocumented(e, true);
        }
    }

    private boolean closes() {
        return operation.name().endsWith(".close");
    }

    /** A handle that the driver does not know is an argument's fault when the question was about that argument. */
    private boolean isArgumentRefused(Throwable failure) {
        return failure instanceof IllegalArgumentException && fault == Fault.INVALID_HANDLE && control.hit().equals("cuStreamGetCtx")
                && failure.getMessage().contains("argument stream cannot be used (CUDA_ERROR_INVALID_HANDLE");
    }

    /** A driver call that cuDNN made is told in cuDNN's words. */
    private static boolean isCudnns(Throwable failure) {
        return failure instanceof CudnnException && failure.getMessage().matches(
                ".+: (CUDNN_STATUS_\\w+ \\(\\d+\\)|cuDNN refused, and JCudnn lost the status); .+");
    }

    private void requireDocumented(Throwable failure, boolean hit) {
        require(hit, "failed by itself: " + failure);
        if (isArgumentRefused(failure) || isCudnns(failure)) {
            return;
        }
        require(failure instanceof DeviceException, "ended in " + failure);
        DeviceException e = (DeviceException) failure;
        require(e.code() == fault.code, "code " + e.code() + " instead of " + fault.code);
        require(e.getMessage().contains("injected into "), "another cause is told: " + e.getMessage());
        require(!e.getMessage().contains("\n"), "more than a line: " + e.getMessage());
        if (fault.kind == Kind.CALL) {
            require(e.getMessage().contains("injected into " + control.hit()), "another cause is told: " + e.getMessage());
        }
        boolean releases = e.getMessage().matches("(freeing|closing|unloading|releasing|discarding) .*");
        if (fault.kind == Kind.CONTEXT && releases && !closes()) {
            require(RELEASING.contains(control.hit()) || inClose(e), "the first failure is hidden: " + e.getMessage());
        }
        for (Throwable suppressed : e.getSuppressed()) {
            require(suppressed instanceof DeviceException || isCudnns(suppressed), "suppressed " + suppressed);
        }
    }

    /** Whether it comes from the end of the turn, and not from the operation. */
    private static boolean inClose(Throwable e) {
        return Arrays.stream(e.getStackTrace()).anyMatch(frame -> frame.getMethodName().equals("closeAfter"));
    }

    private void requireNothingNew(List<Resource> open, Map<String, Long> alive, Workplace place) {
        if (RELEASING.contains(control.hit()) || closes()) {
            // Of what a close has begun to give back, its repetition gives back the rest.
            return;
        }
        require(place.device.openResources().equals(open), "left open " + place.device.openResources());
        for (String kind : List.of("bytes on the device", "allocations", "streams", "events", "graphs", "executable graphs", "contexts")) {
            require(Objects.equals(control.ledger().get(kind), alive.get(kind)), "left " + kind + ": " + control.ledger() + " after " + alive);
        }
    }

    private void requireRight(Supplier<Object> numbers) {
        Object got = numbers.get();
        require(Objects.deepEquals(got, health.numbers()), "wrong numbers: " + text(got) + " instead of " + text(health.numbers()));
    }

    private static String text(Object numbers) {
        return numbers instanceof float[] floats ? Arrays.toString(Arrays.copyOf(floats, Math.min(8, floats.length))) : String.valueOf(numbers);
    }

    private static void require(boolean condition, String otherwise) {
        if (!condition) {
            throw new AssertionError(otherwise);
        }
    }

    private static String where(Throwable e) {
        return e instanceof AssertionError ? "" : " " + Arrays.stream(e.getStackTrace()).limit(6).map(Object::toString).toList();
    }
}
