#!/bin/sh
# Runs the unit test programs given after the build folder, and prints one
# summary line. Some of them mostly wait, so several run at a time (JOBS, 4).
# cmocka prints each test; the log of a program is shown only when it fails.
#
#     run-units.sh build/release PROGRAM...

# One program ($3), with its log and its figures in the folder $2.
if [ "$1" = --one ]; then
	name=$(basename "$3"); log=$2/$name.log
	"$3" >"$log" 2>&1; rc=$?
	p=$(grep -c '^\[       OK \]' "$log")
	# Each is named where it fails and again at the end.
	f=$(grep '^\[  FAILED  \] [a-zA-Z_0-9]*$' "$log" | sort -u | wc -l)
	[ "$rc" -ne 0 ] && [ "$f" -eq 0 ] && f=1
	[ "$rc" -eq 0 ] && [ "$p" -eq 0 ] && { echo "no test ran" >>"$log"; f=1; rc=1; }
	echo "$p $f" >"$2/$name.result"
	# In one piece, because others write as well.
	if [ "$rc" -ne 0 ]; then
		printf '%s\n' "  FAILED  $3 (exit $rc)
$(cat "$log")"
	else
		echo "  ok      $name ($p tests)"
	fi
	exit 0
fi

out=$1/tests; shift
rm -f "$out"/*.result
printf '%s\n' "$@" | xargs -P "${JOBS:-4}" -I '{}' sh "$0" --one "$out" '{}'
passed=0; failed=0
for t in "$@"; do
	read -r p f <"$out/$(basename "$t").result" || { p=0; f=1; }
	passed=$((passed + p)); failed=$((failed + f))
done
echo "unit: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
