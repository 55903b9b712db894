#!/bin/sh
# The simulated Redis against a real one, and worlds with the faults that are
# survived today, more of them in the release build, some under ASan and UBSan.
# Each is one test. Usage: run.sh, B is the build folder.
#
# What is not survived yet, as seeds: git log tests/sim.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/count.sh
B=${B:-build}
log=$B/sim.log
passed=0; failed=0

part() {
	name=$1; shift
	"$@" >"$log" 2>&1
	count "$log" $?
	passed=$((passed + p)); failed=$((failed + f))
	if [ "$f" -eq 0 ]; then
		echo "  ok      $name ($p)"
	else
		echo "  FAILED  $name"
		cat "$log"
	fi
}

make -j2 B="$B" WERROR=1 "$B/release/sim/sim" "$B/release/sim/redis_check" &&
make -j2 B="$B" WERROR=1 FLAVOUR=asan "$B/asan/sim/sim" || {
	echo "sim: 0 passed, 1 failed"
	exit 1
}
faults=kill,clock
part "the simulated Redis is like a real one" "$B/release/sim/redis_check"
part "worlds without a fault" "$B/release/sim/sim" -f '' -n 500
part "worlds with $faults" "$B/release/sim/sim" -f $faults -n 1000 1000
part "the same under ASan" "$B/asan/sim/sim" -f $faults -n 60 2000
echo "sim: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
