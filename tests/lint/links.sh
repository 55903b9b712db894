#!/bin/sh
# Files that the documents name exist: links of README.md and its like, and
# paths in backquotes that begin with a folder of ours.
. "$(dirname "$0")/lib.sh"
: >"$tmp/found"; : >"$tmp/named"
for f in README.md CONTRIBUTING.md CHANGELOG.md; do
	grep -noE '\]\([^)#:]+\)|`(src|include|tests|etc|man)/[A-Za-z0-9_./-]*`' \
	    "$f" | sed "s/^\([0-9]*\):[](\`]*\([^)\`]*\).*/$f:\1 \2/" >>"$tmp/named"
done
while read -r where path; do
	[ -e "$path" ] || echo "$where: there is no $path" >>"$tmp/found"
done <"$tmp/named"
finish "$tmp/found" "$(wc -l <"$tmp/named") paths in the documents exist"
