#!/bin/sh
# usage: smoke.sh <folder of fuzz programs> <seconds each>
#
# Runs every fuzz_* program of the folder for that time, two at a time, with
# tests/fuzz/corpus/<what>/ as seeds where that exists, and what make_corpus.py
# makes of the test vectors. Works on copies: nothing
# is written into the source tree. Prints a line for each and a last line with
# the counts; the log and the input of a failure are kept and named.
set -u
dir=${1:?folder of fuzz programs}
seconds=${2:?seconds}
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/collabd-fuzz.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

# Runs one program; its exit status goes to <what>.rc.
run_one() {
	what=$(basename "$1" | sed 's/^fuzz_//')
	mkdir -p "$work/$what/corpus" "$work/$what/found"
	if [ -d "$work/seeds/$what" ]; then
		cp -r "$work/seeds/$what/." "$work/$what/corpus/"
	fi
	if [ -d "$here/corpus/$what" ]; then
		cp -r "$here/corpus/$what/." "$work/$what/corpus/"
	fi
	"$1" -max_total_time="$seconds" -max_len=4096 -timeout=5 \
		-rss_limit_mb=1024 -print_final_stats=1 \
		-artifact_prefix="$work/$what/found/" \
		"$work/$what/corpus" >"$work/$what/log" 2>&1
	echo $? >"$work/$what.rc"
}

report() {
	what=$(basename "$1" | sed 's/^fuzz_//')
	runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$work/$what/log")
	if [ "$(cat "$work/$what.rc" 2>/dev/null)" = 0 ] && [ "${runs:-0}" -gt 0 ]; then
		echo "  ok      fuzz_$what ($runs runs)"
		passed=$((passed + 1))
		return
	fi
	failed=$((failed + 1))
	keep=$(mktemp -d "${TMPDIR:-/tmp}/collabd-fuzz-$what.XXXXXX")
	cp -r "$work/$what/log" "$work/$what/found" "$keep/"
	echo "  FAILED  fuzz_$what (log and input in $keep)"
	tail -n 40 "$work/$what/log"
}

passed=0
failed=0
# Seeds that are made from the test vectors rather than kept.
/usr/bin/python3 "$here/make_corpus.py" "$work/seeds" >/dev/null || exit 1
set --
for program in "$dir"/fuzz_*; do
	[ -f "$program" ] && [ -x "$program" ] && set -- "$@" "$program"
done
if [ $# -eq 0 ]; then
	echo "no fuzz program in $dir" >&2
	failed=1
fi
while [ $# -gt 0 ]; do
	run_one "$1" &
	first=$!
	if [ $# -gt 1 ]; then
		run_one "$2" &
		wait $!
	fi
	wait "$first"
	report "$1"
	shift
	if [ $# -gt 0 ]; then
		report "$1"
		shift
	fi
done
echo "fuzz: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
