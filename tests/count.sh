# Sourced by what runs suites.
# shellcheck shell=sh

# Reads the log of a suite ($1), which ended with status $2: sets p and f to the
# figures of its last line "N passed, N failed". One that has no such line, that
# ended badly without a failure, or that tested nothing without saying SKIP,
# counts as one failure.
count() {
	line=$(grep -E '(^|: )[0-9]+ passed, [0-9]+ failed' "$1" | tail -n 1)
	p=$(echo "$line" | sed -n 's/.*\b\([0-9][0-9]*\) passed, .*/\1/p')
	f=$(echo "$line" | sed -n 's/.* passed, \([0-9][0-9]*\) failed.*/\1/p')
	p=${p:-0}
	f=${f:-1}
	[ "$2" -ne 0 ] && [ "$f" -eq 0 ] && f=1
	[ "$p" -eq 0 ] && [ "$f" -eq 0 ] && ! grep -q '^  SKIP' "$1" && f=1
	return 0
}
