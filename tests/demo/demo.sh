#!/bin/sh
# A whole site to try collabd on: installs what is missing, builds, starts
# PostgreSQL, Django behind gunicorn, collabd and nginx on one address, and
# prints the URL and who can log in. Ctrl-C ends it, and nothing is left.
#
#     sh tests/demo/demo.sh [--smoke | arguments of stack.py]
#
# --smoke: without a person. The site is visited, its exit status says whether
# all went well.
set -u
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/../.." || exit 1
B=${B:-build}
python=/usr/bin/python3

sh tests/deps.sh demo || exit 1
make -j2 B="$B" all || exit 1
COLLABD_BINARY=$(cd "$B" && pwd)/release/collabd
export COLLABD_BINARY

if [ "${1-}" = --smoke ]; then
	exec $python -B "$here/visit.py"
fi
exec $python -B "$here/stack.py" "$@"
