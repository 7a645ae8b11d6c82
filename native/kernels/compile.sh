#!/bin/sh
# compile.sh TABLE COMMAND...: runs an nvcc command that has `-Xptxas -v` in it, writes what ptxas says of each kernel to TABLE and
# prints a line for each architecture. Warnings and errors go to standard error, the rest of what ptxas prints nowhere.
#
# TABLE: architecture,kernel,registers,stack,spilled,shared, sorted; registers and bytes of stack of a thread, bytes a thread stores and
# loads for want of registers (counted where they stand in the code), bytes of static shared memory of a block.
set -eu
table=$1
shift
here=$(dirname -- "$0")
log=$table.log
"$@" 2>"$log" || {
    status=$?
    cat "$log" >&2
    exit "$status"
}
grep -v -e '^ptxas info' -e 'bytes stack frame' "$log" >&2 || true
{
    echo architecture,kernel,registers,stack,spilled,shared
    awk -f "$here/kernel_table.awk" "$log" | LC_ALL=C sort -t, -k1,1n -k2,2
} >"$table"
awk -f "$here/kernel_summary.awk" "$table"
