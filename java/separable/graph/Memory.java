package separable.graph;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import jcuda.driver.CUdeviceptr;
import separable.device.Arena;
import separable.device.Closing;
import separable.device.Device;
import separable.device.DeviceBuffer;

/** A plan's memory: one arena for tensors and workspaces, one small buffer of tickets, and the way to every address. */
final class Memory implements AutoCloseable {

    private final String name;
    private final Parameters parameters;
    private final FoldedWeights folded;
    private final InPlace storage;
    private final ArenaLayout layout;
    private final Map<Tensor, Integer> blocks = new LinkedHashMap<>();
    private final Map<Integer, Integer> workspaces = new HashMap<>();
    private final Map<Integer, Integer> ticketOffsets = new HashMap<>();
    private final Arena arena;
    private final List<CUdeviceptr> addresses = new ArrayList<>();
    private Optional<DeviceBuffer> tickets = Optional.empty();
    private int ticketCount;
    private boolean open = true;

    /** @param folded the caller's, like {@code parameters} */
    Memory(Device device, Graph graph, Lifetimes lifetimes, List<Candidate> chosen, Parameters parameters, FoldedWeights folded,
           PlanOptions options) {
        this.name = graph.name();
        this.parameters = parameters;
        this.folded = folded;
        this.storage = options.reuseMemory() ? InPlace.of(graph, lifetimes) : InPlace.none();
        this.layout = layOut(graph, lifetimes, chosen, options);
        this.arena = new Arena(device, "arena of " + name, layout.bytes());
        try {
            for (int at = 0; at < layout.blocks().size(); at++) {
                ArenaLayout.Block block = layout.blocks().get(at);
                addresses.add(arena.slice(block.name(), layout.offset(at), block.bytes()));
            }
            placeTickets(chosen);
            if (ticketCount > 0) {
                DeviceBuffer buffer = device.allocate((long) ticketCount * Integer.BYTES, "tickets of " + name);
                tickets = Optional.of(buffer);
                buffer.zero();
            }
        } catch (RuntimeException failure) {
            throw Closing.after(failure, List.of(this));
        }
    }

    private ArenaLayout layOut(Graph graph, Lifetimes lifetimes, List<Candidate> chosen, PlanOptions options) {
        List<ArenaLayout.Block> placed = new ArrayList<>();
        Lifetimes.Span always = new Lifetimes.Span(-1, graph.ops().size());
        storage.spans(lifetimes).forEach((tensor, span) -> {
            blocks.put(tensor, placed.size());
            placed.add(new ArenaLayout.Block(tensor.toString(), tensor.bytes(), options.reuseMemory() ? span : always));
        });
        for (int at = 0; at < chosen.size(); at++) {
            long bytes = chosen.get(at).workspaceBytes();
            if (bytes > 0) {
                workspaces.put(at, placed.size());
                placed.add(new ArenaLayout.Block("workspace of " + graph.ops().get(at).name(), bytes, new Lifetimes.Span(at, at)));
            }
        }
        return ArenaLayout.of(placed);
    }

    /** Every op has its own: a ticket must be 0 whenever its op begins, whatever ran before. */
    private void placeTickets(List<Candidate> chosen) {
        for (int at = 0; at < chosen.size(); at++) {
            if (chosen.get(at).tickets() > 0) {
                ticketOffsets.put(at, ticketCount);
                ticketCount += chosen.get(at).tickets();
            }
        }
    }

    ArenaLayout layout() {
        return layout;
    }

    CUdeviceptr address(Tensor tensor) {
        requireOpen();
        return switch (tensor.role()) {
            case PARAMETER, FROZEN_PARAMETER -> parameters.weight(tensor.name(), tensor.type());
            case FOLDED_PARAMETER -> folded.address(tensor);
            case PARAMETER_GRADIENT -> parameters.gradient(tensor.name());
            case RUNNING -> parameters.running(tensor.name());
            case INPUT, LABELS, ACTIVATION, GRADIENT, STATISTICS, SUMS, PARTIALS -> addresses.get(block(tensor));
        };
    }

    private int block(Tensor tensor) {
        Integer block = blocks.get(storage.root(tensor));
        if (block == null) {
            throw new IllegalArgumentException(name + ": tensor '" + tensor + "' is not of this plan");
        }
        return block;
    }

    /** Null when the op asked for none. */
    CUdeviceptr workspace(int op) {
        Integer block = workspaces.get(op);
        return block == null ? null : addresses.get(block);
    }

    /** Null when the op asked for none. */
    CUdeviceptr tickets(int op) {
        Integer offset = ticketOffsets.get(op);
        return offset == null ? null : tickets.orElseThrow().at((long) offset * Integer.BYTES);
    }

    void write(Tensor tensor, byte[] values) {
        requireOpen();
        arena.buffer().write(layout.offset(block(tensor)), values);
    }

    void write(Tensor tensor, int[] values) {
        requireOpen();
        arena.buffer().write(layout.offset(block(tensor)), values);
    }

    byte[] read(Tensor tensor) {
        requireOpen();
        return arena.buffer().readBytes(layout.offset(block(tensor)), Math.toIntExact(tensor.bytes()));
    }

    /** Sets every byte of the arena, for tests that look for reads of what nobody wrote. */
    void fill(byte value) {
        requireOpen();
        arena.buffer().fill(value);
    }

    void requireOpen() {
        if (!open) {
            throw new IllegalStateException(name + ": the plan is closed");
        }
    }

    @Override
    public void close() {
        open = false;
        List<AutoCloseable> all = new ArrayList<>(List.of(arena));
        tickets.ifPresent(all::add);
        Closing.all(all);
    }
}
