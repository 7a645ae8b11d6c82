#!/bin/sh
# stage.sh FROM TO: copies the kernels' sources, each with a first line that names it without this machine's path.
# nvcc otherwise writes the absolute paths it reads from into the line tables of what it compiles.
set -eu
cd -- "$1"
for file in *.cu *.cuh; do
    { echo "#line 1 \"/separable/native/kernels/$file\""; cat "$file"; } >"$2/$file"
done
