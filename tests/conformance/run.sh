#!/bin/sh
# Runs the RFC 6455 cases against the collabd in the build folder given, and
# prints one summary line. Usage: run.sh build/release [word]
here=$(cd "$(dirname "$0")" && pwd)
out=$1; shift
exec /usr/bin/python3 -B "$here/conformance.py" "$out/collabd" "$@"
