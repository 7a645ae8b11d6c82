# From the output of `ptxas -v`, a line for each kernel: architecture,kernel,registers,stack,spilled,shared. A kernel's part begins
# with "Compiling entry function"; functions that it calls, not inlined, have properties of their own in it.

# The number before `unit` in this line, or 0.
function number(unit,    words) {
    if (!match($0, "[0-9]+ " unit)) return 0
    split(substr($0, RSTART, RLENGTH), words, " ")
    return words[1]
}

function row() {
    if (kernel != "") print architecture "," kernel "," registers "," stack "," spilled "," shared
    kernel = ""
}

/Compiling entry function/ {
    row()
    split($0, quoted, "'")
    kernel = quoted[2]
    architecture = quoted[4]
    sub(/^sm_/, "", architecture)
    registers = stack = spilled = shared = 0
}
/bytes stack frame/ {
    stack += number("bytes stack frame")
    spilled += number("bytes spill stores") + number("bytes spill loads")
}
/Used [0-9]+ registers/ {
    registers = number("registers")
    shared = number("bytes smem")
}
END { row() }
