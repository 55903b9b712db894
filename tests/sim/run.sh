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

# The history of a world is a table: every column begins where the heading says,
# nothing is wider than a terminal, and what was told stands in its column.
table() {
	"$B/release/sim/sim" -p -n 1 -s 60 -f kill,clock 7 >"$B/sim.table" &&
	awk '
	length($0) > 120 { print "too wide: " $0; bad = 1 }
	/^  seconds what happened/ {
		for (i = 0; i < 8; i++)
			at[i] = index($0, "b" i)
		headings++
		next
	}
	/^ *[0-9]+\.[0-9][0-9][0-9] / && headings {
		rows++
		cells = substr($0, at[0])
		if (cells !~ /^([1-5][tp][01]:(\.\.|[-?1-5][*+]?) *|       )*$/) {
			print "no cells: " $0; bad = 1
		}
		if (match($0, /b[0-7]: is told: user [1-5] edits/)) {
			told++
			b = substr($0, RSTART + 1, 1)
			user = substr($0, RSTART + RLENGTH - 7, 1)
			if (substr($0, at[b] + 4, 1) != user) {
				print "not in its column: " $0; bad = 1
			}
		}
	}
	END {
		if (bad || rows < 100 || told < 10 || headings < 2) {
			print rows + 0 " rows, " told + 0 " told"
			print "0 passed, 1 failed"
			exit 1
		}
		print "1 passed, 0 failed"
	}' "$B/sim.table"
}

part "the history is a table" table
part "the simulated Redis is like a real one" "$B/release/sim/redis_check"
part "worlds without a fault" "$B/release/sim/sim" -f '' -n 500
part "worlds with all faults" "$B/release/sim/sim" -n 3000 1000
# An operation stood before the recall that it waited for: read again for ever.
part "a world that failed once" "$B/release/sim/sim" -q -n 1 10000509
part "the same under ASan" "$B/asan/sim/sim" -n 60 5000
part "broken twins are found" sh tests/sim/twins.sh
echo "sim: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
