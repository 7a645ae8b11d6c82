package separable.bench;

import java.util.ArrayList;
import java.util.List;
import separable.device.Closing;
import separable.device.Device;
import separable.device.Event;
import separable.device.Stream;
import separable.graph.Plan;
import separable.graph.PlannedOp;
import separable.tune.Timing;

/**
 * The time of every op of a plan, in the order of a run, so that each finds in the caches what those before it left there. Ops are launched
 * one by one with an event between them, which a captured step does without: what is short seems longer here than it is there.
 */
final class LaunchTimes implements AutoCloseable {

    private final Plan plan;
    private final List<PlannedOp> ops;
    /** Before the first op and after each. */
    private final List<Event> events = new ArrayList<>();

    LaunchTimes(Device device, Plan plan) {
        this.plan = plan;
        this.ops = plan.ops();
        try {
            for (int at = 0; at <= ops.size(); at++) {
                events.add(device.newEvent());
            }
        } catch (RuntimeException failure) {
            throw Closing.after(failure, events);
        }
    }

    /** @param samples runs of the plan. What the plan reads must be there */
    List<LaunchRow> time(Stream stream, int samples) {
        double[][] microseconds = new double[ops.size()][samples];
        for (int sample = 0; sample < samples; sample++) {
            run(stream);
            for (int at = 0; at < ops.size(); at++) {
                microseconds[at][sample] = 1e3 * events.get(at + 1).millisecondsSince(events.get(at));
            }
        }
        List<LaunchRow> rows = new ArrayList<>();
        for (int at = 0; at < ops.size(); at++) {
            rows.add(new LaunchRow(ops.get(at), Timing.of(microseconds[at], 1)));
        }
        return rows;
    }

    private void run(Stream stream) {
        stream.record(events.get(0));
        for (int at = 0; at < ops.size(); at++) {
            plan.enqueue(at, stream);
            stream.record(events.get(at + 1));
        }
        events.get(ops.size()).synchronize();
    }

    @Override
    public void close() {
        Closing.all(events);
    }
}
