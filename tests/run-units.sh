#!/bin/sh
# Runs the unit test programs given after the build folder, one after the
# other, and prints one summary line. cmocka prints each test; the log of a
# program is shown only when it fails.
out=$1/tests; shift
passed=0; failed=0
for t in "$@"; do
	log=$out/$(basename "$t").log
	"$t" >"$log" 2>&1; rc=$?
	p=$(grep -c '^\[       OK \]' "$log"); f=$(grep -c '^\[  FAILED  \] [a-zA-Z_0-9]*$' "$log")
	[ "$rc" -ne 0 ] && [ "$f" -eq 0 ] && f=1
	[ "$rc" -eq 0 ] && [ "$p" -eq 0 ] && { echo "no test ran" >>"$log"; f=1; rc=1; }
	passed=$((passed + p)); failed=$((failed + f))
	if [ "$rc" -ne 0 ]; then
		echo "  FAILED  $t (exit $rc)"; cat "$log"
	else
		echo "  ok      $(basename "$t") ($p tests)"
	fi
done
echo "unit: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
