#!/bin/sh
# Each header compiles alone and twice, without a warning, starts with a
# comment, and has the guard that its path gives.
. "$(dirname "$0")/lib.sh"
need gcc make pkg-config
flags=$(make_flags) || exit 1
: >"$tmp/found"
n=0
for h in include/*/*.h; do
	[ -e "$h" ] || continue
	n=$((n + 1))
	name=${h#include/}
	printf '#include "%s"\n#include "%s"\n' "$name" "$name" >"$tmp/alone.c"
	eval "gcc $flags -std=gnu11 -Wall -Wextra -Werror -fsyntax-only \
	    \"$tmp/alone.c\"" >>"$tmp/found" 2>&1
	guard=COLLABD_$(echo "$name" | tr 'a-z/.-' 'A-Z___')
	grep -q "^#ifndef $guard\$" "$h" && grep -q "^#define $guard\$" "$h" ||
	    echo "$h: the include guard is not $guard" >>"$tmp/found"
	[ "$(head -c 2 "$h")" = "/*" ] ||
	    echo "$h: does not start with a comment" >>"$tmp/found"
done
finish "$tmp/found" "$n headers compile alone"
