#!/bin/sh
# Worlds with all faults, on all cores, for a long time. Usage: long.sh [SECONDS]
# [FIRST SEED]; B is the build folder. Stops at the first world in which something
# does not hold, whose seed and history it prints. The last line is "sim: N
# passed, N failed".
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/count.sh
B=${B:-build}
seconds=${1:-3600}; seed=${2:-1}
folder=$B/sim-long
chunk=500	# worlds of one process
start=$(date +%s)

mkdir -p "$folder" && rm -f "$folder"/* || exit 1
# One line of work after another for each core, until the time is over.
work() {
	n=$1
	while [ "$(($(date +%s) - start))" -lt "$seconds" ] &&
	    [ ! -e "$folder/failed" ]; do
		log=$folder/$n
		"$B/release/sim/sim" -n "$chunk" \
		    "$((seed + n * chunk))" >"$log" 2>&1 ||
		    mv "$log" "$folder/failed"
		n=$((n + cores))
	done
}
cores=$(nproc)
i=0
while [ "$i" -lt "$cores" ]; do
	work "$i" &
	i=$((i + 1))
done
wait

passed=0; failed=0; events=0
for log in "$folder"/*; do
	count "$log" 0
	passed=$((passed + p)); failed=$((failed + f))
	e=$(sed -n 's/^\([0-9]*\) events$/\1/p' "$log")
	events=$((events + ${e:-0}))
done
[ ! -e "$folder/failed" ] || cat "$folder/failed"
echo "$(($(date +%s) - start)) s on $cores cores, $events events"
echo "sim: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
