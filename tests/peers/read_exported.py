"""Loads what `separable export` wrote into the library it is for, and counts the hits there on CIFAR-10's test pictures.

    ./separable export --weights RUN --names torchvision --out FILE
    PYTHONPATH=FOLDER_WITH_TIMM_OR_ONNX /usr/bin/python3 tests/peers/read_exported.py RUN FILE CIFAR10_FOLDER

FILE is a safetensors file under torchvision's or timm's names, loaded strictly, or one of ONNX, fed with normalised pictures.
The last line of the run, "test accuracy 0.xxxx (N of M), loss L", is what it should come to.
"""
import json
import os
import sys

import numpy as np
import torch

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "fixtures"))
import safetensors_file  # noqa: E402

BATCH = 100


def torch_model(config, tensors):
    shape, classes = config["model"], config["model"]["classes"]
    if "conv_stem.weight" in tensors:
        import timm
        build = getattr(timm.models.efficientnet, "_gen_" + shape["name"].replace("-", "").replace("mobilenet", "mobilenet_"))
        model = build(shape["name"].replace("-", "") + "_100", shape["width"], num_classes=classes, in_chans=shape["inputChannels"])
        stem = model.conv_stem
    else:
        import torchvision
        model = torchvision.models.mobilenet_v2(num_classes=classes, width_mult=shape["width"])
        stem = model.features[0][0]
    stem.stride = (shape["stemStride"],) * 2
    model.load_state_dict({name: torch.from_numpy(np.array(value)) for name, value in tensors.items()}, strict=True)
    model.eval()
    return lambda x: model(torch.from_numpy(x)).numpy()


def onnx_model(file):
    from onnx import checker, load
    from onnx.reference import ReferenceEvaluator
    model = load(file)
    checker.check_model(model, full_check=True)
    session = ReferenceEvaluator(model)
    return lambda x: session.run(None, {"input": x})[0]


def main(run, file, data):
    with open(os.path.join(run, "config.json")) as text:
        config = json.load(text)
    model = onnx_model(file) if file.endswith(".onnx") else torch_model(config, safetensors_file.read(file)[0])
    records = np.fromfile(os.path.join(data, "test_batch.bin"), np.uint8).reshape(-1, 3073)
    labels, pixels = records[:, 0].astype(int), records[:, 1:].reshape(-1, 3, 32, 32)
    mean, deviation = (np.array(config["recipe"]["input"][key], np.float32).reshape(1, -1, 1, 1) for key in ("mean", "deviation"))
    hits, loss = 0, 0.0
    with torch.no_grad():
        for at in range(0, len(labels), BATCH):
            logits = model((pixels[at:at + BATCH].astype(np.float32) / 255 - mean) / deviation).astype(np.float64)
            chosen = labels[at:at + BATCH]
            hits += int((logits.argmax(1) == chosen).sum())
            loss += float((np.log(np.exp(logits).sum(1)) - logits[np.arange(len(chosen)), chosen]).sum())
    print(f"{file}: accuracy {hits / len(labels):.4f} ({hits} of {len(labels)}), loss {loss / len(labels):.4f}")


if __name__ == "__main__":
    main(*sys.argv[1:])
