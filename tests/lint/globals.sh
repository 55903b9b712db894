#!/bin/sh
# Writable data outside of any function's stack: none but what globals.txt
# allows, each with its reason. Looks at the compiled objects, so that a
# const that is not const where it matters is seen too.
. "$(dirname "$0")/lib.sh"
need nm make
rows "$lint_dir/globals.txt" >"$tmp/allow"
find src -name '*.c' | sort | sed "s|^src/|$B/release/|; s|c\$|o|" >"$tmp/objs"
xargs make -s B="$B" FLAVOUR=release <"$tmp/objs" >"$tmp/make" 2>&1 || {
	cat "$tmp/make"
	exit 1
}
while read -r o; do
	name=${o#"$B"/release/}
	# Columns: name | value | class | type | size | line | section. A
	# table of pointers in .data.rel.ro is read-only once it is loaded.
	nm -f sysv "$o" | awk -F '|' -v o="${name%.o}" '
	{ gsub(/ /, "") }
	$3 ~ /^[bBdDsScC]$/ && $7 !~ /^\.data\.rel\.ro/ {
		sub(/\.[0-9]+$/, "", $1)
		print o, $1
	}'
done <"$tmp/objs" | sort -u >"$tmp/globals"
awk 'FILENAME == ARGV[1] { allow[$1, $2] = 1; next }
	{ seen[$1, $2] = 1 }
	!(($1, $2) in allow) && !(("*", $2) in allow) {
		print "src/" $1 ".c: writable global " $2
	}' "$tmp/allow" "$tmp/globals" >"$tmp/found"
# An exception that nobody needs any more goes.
while read -r file name; do
	[ "$file" = '*' ] || [ ! -e "src/$file.c" ] || grep -q "^$file $name\$" "$tmp/globals" ||
	    echo "globals.txt: $file $name is not there any more"
done <"$tmp/allow" >>"$tmp/found"
finish "$tmp/found" "$(wc -l <"$tmp/globals") writable globals, all allowed"
