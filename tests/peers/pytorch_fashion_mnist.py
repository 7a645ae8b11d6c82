"""The main job in PyTorch on the CPU: MobileNetV1 0.25 at 28x28 on Fashion-MNIST, with the recipe of `./separable train`.

    python3 tests/peers/pytorch_fashion_mnist.py [--epochs 2] [--threads 2] [--seconds 0] [--layout channels_last|contiguous]

Prints images a second of training, the same way as Separable counts them (without evaluation), and the test accuracy.
With --seconds it stops after about that time and prints the speed alone. Needs Debian's python3-torch and
dataset-fashion-mnist.
"""
import argparse
import gzip
import math
import pathlib
import sys
import time

import numpy
import torch
from torch.nn import functional as F

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "fixtures"))
from networks import MobileNetV1  # noqa: E402

FOLDER = pathlib.Path("/usr/share/datasets/fashion-mnist")
BATCH, RATE, WARMUP_EPOCHS, DECAY = 64, 0.1, 0.25, 5e-4
MEAN, DEVIATION = 0.2860, 0.3530


def idx(name, header):
    with gzip.open(FOLDER / name) as file:
        return numpy.frombuffer(file.read(), numpy.uint8, offset=header)


def load(part):
    pictures = torch.from_numpy(idx(f"{part}-images-idx3-ubyte.gz", 16).reshape(-1, 1, 28, 28).copy())
    return pictures, torch.from_numpy(idx(f"{part}-labels-idx1-ubyte.gz", 8).astype(numpy.int64))


def normalised(pictures):
    return (pictures.float() / 255 - MEAN) / DEVIATION


def flipped(pictures):
    flip = torch.rand(len(pictures)) < 0.5
    pictures = pictures.clone()
    pictures[flip] = pictures[flip].flip(3)
    return pictures


def optimizer_of(model):
    """Decay on convolutions and the classifier's weights, but not on depthwise filters, batch norms and biases."""
    decayed, free = [], []
    for name, parameter in model.named_parameters():
        (free if parameter.ndim == 1 or "conv_dw" in name else decayed).append(parameter)
    groups = [{"params": decayed, "weight_decay": DECAY}, {"params": free, "weight_decay": 0.0}]
    return torch.optim.SGD(groups, lr=RATE, momentum=0.9, nesterov=True)


def rate_at(step, warmup, steps):
    if step < warmup:
        return RATE * (step + 1) / warmup
    return RATE * 0.5 * (1 + math.cos(math.pi * (step - warmup) / (steps - warmup)))


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--epochs", type=int, default=2)
    arguments.add_argument("--threads", type=int, default=2)
    arguments.add_argument("--seconds", type=float, default=0)
    arguments.add_argument("--layout", choices=["channels_last", "contiguous"], default="channels_last")
    options = arguments.parse_args()
    layout = {"channels_last": torch.channels_last, "contiguous": torch.contiguous_format}[options.layout]
    torch.set_num_threads(options.threads)
    torch.manual_seed(1)

    pictures, labels = load("train")
    model = MobileNetV1(0.25, 10, 1, 1, False, 1e-5, 0.1).to(memory_format=layout)
    optimizer = optimizer_of(model)
    a_epoch = len(pictures) // BATCH
    steps, warmup = options.epochs * a_epoch, int(WARMUP_EPOCHS * a_epoch)
    step, began = 0, time.time()
    while step < steps and not 0 < options.seconds < time.time() - began:
        if step % a_epoch == 0:
            order = torch.randperm(len(pictures))
        batch = order[step % a_epoch * BATCH:][:BATCH]
        for group in optimizer.param_groups:
            group["lr"] = rate_at(step, warmup, steps)
        x = normalised(flipped(pictures[batch])).to(memory_format=layout)
        loss = F.cross_entropy(model(x), labels[batch])
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        step += 1
    print(f"torch {torch.__version__}, {options.threads} threads, {options.layout}: {step * BATCH / (time.time() - began):.0f} images/s over {step} steps")
    if step == steps:
        model.eval()
        test, answers = load("t10k")
        with torch.no_grad():
            correct = sum((model(normalised(test[i:i + 500])).argmax(1) == answers[i:i + 500]).sum().item() for i in range(0, len(test), 500))
        print(f"test accuracy {correct / len(test):.4f} ({correct} of {len(test)})")


if __name__ == "__main__":
    main()
