#!/bin/sh
# Runs every lint, one line each, and the findings of those that fail. The
# build folder is taken from B (build). A tool that is missing is a SKIP; with
# CI or REQUIRE set it is a failure. Names given as arguments run only those.
dir=$(cd "$(dirname "$0")" && pwd)
[ $# -gt 0 ] || set -- layers archives headers options man secrets functions \
	names links assets shellcheck globals selftest cppcheck tidy
passed=0; failed=0; skipped=0
for name in "$@"; do
	out=$(sh "$dir/$name.sh" 2>&1); rc=$?
	last=$(printf '%s\n' "$out" | tail -n 1)
	case $rc in
	0)	passed=$((passed + 1)); echo "  ok      $name: $last" ;;
	77)	skipped=$((skipped + 1)); echo "  SKIP    $name: $last" ;;
	*)	failed=$((failed + 1)); echo "  FAILED  $name"
		printf '%s\n' "$out" | sed 's/^/          /' ;;
	esac
done
[ "$skipped" -eq 0 ] || echo "lint: $skipped skipped for want of a tool"
echo "lint: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
