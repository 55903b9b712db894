#!/bin/sh
# A unit test program links the archives of its layer and of those that this one
# may use (layers.txt), so that a change further up does not link it anew; and
# it is made anew when one of these changes.
. "$(dirname "$0")/lib.sh"
ls tests/unit/*/test_*.c >"$tmp/tests" 2>/dev/null
rows "$lint_dir/layers.txt" | grep -Ev "^(lib|only) " >"$tmp/table"
# Nothing is built: every command is printed, and every rule.
make -n V=1 B="$tmp/none" units-build >"$tmp/commands" 2>"$tmp/errors" ||
    cat "$tmp/errors" >"$tmp/found"
make -np V=1 B="$tmp/none" units-build 2>/dev/null |
    grep "^$tmp/none/release/tests/unit/[^ ]*:" >"$tmp/rules"
awk -v found="$tmp/found" '
FILENAME == ARGV[1] {
	name = $1; sub(/:$/, "", name)
	for (i = 2; i <= NF; i++)
		may[name, $i] = 1
	may[name, name] = 1
	next
}
{ program = "" }
FILENAME == ARGV[2] {
	for (i = 1; i < NF; i++)
		if ($i == "-o")
			program = $(i + 1)
}
FILENAME == ARGV[3] { program = $1; sub(/:$/, "", program) }
program ~ /\/tests\/unit\/[a-z]+\/test_[a-z0-9_]+$/ {
	sub(/.*\/tests\/unit\//, "", program)
	layer = program; sub(/\/.*/, "", layer)
	for (i = 1; i <= NF; i++) {
		lib = $i
		if (lib !~ /\/lib[a-z]+\.a$/)
			continue
		sub(/.*\/lib/, "", lib); sub(/\.a$/, "", lib)
		if (!((layer, lib) in may))
			print program (FILENAME == ARGV[2] ? " links" : \
			    " is made anew with") " lib" lib ".a" >>found
		if (FILENAME == ARGV[2])
			links[program, lib] = 1
		else
			needs[program, lib] = 1
	}
}
END {
	for (pair in links)
		if (!(pair in needs)) {
			split(pair, part, SUBSEP)
			print part[1] " is not made anew with lib" part[2] \
			    ".a" >>found
		}
}
' "$tmp/table" "$tmp/commands" "$tmp/rules"
touch "$tmp/found"
sort -o "$tmp/found" "$tmp/found"
finish "$tmp/found" \
    "$(wc -l <"$tmp/tests") unit programs link their layers and no others"
