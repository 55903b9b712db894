#!/bin/sh
# The demo: installs what is missing, builds, makes a real Django site with
# SQLite and three users, starts collabd with its embedded Redis, and says what
# to type. Ctrl-C ends it, and nothing is left.
#
#     sh tests/demo/run.sh [--smoke]
#
# --smoke: two users meet without a person, the exchange is printed, and the
# exit status says whether all went well.
set -u
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/../.." || exit 1
root=$(pwd)
B=${B:-build}
python=/usr/bin/python3
folder=
daemon=

stop() {
	trap - EXIT HUP INT TERM
	if [ -n "$daemon" ]; then
		kill -TERM "$daemon" 2>/dev/null
		wait "$daemon" 2>/dev/null
	fi
	[ -n "$folder" ] && rm -rf "$folder"
	exit "$1"
}
trap 'stop $?' EXIT
trap 'stop 0' HUP INT TERM

sh tests/deps.sh run || exit 1
make -j2 B="$B" all || exit 1

port=$($python -c '
import socket, sys
for port in list(range(8080, 8180)) + [0]:
    with socket.socket() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            s.bind(("127.0.0.1", port))
        except OSError:
            continue
        print(s.getsockname()[1])
        break')
folder=$(mktemp -d "${TMPDIR:-/tmp}/collabd-demo.XXXXXX") || exit 1
echo "Making a Django site with three users ..."
$python -B "$here/setup.py" "$folder" "$port" || exit 1
echo "$port" >"$folder/port"

"$B/release/collabd" -c "$folder/collabd.conf" 2>"$folder/log" &
daemon=$!

# Until it answers that it can work, or has ended.
if ! $python - "$port" "$daemon" <<'EOF'
import os, select, sys, time, urllib.request
port, pid = sys.argv[1:]
url = "http://127.0.0.1:%s/admin/collaboration/health" % port
end = time.monotonic() + 30
while time.monotonic() < end and os.path.exists("/proc/" + pid):
    try:
        sys.exit(urllib.request.urlopen(url, timeout=5).status != 200)
    except OSError:
        select.select([], [], [], 0.05)
sys.exit(1)
EOF
then
	echo "collabd did not start:" >&2
	cat "$folder/log" >&2
	exit 1
fi

if [ "${1-}" = --smoke ]; then
	$python -B "$here/smoke.py" "$folder"
	rc=$?
	[ "$rc" -ne 0 ] && cat "$folder/log"
	exit "$rc"
fi

cat <<EOF

collabd runs on 127.0.0.1:$port with an embedded Redis.

To see two users share a room, type in two other terminals:

    $python $root/tests/demo/client.py $folder alice
    $python $root/tests/demo/client.py $folder bob

and in each, words like: claim, release, attention, save, status, quit.
A third user has no right to this object and is refused:

    $python $root/tests/demo/client.py $folder carol

State and figures:

    http://127.0.0.1:$port/admin/collaboration/health
    http://127.0.0.1:$port/admin/collaboration/metrics

The log is $folder/log. Ctrl-C ends everything.
EOF
wait "$daemon"
rc=$?
daemon=
echo "collabd ended ($rc):" >&2
cat "$folder/log" >&2
exit 1
