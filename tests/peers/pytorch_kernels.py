"""PyTorch's convolutions on the shapes that `./separable bench kernels` measured, and both side by side.

    python3 tests/peers/pytorch_kernels.py OUT/kernels.csv [--out OUT/pytorch.csv] [--table OUT/table.md]
                                           [--rounds 20] [--seconds 2] [--threads N]

Reads shapes, passes and precisions from kernels.csv and times aten's convolution in channels_last and contiguous, on the
GPU when there is one. A gradient is asked for alone, the other one is not computed. cuDNN may search for its best algorithm;
fp32 is fp32, without TF32. Writes a CSV of its own and prints a table in Markdown. --seconds is the most the samples of a row
may take.

On a GPU the times are taken as separable.tune.Stopwatch takes ours: warm-up, calls captured in CUDA graphs and each graph
launched once, an event before and one after a launch, the two layouts in turn with one wait a round, operands that rotate
through three times the L2 cache, medians and quartiles. Calls under 50 us are captured in groups that last a millisecond, of 512
calls at most. Longer ones are captured too, where ours are enqueued one by one: torch's dispatch takes tens of microseconds and
is no part of its kernels. On the CPU a sample is a loop of as many calls between two readings of the clock.

Only the half for the CPU has ever been run (PyTorch 1.13). What is under on_gpu and in GpuLane is written for PyTorch 2 and has
met no GPU yet: look at its first figures with care.
"""
import argparse
import collections
import contextlib
import csv
import math
import pathlib
import statistics
import sys
import time

import torch

LAYOUTS = {"channels_last": torch.channels_last, "contiguous": torch.contiguous_format}
TYPES = {"fp32": torch.float32, "tf32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}
PROBLEM = ["name", "kind", "count", "n", "h", "w", "c", "k", "kernel", "stride", "dilation", "padding", "groups", "precision", "pass"]
COLUMNS = PROBLEM + ["memory_format", "median_us", "low_us", "high_us", "rounds", "failure"]
WARM_UP = 3
# Calls captured to estimate what one takes.
PROBE = 10
# As in separable.tune.Stopwatch, whose comments say why.
SHORT_US = 50
GROUP_US = 1000
LARGEST_GROUP = 512
# As in separable.tune.Workbench.
CACHE_MULTIPLE = 3
MOST_SETS = 4096
# For a torch that does not tell: more than any GPU has.
LARGEST_L2 = 128 << 20


def group_of(estimate):
    """Calls in a sample, for a call of so many microseconds."""
    return 1 if estimate >= SHORT_US else min(LARGEST_GROUP, math.ceil(GROUP_US / max(estimate, 1)))


class CpuLane:
    """One layout's calls, one an operand set, and its samples in microseconds a call."""

    def __init__(self, calls, rounds):
        self.calls, self.samples, self.group, self.next = calls, [], 1, 0
        self.group = group_of(min(self._sample() for _ in range(WARM_UP)))

    def _sample(self):
        turns = [(self.next + run) % len(self.calls) for run in range(self.group)]
        self.next = (self.next + self.group) % len(self.calls)
        began = time.perf_counter()
        for turn in turns:
            self.calls[turn]()
        return 1e6 * (time.perf_counter() - began) / self.group

    def enqueue_sample(self):
        self.samples.append(self._sample())

    def read_sample(self):
        """Nothing to wait for."""


class GpuLane:
    """One layout's calls, one an operand set, captured; and its samples in microseconds a call. Works in the current stream."""

    def __init__(self, calls, rounds):
        self.calls, self.samples, self.next = calls, [], 0
        # Alive until every other set has had its turn, so that results lie in different places as operands do.
        self.results = collections.deque(maxlen=len(calls))
        # One pool for all graphs: they run one after the other, and a workspace of cuDNN's can be large.
        self.pool = torch.cuda.graph_pool_handle()
        self.begin, self.end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        # cuDNN's search and everything lazy happens here: none of it may be captured.
        for turn in range(WARM_UP):
            calls[turn % len(calls)]()
        # Kept as long as the others: a pool ends with the last graph that uses it.
        self.probe = self._capture(0, PROBE)
        self.probe.replay()
        # Never more graphs than rounds: each would be captured to be launched once.
        self.group = max(group_of(self._probed()), math.ceil(len(calls) / rounds))
        self.graphs = [self._capture(first, self.group) for first in range(0, len(calls), self.group)]
        for graph in self.graphs:
            graph.replay()
        torch.cuda.synchronize()

    def _capture(self, first, count):
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, pool=self.pool, stream=torch.cuda.current_stream()):
            for run in range(count):
                self.results.append(self.calls[(first + run) % len(self.calls)]())
        return graph

    def _probed(self):
        self.begin.record()
        self.probe.replay()
        self.end.record()
        self.end.synchronize()
        return 1e3 * self.begin.elapsed_time(self.end) / PROBE

    def enqueue_sample(self):
        self.begin.record()
        self.graphs[self.next].replay()
        self.end.record()
        self.next = (self.next + 1) % len(self.graphs)

    def read_sample(self):
        self.end.synchronize()
        self.samples.append(1e3 * self.begin.elapsed_time(self.end) / self.group)


def l2_bytes(on_gpu):
    if not on_gpu:
        return 0
    return getattr(torch.cuda.get_device_properties(0), "L2_cache_size", LARGEST_L2)


def rows_of(path):
    with open(path, newline="") as file:
        lines = [line for line in file if not line.startswith("#")]
    return list(csv.DictReader(lines))


def comments_of(path):
    """The lines above the columns that say what was measured where, without paths of the machine."""
    with open(path) as file:
        lines = [line[2:].rstrip("\n") for line in file if line.startswith("#")]
    return [line for line in lines if ": none: " not in line and not line.startswith(("command:", "whole:"))]


def call_of(row, device, layout):
    """A function that computes the row's pass from fresh operands, and the bytes of those operands."""
    n, h, w, c, k, stride, dilation, groups = (int(row[key]) for key in ["n", "h", "w", "c", "k", "stride", "dilation", "groups"])
    height, width = map(int, row["kernel"].split("x"))
    top, left, bottom, right = map(int, row["padding"].split("/"))
    if (top, left) != (bottom, right):
        raise ValueError("torch pads both sides alike")
    kind, form = TYPES[row["precision"]], LAYOUTS[layout]

    def random(*shape):
        return torch.randn(*shape, device=device).to(kind).to(memory_format=form)

    x, filters = random(n, c, h, w), random(k, c // groups, height, width)
    arguments = [[stride, stride], [top, left], [dilation, dilation], False, [0, 0], groups]
    y = torch.ops.aten.convolution(x, filters, None, *arguments)
    size = sum(t.numel() * t.element_size() for t in (x, filters, y))
    if row["pass"] == "forward":
        return lambda: torch.ops.aten.convolution(x, filters, None, *arguments), size
    dy = random(*y.shape)
    mask = [row["pass"] == "data", row["pass"] == "filter", False]
    return lambda: torch.ops.aten.convolution_backward(dy, x, filters, None, *arguments, mask), size


def calls_of(row, device, layout, on_gpu):
    """Calls over as many operand sets as it takes for each to find a cold cache."""
    first, size = call_of(row, device, layout)
    sets = max(1, min(MOST_SETS, math.ceil(CACHE_MULTIPLE * l2_bytes(on_gpu) / size)))
    return [first] + [call_of(row, device, layout)[0] for _ in range(sets - 1)]


def measure(row, device, on_gpu, rounds, seconds):
    """Samples by layout, or the reason why there are none."""
    lanes, failures = {}, {}
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = row["precision"] == "tf32"
    for layout in LAYOUTS:
        try:
            lanes[layout] = (GpuLane if on_gpu else CpuLane)(calls_of(row, device, layout, on_gpu), rounds)
        except (RuntimeError, ValueError) as error:
            failures[layout] = str(error).splitlines()[0]
    order, began = list(lanes.values()), time.time()
    for turn in range(rounds):
        for place in range(len(order)):
            order[(turn + place) % len(order)].enqueue_sample()
        for lane in order:
            lane.read_sample()
        if time.time() - began > seconds:
            break
    return {layout: lane.samples for layout, lane in lanes.items()}, failures


def quartiles(values):
    if len(values) == 1:
        return values[0], values[0], values[0]
    return tuple(statistics.quantiles(values, n=4, method="inclusive"))


def measured(rows, options, on_gpu):
    """A row of COLUMNS for every row and layout."""
    device, results = torch.device("cuda" if on_gpu else "cpu"), []
    for at, row in enumerate(rows):
        if sys.stderr.isatty():
            print(f"\r{at + 1}/{len(rows)} {row['name']} {row['pass']} {row['precision']}".ljust(70), end="", file=sys.stderr, flush=True)
        times, failures = measure(row, device, on_gpu, options.rounds, options.seconds)
        for layout in LAYOUTS:
            result = {key: row[key] for key in PROBLEM} | {"memory_format": layout, "failure": failures.get(layout, "")}
            if layout in times:
                low, median, high = quartiles(times[layout])
                result |= {"median_us": f"{median:.6g}", "low_us": f"{low:.6g}", "high_us": f"{high:.6g}", "rounds": len(times[layout])}
            results.append(result)
    return results


def table(ours, theirs, comments, title):
    """Markdown: our best, cuDNN's and torch's two layouts, and how many times as fast as torch's better one ours is."""
    median = {(tuple(row[key] for key in PROBLEM), row["memory_format"]): float(row["median_us"]) for row in theirs if row.get("median_us")}
    lines = [f"# {title}", ""] + [f"- {comment}" for comment in comments] + [
        "", "Microseconds a call; the ratio is the better of torch's two by our best.", "",
        "| shape | x | pass | precision | ours | cuDNN | torch channels_last | torch contiguous | ratio |", "|---|--:|---|---|--:|--:|--:|--:|--:|"]
    ratios = {}
    for row in ours:
        times = [median.get((tuple(row[key] for key in PROBLEM), layout)) for layout in LAYOUTS]
        cells = [figure(float(row["best_us"])), figure(float(row["cudnn_us"])) if row["cudnn_us"] else "-"] + [figure(t) for t in times]
        known = [t for t in times if t]
        ratio = min(known) / float(row["best_us"]) if known else None
        if ratio:
            ratios.setdefault((row["precision"], row["kind"]), []).append(ratio)
        lines.append(f"| {row['name']} | {row['count']} | {row['pass']} | {row['precision']} | " + " | ".join(cells)
                     + f" | {f'{ratio:.2f}' if ratio else '-'} |")
    lines += ["", "Median ratios: " + "; ".join(f"{precision} {kind} {statistics.median(values):.2f} of {len(values)} rows"
                                               for (precision, kind), values in ratios.items()) + "."]
    return "\n".join(lines) + "\n"


def figure(microseconds):
    return "-" if microseconds is None else f"{microseconds:.1f}" if microseconds < 1000 else f"{microseconds:.0f}"


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("kernels", type=pathlib.Path, help="kernels.csv of ./separable bench kernels")
    arguments.add_argument("--out", type=pathlib.Path, help="CSV to write (default: pytorch.csv beside kernels.csv)")
    arguments.add_argument("--table", type=pathlib.Path, help="Markdown file to write the table to (default: it is printed)")
    arguments.add_argument("--rounds", type=int, default=20)
    arguments.add_argument("--seconds", type=float, default=2)
    arguments.add_argument("--threads", type=int, default=torch.get_num_threads(), help="of the CPU, where there is no GPU")
    options = arguments.parse_args()
    if options.rounds < 1:
        arguments.error(f"--rounds {options.rounds}: must be at least 1")
    on_gpu = torch.cuda.is_available()
    torch.set_num_threads(options.threads)
    torch.manual_seed(1)
    torch.backends.cuda.matmul.allow_tf32 = False

    ours = rows_of(options.kernels)
    if not ours:
        sys.exit(f"pytorch_kernels.py: {options.kernels}: holds no rows")
    # A stream of its own: the default one cannot be captured.
    with torch.cuda.stream(torch.cuda.Stream()) if on_gpu else contextlib.nullcontext():
        theirs = measured(ours, options, on_gpu)
    device = torch.cuda.get_device_name(0) if on_gpu else f"CPU, {options.threads} threads"
    out = options.out or options.kernels.parent / "pytorch.csv"
    with open(out, "w", newline="") as file:
        file.write(f"# torch {torch.__version__} on {device}\n")
        writer = csv.DictWriter(file, COLUMNS, restval="")
        writer.writeheader()
        writer.writerows(theirs)
    text = table(ours, theirs, comments_of(options.kernels) + [f"torch {torch.__version__} on {device}"], "Kernels beside PyTorch's")
    if options.table:
        options.table.write_text(text)
    else:
        print(text)


if __name__ == "__main__":
    main()
