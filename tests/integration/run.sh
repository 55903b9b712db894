#!/bin/sh
# Runs the integration tests against the collabd in the build folder given,
# and prints one summary line. Usage: run.sh build/release [name] [pytest
# arguments]. With REQUIRE=1 a Django that cannot be downloaded is a failure.
# Most of a test is waiting, so several files run at a time (JOBS, 6).
#
# run.sh -k WORDS build/release: for who works on one thing. The tests whose
# names match (pytest's -k), one after the other, each shown as it ends.
words=; is_some=
[ "${1-}" != -k ] || { is_some=1; words=$2; shift 2; }
out=$1; name=${2:-integration}
shift; [ $# -gt 0 ] && shift
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
case $out in /*) ;; *) out=$root/$out ;; esac
: "${COLLABD_DJANGOS:=$root/build/django}"
COLLABD_BINARY=$out/collabd
export COLLABD_BINARY COLLABD_DJANGOS
ulimit -n 65536 2>/dev/null || ulimit -n "$(ulimit -Hn)"

cd "$root" || exit 1
. tests/path.sh
cd "$here" || exit 1
if [ -n "$is_some" ]; then
	[ -n "$words" ] || { echo "which ones? make it K='reload and lock'"
		exit 1; }
	/usr/bin/python3 -B -m pytest -p no:cacheprovider --tb=short -v -rs \
		-n 0 -k "$words" "$@"
	rc=$?
	[ "$rc" -ne 5 ] || { echo "no test is named like that; the files are:"
		ls test_*.py; }
	exit "$rc"
fi
log=$(mktemp)
/usr/bin/python3 -B -m pytest -p no:cacheprovider -q --tb=short \
	--color=no -rs -n "${JOBS:-6}" --dist loadfile "$@" >"$log" 2>&1
rc=$?
cat "$log"
count() {
	n=$(tail -n 1 "$log" | sed -n "s/.*[^0-9]\{0,1\}\b\([0-9][0-9]*\) $1.*/\1/p")
	echo "${n:-0}"
}
passed=$(count passed); failed=$(count failed); errors=$(count error)
rm -f "$log"
failed=$((failed + errors))
[ "$rc" -ne 0 ] && [ "$failed" -eq 0 ] && failed=1
echo "$name: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
