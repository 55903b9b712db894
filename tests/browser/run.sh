#!/bin/sh
# Runs the scenarios in a real browser: collabd and its client, in Debian's
# Chromium, on one Django. Pictures of them are left in $BROWSER_OUT/screenshots,
# by default beside the build folder given.
#
#     run.sh build/release 3.2|6.1 [name of a test file [node's arguments]]
#
# BROWSER is the Chromium to start. --test-name-pattern=WORDS plays those only
# that have these words in their names.
# The last line is "browser: N passed, N failed". A Django that cannot be
# downloaded is a visible SKIP; with REQUIRE=1 it is a failure.
set -u
out=$1; django=$2; tests=${3:-all}
if [ $# -gt 3 ]; then shift 3; else set --; fi
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
case $out in /*) ;; *) out=$root/$out ;; esac
: "${BROWSER_OUT:=$(dirname "$out")}"
case $BROWSER_OUT in /*) ;; *) BROWSER_OUT=$root/$BROWSER_OUT ;; esac
: "${COLLABD_DJANGOS:=$root/build/django}"
COLLABD_BINARY=$out/collabd
BROWSER_DJANGO=$django
export COLLABD_BINARY COLLABD_DJANGOS BROWSER_OUT BROWSER_DJANGO

cd "$root" || exit 1
. tests/path.sh
cd "$here" || exit 1
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# The oldest is the system's.
if [ "$django" != 3.2 ] && ! /usr/bin/python3 \
    ../integration/newer_django.py "$COLLABD_DJANGOS" "$django" >"$log"
then
	echo "  SKIP  Django $(cat "$log")"
	[ "${REQUIRE:-0}" = 0 ]; failed=$?
	echo "browser: 0 passed, $failed failed"
	exit "$failed"
fi
node --test --test-concurrency=1 --test-reporter=spec "$@" "$tests.test.mjs" \
    >"$log" 2>&1
rc=$?
cat "$log"
passed=$(sed -n 's/^[^a-z]*pass \([0-9]*\)$/\1/p' "$log" | tail -n 1)
failed=$(sed -n 's/^[^a-z]*fail \([0-9]*\)$/\1/p' "$log" | tail -n 1)
[ $rc -ne 0 ] && [ "${failed:-0}" -eq 0 ] && failed=1
echo "browser: ${passed:-0} passed, ${failed:-0} failed"
[ "${failed:-0}" -eq 0 ]
