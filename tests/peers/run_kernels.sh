#!/usr/bin/env bash
# tests/peers/run_kernels.sh [OPTION...]: our kernels, cuDNN's and PyTorch's on one list of shapes, one after the other on the same
# machine. Options go to `./separable bench kernels`, but for --out. The table goes to tests/peers/results/DATE-kernels-SHAPES-DEVICE.md.
#
#   tests/peers/run_kernels.sh --shapes mobilenet-v2 --precision fp32,bf16
#
# PYTHON names a Python with torch; python3 unless set.
set -euo pipefail

peers=$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")
home=$(dirname -- "$(dirname -- "$peers")")
out=$(mktemp -d)
trap 'rm -rf -- "$out"' EXIT

"${PYTHON:-python3}" -c 'import torch' 2>/dev/null || {
    echo "run_kernels.sh: ${PYTHON:-python3} has no torch: install it (Debian: python3-torch), or name another in PYTHON" >&2
    exit 1
}
"$home/separable" bench kernels "$@" --out "$out/kernels"
# The shapes' own name keeps two runs of a day apart: "mobilenet-v2" from "# shapes: mobilenet-v2, width 1.0, ...".
field() { sed -n "s/^# $1: //p" "$out/kernels/kernels.csv"; }
shapes=$(basename "$(field shapes | sed 's/,.*//')")
device=$(field device | tr -cs '[:alnum:]\n' '-' | tr '[:upper:]' '[:lower:]')
table=$peers/results/$(date +%Y-%m-%d)-kernels-$shapes-$device.md
"${PYTHON:-python3}" "$peers/pytorch_kernels.py" "$out/kernels/kernels.csv" --table "$out/table.md"
mv -- "$out/table.md" "$table"
echo "$table"
