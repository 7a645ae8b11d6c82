"""PyTorch's training steps, timed as `./separable bench step` times ours: the same networks, batches and rule, random data on the device.

    python3 tests/peers/pytorch_step.py [--model mobilenet-v1,mobilenet-v2] [--resolution 224] [--batch 256] [--precision bf16]
                                        [--mode eager,compile,graph,max-autotune] [--samples 20] [--seconds 0.2] [--warm-up 20]
                                        [--limit SECONDS] [--threads N] [--json FILE]

MobileNetV1 is timm's mobilenetv1_100, MobileNetV2 torchvision's mobilenet_v2; both in channels_last, with ImageNet's strides at every
resolution. A step is forward, loss, backward and SGD with momentum (fused=True where there is one). bf16 is autocast over an input that
is bf16 already; tf32 is fp32 with TF32 allowed for products and convolutions, fp32 is without. Modes:

    eager          as it is
    compile        network and loss through torch.compile
    graph          the same, and the whole step, optimizer included, captured in one CUDA graph
    max-autotune   torch.compile(mode="max-autotune"), which takes CUDA graphs too; reduce-overhead where that mode has none

Left out, to PyTorch's advantage: gathering and normalising a batch, and top-1 and top-5 counts, which ours have in every step.

On a GPU a sample is many steps between two CUDA events with one wait at its end; medians and quartiles of the samples. Peak memory is
torch.cuda.max_memory_allocated from before the network is made. --limit leaves out what has not begun after so many seconds. What a
machine lacks is left out and named in a line. Without a GPU the steps run on the CPU, timed by the clock, which says nothing about a GPU.

What runs only on a GPU is written for PyTorch 2.11 and has met none yet: look at its first figures with care.
"""
import argparse
import datetime
import gc
import importlib
import json
import math
import pathlib
import platform
import re
import sys
import time

import torch

MODELS = ["mobilenet-v1", "mobilenet-v2"]
MODES = ["eager", "compile", "graph", "max-autotune"]
PRECISIONS = ["fp32", "tf32", "bf16"]
CLASSES = 1000
# As in separable.bench.StepCase and StepBench.
LEARNING_RATE, MOMENTUM, WEIGHT_DECAY = 0.01, 0.9, 5e-4
FIRST_STEPS = 3
MOST_STEPS = 1000


class Skipped(Exception):
    """What this machine lacks, in words."""


def library(name):
    try:
        return importlib.import_module(name)
    except ImportError as missing:
        raise Skipped(f"{name} is not installed") from missing


def network(name):
    if name == "mobilenet-v1":
        return library("timm").create_model("mobilenetv1_100", pretrained=False, num_classes=CLASSES)
    return library("torchvision").models.mobilenet_v2(num_classes=CLASSES)


def graphs_mode():
    """The mode of torch.compile that searches most, if it takes CUDA graphs."""
    options = torch._inductor.list_mode_options("max-autotune")
    return "max-autotune" if options.get("triton.cudagraphs") else "reduce-overhead"


def compiled(function, mode):
    if not hasattr(torch, "compile"):
        raise Skipped(f"torch {torch.__version__} has no torch.compile")
    if mode == "max-autotune":
        return torch.compile(function, mode=graphs_mode(), dynamic=False)
    return torch.compile(function, dynamic=False)


class Step:
    """One network's training step in one mode."""

    def __init__(self, model, resolution, batch, precision, mode, device):
        on_gpu = device.type == "cuda"
        if not on_gpu and mode in ("graph", "max-autotune"):
            raise Skipped("CUDA graphs need a GPU")
        torch.manual_seed(1)
        torch.backends.cudnn.benchmark = True
        torch.backends.cudnn.allow_tf32 = precision == "tf32"
        torch.set_float32_matmul_precision("high" if precision == "tf32" else "highest")
        net = network(model).to(device).to(memory_format=torch.channels_last).train()
        kind = torch.bfloat16 if precision == "bf16" else torch.float32
        self.x = torch.randn(batch, 3, resolution, resolution, device=device).to(kind).contiguous(memory_format=torch.channels_last)
        self.y = torch.randint(CLASSES, (batch,), device=device)
        fused = {"fused": True} if on_gpu else {}
        self.rule = torch.optim.SGD(net.parameters(), lr=LEARNING_RATE, momentum=MOMENTUM, weight_decay=WEIGHT_DECAY, **fused)

        def loss_of(x, y):
            with torch.autocast(device.type, dtype=torch.bfloat16, enabled=precision == "bf16"):
                return torch.nn.functional.cross_entropy(net(x), y)

        self.loss_of = loss_of if mode == "eager" else compiled(loss_of, mode)
        self.marks = mode == "max-autotune"
        self.loss = None
        self.run = self._step
        if mode == "graph":
            self.run = self._captured()

    def _step(self):
        if self.marks:
            torch.compiler.cudagraph_mark_step_begin()
        loss = self.loss_of(self.x, self.y)
        loss.backward()
        self.rule.step()
        self.rule.zero_grad(set_to_none=True)
        self.loss = loss.detach()

    def _captured(self):
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(FIRST_STEPS):
                self._step()
        torch.cuda.current_stream().wait_stream(side)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            self._step()
        return graph.replay


def milliseconds(step, steps, device):
    """Of so many steps in a row."""
    if device.type != "cuda":
        began = time.perf_counter()
        for _ in range(steps):
            step.run()
        return 1e3 * (time.perf_counter() - began)
    begin, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
    begin.record()
    for _ in range(steps):
        step.run()
    end.record()
    end.synchronize()
    return begin.elapsed_time(end)


def quantile(ordered, share):
    """Between the two neighbours, in proportion."""
    place = share * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (place - below) * (ordered[above] - ordered[below])


def timed(step, batch, device, options):
    milliseconds(step, FIRST_STEPS, device)
    guess = milliseconds(step, options.warm_up, device) / options.warm_up
    group = max(1, min(MOST_STEPS, math.ceil(1e3 * options.seconds / guess)))
    samples = sorted(milliseconds(step, group, device) / group for _ in range(options.samples))
    low, median, high = (quantile(samples, share) for share in (0.25, 0.5, 0.75))
    return {"images_per_s": 1e3 * batch / median, "images_per_s_low": 1e3 * batch / high, "images_per_s_high": 1e3 * batch / low,
            "ms_per_step": median, "ms_per_step_low": low, "ms_per_step_high": high, "samples": len(samples), "steps_per_sample": group}


def forget():
    """What the mode before left: compiled code holds on to its network."""
    if hasattr(torch, "compile"):
        torch._dynamo.reset()
    gc.collect()


def measure(what, device, options):
    """The figures of one network in one mode."""
    on_gpu = device.type == "cuda"
    forget()
    before = 0
    if on_gpu:
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
    began = time.perf_counter()
    step = Step(**what, device=device)
    step.run()
    if on_gpu:
        torch.cuda.synchronize()
    first = time.perf_counter() - began
    figures = timed(step, what["batch"], device, options)
    loss = float(step.loss)
    if not math.isfinite(loss):
        raise ArithmeticError(f"the loss is {loss}: the times of such steps mean nothing")
    return {**figures, "first_step_s": first, "loss": loss, "peak_bytes": torch.cuda.max_memory_allocated() - before if on_gpu else None,
            "reserved_bytes": torch.cuda.max_memory_reserved() if on_gpu else None}


def attempt(what, device, options):
    """A row: figures, or why there are none. One mode that fails must not cost the others."""
    try:
        return {**what, **measure(what, device, options)}
    except Skipped as reason:
        return {**what, "skipped": str(reason)}
    except Exception as failure:
        return {**what, "failure": f"{type(failure).__name__}: {str(failure).splitlines()[0] if str(failure) else ''}"}


def version_of(name):
    try:
        return importlib.import_module(name).__version__
    except ImportError:
        return None


def driver():
    text = pathlib.Path("/proc/driver/nvidia/version")
    found = re.search(r"\d+\.\d+(\.\d+)?", text.read_text()) if text.is_file() else None
    return found.group() if found else "unknown"


def machine(device):
    on_gpu = device.type == "cuda"
    return {"date": datetime.datetime.now().astimezone().isoformat(timespec="seconds"),
            "device": torch.cuda.get_device_name() if on_gpu else f"CPU, {torch.get_num_threads()} threads", "driver": driver(),
            "cuda": torch.version.cuda if on_gpu else None, "cudnn": torch.backends.cudnn.version() if on_gpu else None,
            "python": platform.python_version(), "torch": torch.__version__, "torchvision": version_of("torchvision"), "timm": version_of("timm")}


def describe(row):
    name = f"{row['model']}, {row['resolution']}x{row['resolution']}, batch {row['batch']}, {row['precision']}, {row['mode']}"
    for reason in ("skipped", "failure"):
        if reason in row:
            return f"{name}: {reason}: {row[reason]}"
    peak = "" if row["peak_bytes"] is None else f", {row['peak_bytes'] / 1e9:.2f} GB at the peak"
    return (f"{name}: {row['images_per_s']:.1f} images/s ({row['images_per_s_low']:.1f} to {row['images_per_s_high']:.1f}), "
            f"{row['ms_per_step']:.2f} ms a step, {row['samples']} samples of {row['steps_per_sample']}{peak}, first step {row['first_step_s']:.0f} s")


def some_of(names):
    def parse(text):
        for each in text.split(","):
            if each not in names:
                raise argparse.ArgumentTypeError(f"'{each}': use {', '.join(names)}")
        return text.split(",")
    return parse


def positive(number):
    def parse(text):
        value = number(text)
        if not value > 0:
            raise argparse.ArgumentTypeError(f"{text}: must be above 0")
        return value
    return parse


def numbers(text):
    return [positive(int)(each) for each in text.split(",")]


def options_of(arguments):
    parser = argparse.ArgumentParser(description="PyTorch's training steps, timed as ours are.")
    parser.add_argument("--model", type=some_of(MODELS), default=MODELS)
    parser.add_argument("--resolution", type=numbers, default=[224])
    parser.add_argument("--batch", type=numbers, default=[256])
    parser.add_argument("--precision", type=some_of(PRECISIONS), default=["bf16"])
    parser.add_argument("--mode", type=some_of(MODES), default=MODES)
    parser.add_argument("--samples", type=positive(int), default=20)
    parser.add_argument("--seconds", type=positive(float), default=0.2)
    parser.add_argument("--warm-up", type=positive(int), default=20)
    parser.add_argument("--limit", type=positive(float), default=math.inf)
    parser.add_argument("--threads", type=positive(int))
    parser.add_argument("--json", type=pathlib.Path)
    return parser.parse_args(arguments)


def main(arguments):
    options = options_of(arguments)
    if options.threads:
        torch.set_num_threads(options.threads)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    report = {"version": 1, "command": " ".join(arguments), **machine(device), "rows": []}
    if device.type != "cuda":
        report["warning"] = "PyTorch on the CPU: these times mean nothing for a GPU"
        print(report["warning"])
    began = time.perf_counter()
    # The cheap modes of every network first: the limit then costs the slow ones.
    for mode in options.mode:
        for what in ({"model": model, "resolution": resolution, "batch": batch, "precision": precision, "mode": mode} for model in options.model
                     for resolution in options.resolution for batch in options.batch for precision in options.precision):
            late = time.perf_counter() - began > options.limit
            row = {**what, "skipped": f"--limit {options.limit:g} was over"} if late else attempt(what, device, options)
            print(describe(row), flush=True)
            report["rows"].append(row)
            if options.json:
                aside = options.json.with_name(options.json.name + ".part")
                aside.write_text(json.dumps(report, indent=2) + "\n")
                aside.replace(options.json)


if __name__ == "__main__":
    main(sys.argv[1:])
