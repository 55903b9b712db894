#!/bin/sh
# Runs the unit test programs given after what was asked for, with their output,
# and says which of them failed. Without a program: names that come near.
#
#     t.sh store/test_resp build/release/tests/unit/store/test_resp
asked=$1; shift
failed=
for program in "$@"; do
	echo "--- $program"
	"$program" || failed="$failed $program"
done
[ -z "$failed" ] || echo "failed:$failed"
[ $# -eq 0 ] || { [ -z "$failed" ]; exit; }

cd "$(dirname "$0")/unit" || exit 1
if [ -z "$asked" ]; then
	echo "which one? make t T=store/test_resp, or T=resp, or T='store/*'"
else
	echo "there is no unit test $asked; near it are:"
fi
# The more pairs of letters two names share, the nearer they are.
for t in */test_*.c; do
	echo "${t%.c}"
done | awk -v asked="$asked" '
function bare(s) {
	sub(/^tests\/unit\//, "", s); sub(/\.c$/, "", s); sub(/test_/, "", s)
	return tolower(s)
}
function shared(a, b,    i, n) {
	for (i = 1; i < length(a); i++)
		n += index(b, substr(a, i, 2)) != 0
	return n / (length(a) + length(b))
}
{ printf "%.4f %s\n", shared(bare(asked), bare($0)), $0 }
' | sort -k 1,1nr -k 2 | if [ -z "$asked" ]; then cat; else head -n 6; fi |
    sed 's/^[^ ]*/   /'
exit 1
