# From the table of kernels, a line for each architecture: how many, the most registers, and which use memory of a thread's own.
BEGIN { FS = "," }
NR > 1 && !($1 in kernels) { order[++architectures] = $1 }
NR > 1 {
    ++kernels[$1]
    if ($3 > most[$1]) { most[$1] = $3 + 0; widest[$1] = $2 }
    if ($4 + $5 > 0) {
        ++local[$1]
        named[$1] = named[$1] "\n    " $2 ": " $4 " bytes of stack, " $5 " bytes spilled"
    }
}
END {
    for (at = 1; at <= architectures; ++at) {
        each = order[at]
        printf "sm_%s: %d kernel%s, at most %d registers (%s), ", each, kernels[each], kernels[each] == 1 ? "" : "s", most[each], widest[each]
        if (local[each]) printf "%d with a stack or spills:%s\n", local[each], named[each]
        else print "no stack, nothing spilled"
    }
}
