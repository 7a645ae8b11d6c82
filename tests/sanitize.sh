#!/usr/bin/env bash
# tests/sanitize.sh [--tools T,T] [--limit SECONDS] [--out DIR]: the kernels under compute-sanitizer, on a GPU. A line for each tool, and
# what it said in DIR/TOOL.log. Ends with 1 when a tool finds something, cannot run or does not come to its end.
#
#   --tools  memcheck, racecheck, initcheck, synccheck (default: the first three)
#   --limit  seconds for all tools together (default: 570); what then runs is cut off
#   --out    folder for the logs (default: target/sanitize)
#
# Two things are run. The replay launches every kernel with arguments that were recorded, in buffers of just their size, without a JVM:
# for memcheck, racecheck and synccheck. Its buffers begin as zeros, so initcheck gets training steps instead, plain and fused, whose
# arenas hold nothing until a kernel writes there; memcheck gets them too.
#
# COMPUTE_SANITIZER names the tool's program, else it is looked for on PATH and in /usr/local/cuda/bin. REPLAY is the replay's command, and
# SEPARABLE the one that runs ours, words split at spaces, where they are not built here:
#   REPLAY="DIR/replay_fatbin DIR/launches.txt DIR/kernels.fatbin"   SEPARABLE="java -cp CLASSES:JARS separable.cli.Main"
set -euo pipefail

tests=$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")
home=$(dirname -- "$tests")
fail() { echo "sanitize.sh: $*" >&2; exit "${status:-1}"; }

tools=memcheck,racecheck,initcheck limit=570 out=$home/target/sanitize
while (( $# )); do
    case $1 in
        --tools | --limit | --out) [[ -n ${2:-} ]] || status=2 fail "$1 needs a value" ;;
        *) status=2 fail "unknown option '$1': see the head of $tests/sanitize.sh" ;;
    esac
    case $1 in
        --tools) tools=$2 ;;
        --limit) limit=$2 ;;
        --out) out=$2 ;;
    esac
    shift 2
done
IFS=, read -ra chosen <<<"$tools"
for tool in "${chosen[@]}"; do
    [[ $tool =~ ^(mem|race|init|sync)check$ ]] || status=2 fail "unknown tool '$tool': use memcheck, racecheck, initcheck or synccheck"
done
[[ $limit =~ ^[1-9][0-9]*$ ]] || status=2 fail "--limit takes whole seconds, not '$limit'"

native=$home/target/native
read -ra replay <<<"${REPLAY:-$native/replay_fatbin $tests/native/launches.txt $native/resources/separable/native/kernels.fatbin}"
read -ra ours <<<"${SEPARABLE:-$home/separable}"
step=("${ours[@]}" bench step --model mobilenet-v2 --resolution 32 --batch 4 --precision bf16 --schedule plain,fused
    --warm-up 3 --samples 1 --seconds 0.001)

sanitizer=${COMPUTE_SANITIZER:-$(command -v compute-sanitizer || echo /usr/local/cuda/bin/compute-sanitizer)}
command -v "$sanitizer" >/dev/null \
    || fail "compute-sanitizer is neither on PATH nor in /usr/local/cuda/bin: install the CUDA toolkit, or name it in COMPUTE_SANITIZER"
mkdir -p -- "$out"

# examine TOOL COMMAND...: appends to the tool's log; succeeds when the command did and the tool came to an end without a finding.
examine() {
    local tool=$1 log=$out/$1.log part=$out/$1.part left=$(( limit - SECONDS )) status=0
    shift
    (( left > 0 )) || { echo "not begun within $limit s" >>"$log"; return 1; }
    # What the driver answers to calls is for the tests to see. The status tells findings from a command that failed.
    timeout -k 5 "$left" "$sanitizer" --tool "$tool" --error-exitcode 99 --report-api-errors no --target-processes all "$@" >"$part" 2>&1 || status=$?
    case $status in
        0 | 99) ;;
        124 | 137) echo "cut off after $limit s" >>"$part" ;;
        *) echo "ended with status $status" >>"$part" ;;
    esac
    cat -- "$part" >>"$log"
    local clean=1
    (( status == 0 )) && grep -qE "$summary 0 " "$part" && ! grep -qE "$summary [1-9]" "$part" || clean=0
    rm -- "$part"
    (( clean ))
}
summary='^=+ +(ERROR|RACECHECK) SUMMARY:'

# check TOOL: all it has to run, and its line.
check() {
    local tool=$1 log=$out/$1.log began=$SECONDS clean=1 said
    : >"$log"
    if [[ $tool != initcheck ]]; then examine "$tool" "${replay[@]}" || clean=0; fi
    if [[ $tool == memcheck || $tool == initcheck ]]; then examine "$tool" "${step[@]}" || clean=0; fi
    said=$(grep -E "$summary|^cut off|^not begun|^ended with" "$log" | sed -E 's/^=+ *//' | paste -sd ';' | sed 's/;/; /g')
    echo "$tool: ${said:-no summary}, $(( SECONDS - began )) s, $log"
    (( clean ))
}

found=0
for tool in "${chosen[@]}"; do
    check "$tool" || found=1
done
exit "$found"
