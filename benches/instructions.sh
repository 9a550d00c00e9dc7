#!/bin/sh
# Instructions a decision: benches/instructions.sh BENCHMARK INPUT MEASURE... (needs valgrind). The difference of two runs
# leaves out what starting costs.
set -eu
benchmark=$1 input=$2
shift 2
count() {
    valgrind --tool=callgrind --callgrind-out-file=/dev/null "$benchmark" --only "$input" "$1" "$2" 2>&1 |
        sed -n 's/.*Collected : //p'
}
for measure in "$@"; do
    few=$(count "$measure" 100)
    many=$(count "$measure" 1100)
    printf '%-20s %-20s %8d instructions\n' "$input" "$measure" $(((many - few) / 1000))
done
