#!/bin/sh
# Every shell script of the tree under shellcheck.
. "$(dirname "$0")/lib.sh"
need shellcheck
find tests bin .ci etc src -type f ! -path '*/node_modules/*' 2>/dev/null |
    while read -r f; do
	case $(head -c 64 "$f" | head -n 1 | tr -d '\0') in
	'#!'*sh|'# shellcheck'*) echo "$f" ;;
	*) case $f in *.sh) echo "$f" ;; esac ;;
	esac
done | sort -u >"$tmp/files"
# SC2015: "a && b || c" is meant. SC3045: every sh of Debian has ulimit -n.
xargs shellcheck -x -P SCRIPTDIR -S warning -e SC2015,SC3045 <"$tmp/files" >"$tmp/found" 2>&1
finish "$tmp/found" "$(wc -l <"$tmp/files") scripts"
