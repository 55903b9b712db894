#!/bin/sh
# Runs the tests of start-collabd, that of the build folder given, with the
# collabd of the second one: real nginx, Django, gunicorn, Redis, and a browser.
#
#     run.sh build/release [folder of collabd [pytest arguments]]
#
# The last line is "start: N passed, N failed".
set -u
out=$1; daemon=${2:-$1}
shift; [ $# -gt 0 ] && shift
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
case $out in /*) ;; *) out=$root/$out ;; esac
case $daemon in /*) ;; *) daemon=$root/$daemon ;; esac
START_BINARY=$out/start-collabd
COLLABD_BINARY=$daemon/collabd
export START_BINARY COLLABD_BINARY
ulimit -n 65536 2>/dev/null || ulimit -n "$(ulimit -Hn)"

cd "$root" || exit 1
. tests/path.sh
cd "$here" || exit 1
log=$(mktemp)
START_SHARED=$(mktemp -d) && chmod 755 "$START_SHARED" || exit 1
export START_SHARED
trap 'rm -rf "$log" "$START_SHARED"' EXIT
/usr/bin/python3 -B -m pytest -p no:cacheprovider -q --tb=short --color=no \
	-rs -n "${JOBS:-4}" "$@" >"$log" 2>&1
rc=$?
cat "$log"
count() {
	n=$(tail -n 1 "$log" |
	    sed -n "s/.*[^0-9]\{0,1\}\b\([0-9][0-9]*\) $1.*/\1/p")
	echo "${n:-0}"
}
passed=$(count passed); failed=$(($(count failed) + $(count error)))
[ "$rc" -ne 0 ] && [ "$failed" -eq 0 ] && failed=1
# Only some were asked for.
if [ $# -eq 0 ]; then
	: "${BROWSER:=/usr/bin/chromium-headless-shell}"
	export BROWSER
	node --test --test-reporter=spec trial.test.mjs >"$log" 2>&1
	rc=$?
	cat "$log"
	if [ "$rc" -eq 0 ]; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
	fi
fi
echo "start: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
