#!/bin/sh
# Files that the documents name exist: links of README.md and its like, and
# paths in backquotes that begin with a folder of ours. And functions: those in
# backquotes that follow a file, in the same row of a table, item or paragraph,
# are defined there, or declared if it is a header.
. "$(dirname "$0")/lib.sh"
: >"$tmp/found"; : >"$tmp/named"; : >"$tmp/functions"
for f in README.md CONTRIBUTING.md CHANGELOG.md; do
	grep -noE '\]\([^)#:]+\)|`(src|include|tests|etc|man)/[A-Za-z0-9_./-]*`' \
	    "$f" | sed "s/^\([0-9]*\):[](\`]*\([^)\`]*\).*/$f:\1 \2/" >>"$tmp/named"
	awk -v f="$f" '
	/^[ \t]*$/ || /^[|]/ || /^[ ]*([-*]|[0-9]+[.]) / { file = "" }
	{
		line = $0
		while (match(line, /`[^`]*`/)) {
			word = substr(line, RSTART + 1, RLENGTH - 2)
			line = substr(line, RSTART + RLENGTH)
			if (word ~ /^(src|include|tests)\/[A-Za-z0-9_.\/-]*$/)
				file = word
			else if (word ~ /^[a-z_0-9]+\(\)$/ && file != "")
				print f ":" FNR, file, substr(word, 1,
				    length(word) - 2)
		}
	}' "$f" >>"$tmp/functions"
done
while read -r where path; do
	[ -e "$path" ] || echo "$where: there is no $path" >>"$tmp/found"
done <"$tmp/named"
while read -r where path name; do
	case $path in
	*.c)	like="^$name(" ;;
	*.h)	like="[^a-z0-9_]$name(" ;;
	*.lua)	like="function $name(" ;;
	*)	like="\\(function\\|^\\) *$name(" ;;
	esac
	[ ! -f "$path" ] || grep -q "$like" "$path" ||
	    echo "$where: there is no $name() in $path" >>"$tmp/found"
done <"$tmp/functions"
finish "$tmp/found" "$(wc -l <"$tmp/named") paths and $(wc -l \
    <"$tmp/functions") functions in the documents exist"
