#!/bin/sh
# Broken twins: each is the source with one protection taken out, and the
# simulator must find it in the first 1,000 worlds, or it proves nothing: two cores
# play those in less than 10 s. Usage: twins.sh; B is the build folder, with the
# release build of sim in it. The last line is "twins: N passed, N failed".
set -u
cd "$(dirname "$0")/../.." || exit 1
B=${B:-build}
root=$(pwd)
work=$B/twins
passed=0; failed=0

# A tree like this one, whose objects are as old as their sources.
fresh_tree() {
	rm -rf "$work"
	mkdir -p "$work/build" || exit 1
	cp -a Makefile src include "$work" && mkdir "$work/tests" &&
	cp -a tests/sim tests/lint "$work/tests" &&
	cp -a "$B/release" "$work/build"
}

# twin NAME FILE SED FAULTS: the expression breaks FILE; FAULTS make it matter.
twin() {
	cp -p "$root/$2" "$work/good"
	sed "$3" "$work/good" >"$work/$2"
	if cmp -s "$work/good" "$work/$2"; then
		echo "  FAILED  $1: nothing to break in $2"
		failed=$((failed + 1))
		return
	fi
	if ! make -C "$work" -j2 B=build build/release/sim/sim \
	    >"$work/log" 2>&1; then
		echo "  FAILED  $1: does not build"
		cat "$work/log"
		failed=$((failed + 1))
	else
		"$work/build/release/sim/sim" -q -f "$4" -n 1000 \
		    >"$work/log" 2>&1
		if [ $? -eq 1 ]; then
			echo "  ok      $1 ($(sed -n 's/^\(seed .*\)/\1/p' \
			    "$work/log" | head -n 1))"
			passed=$((passed + 1))
		else
			echo "  FAILED  $1: not found in 1,000 worlds"
			cat "$work/log"
			failed=$((failed + 1))
		fi
	fi
	# A second later than its object, whose time has a coarse grain.
	cp "$work/good" "$work/$2"
}

fresh_tree
twin "no compare in compare-and-set" src/store/lua/commit.lua \
    's/^if not same(s, 7) then/if false then/' ''
twin "leases are believed for ever" src/store/store_lease.c \
    's/^	if (store->resigned)$/	if (store != NULL)/' cut
twin "no fence: a lapsed worker goes on" src/store/lua/common.lua \
    's/^local LEASE = .*/local LEASE = true/' hang,cut
twin "no generations" src/store/lua/lease.lua \
    "s/(name ~= ARGV\[5\] and name ~= '-' and ARGV\[5\] ~= '-')/false/" \
    image,old
twin "nothing to settle" src/store/lua/lease.lua \
    "s/^	if ARGV\[8\] ~= '0' then/	if false then/; s/ and ARGV\[8\] ~= '0' and/ and false and/" \
    empty
twin "what is known is not said" src/rooms/roomsync.c \
    's/^		roomop_recall(room);/		room->past = PAST_SETTLED;/' image,old
twin "dead workers are forgotten" src/store/lua/check.lua \
    's/^	find_dead(b, .*//' hang
rm -rf "$work"
echo "twins: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
