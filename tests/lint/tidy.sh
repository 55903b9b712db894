#!/bin/sh
# clang-tidy over all of src/ with the flags of the Makefile, two files at a
# time, any finding fails. The checks and their exclusions: .clang-tidy.
. "$(dirname "$0")/lib.sh"
need clang-tidy make pkg-config
flags=$(make_flags) || exit 1
# Options of gcc only would be findings of their own.
cat >"$tmp/one.sh" <<END
clang-tidy --quiet --warnings-as-errors='*' "\$1" -- \
    $flags -Wno-unknown-warning-option >"$tmp/\$\$.out" 2>/dev/null || {
	grep -E ': (error|warning): ' "$tmp/\$\$.out" || cat "$tmp/\$\$.out"
}
rm -f "$tmp/\$\$.out"
END
# The largest first, so that the last one is not what all wait for.
find src -name '*.c' -printf '%s %p\n' | sort -rn | cut -d ' ' -f 2 |
    xargs -P 2 -n 1 sh "$tmp/one.sh" >"$tmp/found" 2>&1
sed -i "s|^$PWD/||" "$tmp/found"
[ ! -s "$tmp/found" ] ||
    echo "(clang-tidy FILE -- -Iinclude -D_GNU_SOURCE shows how it comes)" \
	>>"$tmp/found"
finish "$tmp/found" "$(find src -name '*.c' | wc -l) files without a finding"
