#!/usr/bin/env bash
# sanitize_test.sh SCRIPT: runs tests/sanitize.sh with a stand-in for compute-sanitizer, and looks at what it makes of its answers.
set -euo pipefail

here=$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")
script=$1
out=$(mktemp -d)
trap 'rm -rf -- "$out"' EXIT
export COMPUTE_SANITIZER=$here/compute-sanitizer REPLAY="echo replayed" SEPARABLE="echo stepped"

# expect STATUS PATTERN OPTION...: how the script ends and a line it prints.
expect() {
    local wanted=$1 pattern=$2 status=0 said
    shift 2
    said=$("$script" --out "$out" "$@" 2>&1) || status=$?
    if (( status != wanted )) || ! grep -qE -- "$pattern" <<<"$said"; then
        printf 'expected status %d and a line like "%s", got status %d and\n%s\n' "$wanted" "$pattern" "$status" "$said" >&2
        exit 1
    fi
}

expect 0 "^memcheck: ERROR SUMMARY: 0 errors; ERROR SUMMARY: 0 errors, [0-9]+ s, $out/memcheck.log$"
for name in memcheck:replayed memcheck:stepped racecheck:replayed initcheck:stepped; do
    grep -q "^${name#*:}" "$out/${name%:*}.log" || { echo "$name did not run" >&2; exit 1; }
done
if grep -q stepped "$out/racecheck.log"; then echo "racecheck ran a step" >&2; exit 1; fi
expect 0 '^synccheck: ERROR SUMMARY: 0 errors, ' --tools synccheck
FINDINGS=racecheck expect 1 '^racecheck: RACECHECK SUMMARY: 2 hazards'
FINDINGS=racecheck expect 1 '^initcheck: ERROR SUMMARY: 0 errors, '
FINDINGS=memcheck expect 1 '^memcheck: ERROR SUMMARY: 2 errors; ERROR SUMMARY: 2 errors, ' --tools memcheck
SILENT=initcheck expect 1 '^initcheck: no summary, ' --tools initcheck
SEPARABLE=false expect 1 '^memcheck: ERROR SUMMARY: 0 errors; ended with status 1, ' --tools memcheck
SLOW=memcheck expect 1 '^memcheck: cut off after 1 s; not begun within 1 s, ' --tools memcheck --limit 1
SLOW=memcheck expect 1 '^racecheck: not begun within 1 s, ' --tools memcheck,racecheck --limit 1
expect 2 "unknown tool 'leakcheck'" --tools leakcheck
expect 2 'unknown option' --what
expect 2 'whole seconds' --limit 1.5
COMPUTE_SANITIZER=/nowhere/it expect 1 'compute-sanitizer is neither'
