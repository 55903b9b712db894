#!/bin/sh
# Runs every test: installs what is missing, builds, runs the suites, and prints
# a table. The last line is "N passed, N failed"; the exit status is 0 only if
# nothing failed. A suite that prints no such line of its own, or exits non-zero
# with nothing failed, counts as one failure.
#
# Three tracks run side by side: what computes, what mostly waits for servers, and
# browsers, which do both. The last one begins with a fresh Debian where nothing
# may be skipped (REQUIRE=1, as in CI).
#
#     sh tests/check.sh [suite...]       (default: all)
#
# B: where to build (build). REQUIRE=1: what cannot be run is a failure.
# Each suite's output is in $B/check/<suite>.log.
set -u
cd "$(dirname "$0")/.." || exit 1
. tests/count.sh
self=$(pwd)/tests/check.sh
B=${B:-build}
export B
logs=$B/check
current=

first="build"
track1="unit unit-asan unit-tsan sim browser-static lint fuzz heroku"
track2="integration-asan integration conformance-asan conformance"
track2="$track2 start run demo demo-again"
track3="fresh browser browser-newest"
every="$first $track1 $track2 $track3"
all=$every
[ "${REQUIRE:-0}" != 0 ] ||
    all="$first $track1 $track2 browser browser-newest"

# The collabd that a suite starts is a link to that of a build ($2), under a
# name of the suite's own ($1): so a process that it has left behind is told
# from those of the suites beside it. Prints the folder.
own() {
	mkdir -p "$logs/$1.bin" &&
	ln -f "$B/$2/collabd" "$logs/$1.bin/collabd" &&
	(cd "$logs/$1.bin" && pwd)
}

# The suites. Each prints its summary as the last such line.
suite() {
	case $1 in
	build)
		make -j2 B="$B" WERROR=1 all units-build &&
		make -j2 B="$B" WERROR=1 FLAVOUR=asan all &&
		make -j2 B="$B" WERROR=1 FLAVOUR=debug all &&
		echo "build: 3 passed, 0 failed" ;;
	unit)
		make -j2 B="$B" WERROR=1 unit ;;
	unit-asan)
		make -j2 B="$B" WERROR=1 FLAVOUR=asan all units-build &&
		make B="$B" WERROR=1 FLAVOUR=asan unit ;;
	unit-tsan)
		# What has threads, or memory that processes share.
		programs=
		for t in tests/unit/auth/test_*.c tests/unit/shm/test_*.c; do
			[ -e "$t" ] && programs="$programs $B/tsan/${t%.c}"
		done
		# shellcheck disable=SC2086
		make -j2 B="$B" WERROR=1 FLAVOUR=tsan $programs &&
		TSAN_OPTIONS="halt_on_error=1 ${TSAN_OPTIONS-}" \
			sh tests/run-units.sh "$B/tsan" $programs ;;
	sim)
		sh tests/sim/run.sh ;;
	lint)
		sh tests/lint/run.sh ;;
	fuzz)
		# All seeds, and a little more: what chance finds takes longer.
		make -j2 B="$B" fuzz &&
		make B="$B" fuzz-smoke FUZZ_SECONDS=3 ;;
	integration)
		sh tests/integration/run.sh "$(own "$1" release)" "$1" ;;
	integration-asan)
		sh tests/integration/run.sh "$(own "$1" asan)" "$1" ;;
	conformance)
		sh tests/conformance/run.sh "$(own "$1" release)" ;;
	conformance-asan)
		sh tests/conformance/run.sh "$(own "$1" asan)" ;;
	start)
		sh tests/start/run.sh "$B/asan" "$(own "$1" release)" ;;
	browser-static)
		sh tests/browser/static.sh ;;
	browser)
		BROWSER_OUT=$B BROWSER=/usr/bin/chromium-headless-shell \
		sh tests/browser/run.sh "$(own "$1" release)" 3.2 ;;
	browser-newest)
		BROWSER_OUT=$B sh tests/browser/run.sh "$(own "$1" release)" 6.1 ;;
	run)
		sh tests/demo/run.sh --smoke ;;
	demo | demo-again)
		sh tests/demo/demo.sh --smoke ;;
	fresh)
		sh tests/fresh/run.sh ;;
	heroku)
		sh tests/heroku/run.sh ;;
	*)
		echo "no such suite: $1" >&2; return 64 ;;
	esac
}

# What is still there of a suite ($1): the processes of its session ($2), and
# daemons, of which each has a session of its own.
leftovers() {
	built=$(cd "$B" && pwd)
	case $1 in
	run | demo*)	daemon=$built/release/collabd ;;
	*)		daemon=$built/check/$1.bin/collabd ;;
	esac
	{
		ps -o pid= -s "$2"
		for exe in /proc/[0-9]*/exe; do
			[ "$(readlink "$exe" 2>/dev/null)" = "$daemon" ] &&
			    echo "$exe" | tr -dc 0-9\\n
		done
	} | sort -un | tr '\n' ' '
}

# Runs one suite ($1) for a track ($2); sets p, f and took, and says so.
run_suite() {
	name=$1; track=$2
	log=$logs/$name.log
	began=$(date +%s)
	# A pipe would hide the exit status.
	setsid sh "$self" --suite "$name" >"$log" 2>&1 </dev/null &
	current=$!
	echo "$current" >"$logs/$track.session"
	session=$current
	wait $current; rc=$?
	current=
	count "$log" "$rc"
	left=$(leftovers "$name" "$session")
	if [ -n "$left" ]; then
		echo "FAILED: processes left behind: $left" >>"$log"
		# shellcheck disable=SC2086
		kill -9 $left
		f=$((f + 1))
	fi
	rm -f "$logs/$track.session"
	took=$(($(date +%s) - began))
	echo "=== $name: $p passed, $f failed ($took s)"
	# All of a failure, the end of a success.
	if [ "$f" -ne 0 ]; then cat "$log"; else tail -n 25 "$log"; fi
}

# Seconds of a processor that a suite ($1) took.
cpu() {
	cat "$logs/$1.times" 2>/dev/null |
	    tr ms '  ' |
	    awk 'NR == 2 { printf "%.0f\n", 60 * ($1 + $3) + $2 + $4 }'
}

# The suites of a track ($1) that are wanted ($3...), in the track's order.
run_track() {
	track=$1; order=$2; shift 2
	for s in $order; do
		for w in "$@"; do
			[ "$s" = "$w" ] || continue
			run_suite "$s" "$track"
			echo "$p $f $took $(cpu "$s")" >"$logs/$s.result"
		done
	done
}

stop() {
	trap - INT TERM HUP
	# Each suite runs in a session of its own: end all of them, and wait for
	# what they have started to be ended, too. (dash knows no "kill -- -1".)
	for p in $tracks; do kill "$p" 2>/dev/null; done
	sessions=$(cat "$logs"/*.session 2>/dev/null)
	for s in $sessions; do kill -TERM "-$s"; done
	for s in $sessions; do
		for n in 1 2 3 4 5 6 7 8 9 10; do
			kill -0 "-$s" 2>/dev/null || break
			sleep 1
		done
		[ "$n" -lt 10 ] || kill -KILL "-$s" 2>/dev/null
	done
	exit 130
}

if [ "${1-}" = --suite ]; then
	suite "$2"
	rc=$?
	# Of all that it has started and waited for; a pipe would have its own.
	times >"$logs/$2.times"
	exit $rc
fi
tracks=
start=$(date +%s)
trap stop INT TERM HUP
sh tests/deps.sh check || { echo "0 passed, 1 failed"; exit 1; }
mkdir -p "$logs"
logs=$(cd "$logs" && pwd)
rm -f "$logs"/*.result "$logs"/*.session "$logs"/*.times
# Whatever is left there by a test that was ended goes with it. Short, because
# of unix sockets; readable, because PostgreSQL runs as another user.
TMPDIR=$(mktemp -d "${TMPDIR:-/tmp}/cXXXXXX") || exit 1
export TMPDIR
trap 'rm -rf "$TMPDIR"' EXIT
chmod 755 "$TMPDIR"
# A busy machine is slow; nothing is waited for longer than it takes.
: "${COLLABD_PATIENCE:=60}"
export COLLABD_PATIENCE
# shellcheck disable=SC2086
[ $# -eq 0 ] && set -- $all
for s in "$@"; do
	case " $every " in
	*" $s "*) ;;
	*) echo "no such suite: $s; there are: $every" >&2; exit 64 ;;
	esac
done
run_track first "$first" "$@"
run_track track1 "$track1" "$@" &
tracks=$!
run_track track3 "$track3" "$@" &
tracks="$tracks $!"
run_track track2 "$track2" "$@"
# shellcheck disable=SC2086
wait $tracks
tracks=

echo
total_passed=0; total_failed=0; total_cpu=0
for s in "$@"; do
	read -r p f took cpu <"$logs/$s.result" ||
		{ p=0; f=1; took=0; cpu=0; }
	printf '%-18s %6d passed %6d failed %5d s, %4d s of a processor\n' \
	    "$s" "$p" "$f" "$took" "${cpu:-0}"
	total_passed=$((total_passed + p))
	total_failed=$((total_failed + f))
	total_cpu=$((total_cpu + ${cpu:-0}))
done
echo "$(($(date +%s) - start)) s, $total_cpu s of a processor"
echo "$total_passed passed, $total_failed failed"
[ "$total_failed" -eq 0 ]
