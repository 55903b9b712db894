#!/bin/sh
# The simulated Redis against a real one, worlds without and with all faults,
# some under ASan and UBSan, and broken twins that must be found. Each world is
# one test. Usage: run.sh, B is the build folder.
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
part "the simulated Redis is like a real one" "$B/release/sim/redis_check"
part "worlds without a fault" "$B/release/sim/sim" -f '' -n 500
part "worlds with all faults" "$B/release/sim/sim" -n 3000 1000
part "the same under ASan" "$B/asan/sim/sim" -n 60 5000
part "broken twins are found" sh tests/sim/twins.sh
echo "sim: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
