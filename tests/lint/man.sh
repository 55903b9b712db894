#!/bin/sh
# The man pages as mandoc sees them, warnings included.
. "$(dirname "$0")/lib.sh"
need mandoc
mandoc -T lint -W warning man/*.[1-9] >"$tmp/found" 2>&1
# Pages of ours that are referred to must exist.
for ref in $(sed -n 's/^\.Xr \(collabd[^ ]*\) \([1-9]\).*/\1.\2/p' \
    man/*.[1-9] | sort -u); do
	[ -e "man/$ref" ] || echo "man/$ref is referred to" >>"$tmp/found"
done
for page in man/*.[1-9]; do
	grep -q "/${page#man/}" Makefile ||
	    echo "$page is not installed by the Makefile" >>"$tmp/found"
done
finish "$tmp/found" "$(find man -name '*.[1-9]' | wc -l) pages"
