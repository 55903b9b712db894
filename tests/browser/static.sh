#!/bin/sh
# What can be said of the browser client without a browser: its types, its
# style, and the unit tests of its pure parts. Each tool counts as one test. The
# last line is "N passed, N failed". The tools are npm's (tests/deps.sh check).
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/path.sh
passed=0; failed=0

tool() {
	name=$1; shift
	if "$@"; then
		passed=$((passed + 1))
	else
		echo "FAILED: $name"
		failed=$((failed + 1))
	fi
}

tool types tsc -p tests/browser/tsconfig.json
tool eslint eslint --max-warnings 0 -c tests/browser/eslint.config.mjs \
	src/browser tests/browser tests/start

out=$(node --test tests/browser/unit/*.test.mjs 2>&1); rc=$?
p=$(echo "$out" | sed -n 's/^[^a-z]* pass \([0-9]*\)$/\1/p')
f=$(echo "$out" | sed -n 's/^[^a-z]* fail \([0-9]*\)$/\1/p')
p=${p:-0}; f=${f:-0}
# A run that ends badly has failed, whatever it counted.
[ $rc -ne 0 ] && [ "$f" -eq 0 ] && f=1
[ "$p" -eq 0 ] && [ "$f" -eq 0 ] && f=1
[ "$f" -eq 0 ] || echo "$out"
passed=$((passed + p)); failed=$((failed + f))
echo "browser-static: $passed passed, $failed failed"
[ $failed -eq 0 ]
