#!/usr/bin/env bash
# tests/peers/run.sh [--tiny] [--precision P] [--schedule S] [--modes M,M] [--limit SECONDS] [--out DIR]: our training steps and
# PyTorch's side by side on the same machine: MobileNetV1 and V2 at 224x224 with batch 256, and at 32x32 with batches 128 and 1024. Prints the
# table of ratios and writes it to tests/peers/results/DATE-steps-DEVICE.md, or to DIR.
#
#   --tiny       32x32 with batch 4 alone, few samples: to see that both run; on the emulated device it says nothing about a GPU
#   --precision  bf16 (default), fp32 or tf32
#   --schedule   of ours, as bench step takes it (default: fused)
#   --modes      of PyTorch's: eager,compile,graph,max-autotune (default: the first three; the last searches for minutes a network)
#   --limit      PyTorch's modes that have not begun after so many seconds are left out (default: 360), which keeps all within ten minutes
#   --out        folder for the table and the figures (step-*.json, pytorch-*.json), which a run that is cut off leaves there
#
# PYTHON names a Python with torch, torchvision and timm; python3 unless set. SEPARABLE is the command that runs ours where there is no
# JDK to build it, its words split at spaces: SEPARABLE="java -cp CLASSES:JARS separable.cli.Main"; ./separable unless set.
set -euo pipefail

peers=$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")
home=$(dirname -- "$(dirname -- "$peers")")
fail() { echo "run.sh: $*" >&2; exit "${status:-1}"; }

tiny='' precision=bf16 schedule=fused modes=eager,compile,graph limit=360 out=''
while (( $# )); do
    case $1 in
        --tiny) tiny=1; shift; continue ;;
        --precision | --schedule | --modes | --limit | --out) [[ -n ${2:-} ]] || status=2 fail "$1 needs a value" ;;
        *) status=2 fail "unknown option '$1': see the head of $peers/run.sh" ;;
    esac
    case $1 in
        --precision) precision=$2 ;;
        --schedule) schedule=$2 ;;
        --modes) modes=$2 ;;
        --limit) limit=$2 ;;
        --out) out=$2 ;;
    esac
    shift 2
done

read -ra ours <<<"${SEPARABLE:-$home/separable}"
python=${PYTHON:-python3}
"$python" -c 'import torch' 2>/dev/null || fail "$python has no torch: install it (Debian: python3-torch), or name another in PYTHON"
if [[ -n $out ]]; then
    results=$out
    mkdir -p -- "$results"
else
    results=$(mktemp -d)
    trap 'rm -rf -- "$results"' EXIT
fi

networks=mobilenet-v1,mobilenet-v2
# measure NAME RESOLUTION BATCHES [OPTION...]: the options go to both sides.
measure() {
    local name=$1 resolution=$2 batches=$3
    shift 3
    "${ours[@]}" bench step --model "$networks" --resolution "$resolution" --batch "$batches" --precision "$precision" --schedule "$schedule" \
        --json "$results/step-$name.json" "$@"
    "$python" "$peers/pytorch_step.py" --model "$networks" --resolution "$resolution" --batch "$batches" --precision "$precision" \
        --mode "$modes" --limit "$(( limit > SECONDS ? limit - SECONDS : 1 ))" --json "$results/pytorch-$name.json" "$@"
}

if [[ -n $tiny ]]; then
    measure 32 32 4 --samples 3 --seconds 0.1 --warm-up 3
else
    measure 224 224 256
    measure 32 32 128,1024
fi
"$python" "$peers/step_table.py" --ours "$results"/step-*.json --pytorch "$results"/pytorch-*.json --out "$results/table.md"
if [[ -n $out ]]; then
    echo "$out/table.md"
else
    device=$("$python" -c 'import json, re, sys; print(re.sub("[^a-z0-9]+", "-", json.load(open(sys.argv[1]))["device"].lower()))' \
        "$(find "$results" -name 'step-*.json' -print -quit)")
    table=$peers/results/$(date +%Y-%m-%d)-steps-$device.md
    mv -- "$results/table.md" "$table"
    echo "$table"
fi
