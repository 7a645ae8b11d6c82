"""Ours beside PyTorch's, a row a case in Markdown, from the files of `./separable bench step --json` and pytorch_step.py --json.

    python3 tests/peers/step_table.py --ours FILE... --pytorch FILE... [--out TABLE.md]

The ratio is our median rate over that of PyTorch's fastest mode; that of memory is our peak over the same mode's. Our peak is without the
data set that batches are gathered from: PyTorch's side has one batch and no data set. Cases that only one side has stay in the table,
without ratios.
"""
import argparse
import json
import pathlib
import re
import sys

CASE = ["model", "resolution", "batch", "precision"]
MODES = ["eager", "compile", "graph", "max-autotune"]
HEADER = ["network", "batch", "schedule", "ours, images/s", "quartiles", "ms", "kernels", "MB/image", "of copy", *(f"torch {mode}" for mode in MODES),
          "ratio to best", "peak GB", "torch's GB", "ratio"]


def case_of(row):
    return tuple(row[key] for key in CASE)


def read(files):
    return [json.loads(file.read_text()) for file in files]


def cell(value, form):
    return "-" if value is None else format(value, form)


def rate(images):
    """At least two digits."""
    return f"{images:.0f}" if images >= 100 else f"{images:.1f}"


def command(report):
    """Where its figures were put is nobody's business."""
    return re.sub(r" ?--json \S+", "", report["command"])


def reason(row):
    return "skipped" if "skipped" in row else "failed"


def line(row, peers):
    """One of our rows and those of PyTorch's that did the same."""
    measured = [peer for peer in peers.values() if "images_per_s" in peer]
    best = max(measured, key=lambda peer: peer["images_per_s"], default=None)
    moved = row["forward_bytes"] + row["backward_bytes"]
    theirs = best and best["peak_bytes"]
    peak = row["peak_bytes"] - row["picture_bytes"]
    rates = ["-" if mode not in peers else rate(peers[mode]["images_per_s"]) if "images_per_s" in peers[mode] else reason(peers[mode]) for mode in MODES]
    return [f"{row['model']} {row['resolution']} {row['precision']}", str(row["batch"]), row["schedule"], rate(row["images_per_s"]),
            f"{rate(row['images_per_s_low'])} to {rate(row['images_per_s_high'])}", f"{row['ms_per_step']:.3g}", cell(row["kernel_nodes"], "d"),
            f"{1e-6 * moved / row['batch']:.1f}", f"{row['copy_share']:.0%}", *rates,
            cell(best and row["images_per_s"] / best["images_per_s"], ".2f"), f"{1e-9 * peak:.2f}", cell(theirs and 1e-9 * theirs, ".2f"),
            cell(theirs and peak / theirs, ".2f")]


def notes(ours, peers):
    """Where and with what, and why a figure is missing."""
    for report in ours:
        yield f"ours: {report['date']}, {report['device']}, driver {report['driver']}, CUDA {report['cuda']}, separable {report['separable']}, commit " \
              f"{report['commit']}, Java {report['java']}, a copy at {rate(report['copy_gb_per_s'])} GB/s: `{command(report)}`"
    for report in peers:
        yield f"PyTorch: {report['date']}, {report['device']}, driver {report['driver']}, torch {report['torch']}, CUDA {report['cuda']}, cuDNN " \
              f"{report['cudnn']}, torchvision {report['torchvision']}, timm {report['timm']}: `pytorch_step.py {command(report)}`"
    missing = {}
    for report in peers:
        for row in report["rows"]:
            if "images_per_s" not in row:
                why = f"{row['mode']} of {row['model']}: {reason(row)}: {row.get('skipped', row.get('failure'))}"
                missing.setdefault(why, []).append(f"{row['resolution']} at {row['batch']}")
    for why, where in missing.items():
        yield f"{why} ({', '.join(where)})"


def table(ours, peers):
    rows = {}
    for report in peers:
        for row in report["rows"]:
            rows.setdefault(case_of(row), {})[row["mode"]] = row
    text = [f"**{warning}**" for warning in dict.fromkeys(report["warning"] for report in ours + peers if "warning" in report)]
    text += [""] if text else []
    text += ["| " + " | ".join(HEADER) + " |", "|---|" + "--:|" * (len(HEADER) - 1)]
    text += ["| " + " | ".join(line(row, rows.get(case_of(row), {}))) + " |" for report in ours for row in report["rows"]]
    return "\n".join([*text, "", *(f"- {note}" for note in notes(ours, peers))]) + "\n"


def main(arguments):
    parser = argparse.ArgumentParser(description="Ours beside PyTorch's, in Markdown.")
    parser.add_argument("--ours", type=pathlib.Path, nargs="+", required=True)
    parser.add_argument("--pytorch", type=pathlib.Path, nargs="+", required=True)
    parser.add_argument("--out", type=pathlib.Path)
    options = parser.parse_args(arguments)
    text = table(read(options.ours), read(options.pytorch))
    print(text, end="")
    if options.out:
        aside = options.out.with_name(options.out.name + ".part")
        aside.write_text(text)
        aside.replace(options.out)


if __name__ == "__main__":
    main(sys.argv[1:])
