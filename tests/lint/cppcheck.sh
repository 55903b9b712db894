#!/bin/sh
# cppcheck over src/, any finding fails. What is switched off, and why, stands
# in cppcheck.txt.
. "$(dirname "$0")/lib.sh"
need cppcheck
rows "$lint_dir/cppcheck.txt" >"$tmp/suppress"
mkdir -p "$B/lint/cppcheck"
# It reads no system headers, but must see what the loops of queue(3) and
# tree(3) are.
set --
for h in /usr/include/bsd/sys/queue.h /usr/include/bsd/sys/tree.h; do
	[ -e "$h" ] && set -- "$@" "--include=$h"
done
cppcheck -q -j 2 --std=c11 --language=c --platform=unix64 \
    --enable=warning,style,performance,portability --inline-suppr \
    --suppressions-list="$tmp/suppress" --cppcheck-build-dir="$B/lint/cppcheck" \
    --library=posix --library=gnu --max-configs=4 -D_GNU_SOURCE -D__linux__ \
    '-D__unused=' '-DCOLLABD_VERSION="0"' '-DCOLLABD_SYSCONFDIR="/etc"' \
    "$@" -I include --template='{file}:{line}: {severity}: {message} [{id}]' \
    src >"$tmp/found" 2>&1
finish "$tmp/found" "$(cppcheck --version), $(find src -name '*.c' | wc -l) files"
