"""Reads a folder of event files with TensorBoard's own reader and checks what a run writes: python3 read_tensorboard.py DIR

Needs the package tensorboard; run with 2.21.
"""
import struct
import sys

from tensorboard.backend.event_processing import event_accumulator
from tensorboard.plugins.hparams import plugin_data_pb2


def main(folder):
    reader = event_accumulator.EventAccumulator(folder, size_guidance={kind: 0 for kind in (
        event_accumulator.SCALARS, event_accumulator.HISTOGRAMS, event_accumulator.IMAGES)})
    reader.Reload()
    tags = reader.Tags()
    for tag in tags["scalars"]:
        points = reader.Scalars(tag)
        steps = [point.step for point in points]
        assert steps == sorted(set(steps)), f"{tag}: steps {steps}"
        print(f"scalar {tag}: {len(points)} points, last {points[-1].value:.4f} at step {points[-1].step}")
    for tag in tags["histograms"]:
        for point in reader.Histograms(tag):
            histogram = point.histogram_value
            assert histogram.num == sum(histogram.bucket), tag
            assert len(histogram.bucket) == len(histogram.bucket_limit), tag
    for tag in tags["images"]:
        for point in reader.Images(tag):
            width, height = struct.unpack(">II", point.encoded_image_string[16:24])
            assert (point.width, point.height) == (width, height), tag
    print(f"{len(tags['histograms'])} histograms, {len(tags['images'])} pictures")
    content = reader.SummaryMetadata("_hparams_/session_start_info").plugin_data.content
    started = plugin_data_pb2.HParamsPluginData.FromString(content).session_start_info
    assert started.hparams["recipe.batch"].number_value > 0
    print(f"{len(started.hparams)} hyper-parameters, optimizer {started.hparams['recipe.optimizer.name'].string_value}")


main(sys.argv[1])
