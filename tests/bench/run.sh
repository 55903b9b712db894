#!/bin/sh
# Measures collabd: "make bench". Starts a PostgreSQL cluster and a
# redis-server of its own on loopback, has Django make the tables, users and
# sessions, runs build/release/bench/bench, and stops everything by process id.
# Prints a table and writes bench.json into the build folder.
#
#   run.sh BUILD/FLAVOUR [scenario ...]
#   QUICK=1        small numbers, under a minute
#   BENCH_RUNS=n   runs of each measurement (3; medians are quoted)
#
# Scenarios: client handshakes storm joins fanout latency memory redis guard; all
# by default. "client" prints what the browser client weighs, and fails over its
# limit, and what it costs a page in Chromium.
set -eu

[ $# -ge 1 ] || { echo "usage: run.sh BUILD/FLAVOUR [scenario ...]" >&2; exit 2; }
O=$1; shift
[ ! -f tests/deps.sh ] || sh tests/deps.sh check
. tests/path.sh
"${MAKE:-make}" --no-print-directory B="$(dirname "$O")" \
	FLAVOUR="$(basename "$O")" "$O/collabd" "$O/bench/bench"

case " ${*:-client} " in
*" client "*)
	B="$(dirname "$O")" sh tests/lint/assets.sh
	COLLABD_BINARY=$(cd "$O" && pwd)/collabd node tests/browser/bench.mjs \
		${QUICK:+5} ;;
esac
# The other scenarios are the program's.
asked=$#
for scenario do
	shift
	[ "$scenario" = client ] || set -- "$@" "$scenario"
done
[ "$asked" -eq 0 ] || [ $# -gt 0 ] || exit 0

for bin in /usr/lib/postgresql/*/bin; do PG_BIN=$bin; done
PYTHON=/usr/bin/python3
WORKERS=2
AUTH_MAX=8
USERS=5000
[ -z "${QUICK:-}" ] || USERS=300
# Nothing of the caller's configuration may reach the daemon.
unset DATABASE_URL REDIS_URL SECRET_KEY SECRET_KEY_FALLBACKS PORT \
	RUNTIME_DIRECTORY NOTIFY_SOCKET 2>/dev/null || true

dir=$(mktemp -d "${TMPDIR:-/tmp}/collabd-bench.XXXXXX")
chmod 711 "$dir"
redis_pid=
bench_pid=

# The server's own user, when we are root: PostgreSQL refuses to run as root.
as_postgres() {
	if [ "$(id -u)" -eq 0 ]; then runuser -u postgres -- "$@"; else "$@"; fi
}

# A process of ours, waited for; its end is no error.
stop() {
	[ -n "$1" ] || return 0
	kill "$1" 2>/dev/null || true
	wait "$1" 2>/dev/null || true
}

clean() {
	status=$?
	trap - EXIT
	trap '' INT TERM HUP	# a second one must not stop the cleaning
	stop "$bench_pid"
	if [ -f "$dir/pg/data/postmaster.pid" ]; then
		(cd / && as_postgres "$PG_BIN/pg_ctl" -D "$dir/pg/data" -w \
			-m immediate stop >/dev/null) || true
	fi
	stop "$redis_pid"
	if [ "$status" -ne 0 ]; then
		for log in pg.log redis.log collabd.log; do
			[ ! -s "$dir/$log" ] || { echo "--- $log"
				tail -n 20 "$dir/$log"; } >&2
		done
	fi
	rm -rf "$dir"
	exit "$status"
}
trap clean EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

free_port() {
	"$PYTHON" -c 'import socket
s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

start_postgres() {
	mkdir "$dir/pg"
	[ "$(id -u)" -ne 0 ] || chown postgres "$dir/pg"
	: >"$dir/pg.log"; chmod 666 "$dir/pg.log"
	printf '%s\n' "$PGPASSWORD" >"$dir/pg/password"
	chmod 644 "$dir/pg/password"
	(cd / && as_postgres "$PG_BIN/initdb" -D "$dir/pg/data" -U postgres \
		-A scram-sha-256 --pwfile="$dir/pg/password" -E UTF8 \
		--locale=C --no-sync >/dev/null
	as_postgres "$PG_BIN/pg_ctl" -D "$dir/pg/data" -w -l "$dir/pg.log" \
		-o "-p $pg_port -c listen_addresses=127.0.0.1 \
		-c unix_socket_directories= -c max_connections=100" \
		start >/dev/null)
	psql -q -h 127.0.0.1 -p "$pg_port" -U postgres -v ON_ERROR_STOP=1 \
		-c "CREATE ROLE collabd LOGIN PASSWORD '$role_password'" \
		-c "CREATE DATABASE bench"
}

start_redis() {
	redis-server --port 0 --unixsocket "$dir/redis.sock" --save '' \
		--appendonly no --dir "$dir" >"$dir/redis.log" 2>&1 &
	redis_pid=$!
	until redis-cli -s "$dir/redis.sock" ping >/dev/null 2>&1; do
		kill -0 "$redis_pid" || exit 1
	done
}

write_conf() {
	cat <<-END
	listen = 127.0.0.1:$port
	metrics_listen = 127.0.0.1:$metrics_port
	workers = $WORKERS
	log_level = warning
	log_file = $dir/collabd.log
	drain_time = 0
	secret_key_file = $dir/key
	database_url = $database_url
	redis_url = unix://$dir/redis.sock
	save_guard = enforce
	auth_max_connections = $AUTH_MAX
	auth_queue_max = 1000000
	auth_timeout = 300
	reauth_interval = 86400
	reauth_grace = 0
	max_connections_per_user = 0
	max_handshakes = 1000000
	handshake_timeout = 300
	message_rate = 1000000
	message_burst = 1000000
	send_queue_max = 64m
	send_queue_age = 300
	END
}

PGPASSWORD=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
role_password=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
export PGPASSWORD
od -An -N32 -tx1 /dev/urandom | tr -d ' \n' >"$dir/key"
pg_port=$(free_port)
port=$(free_port)
metrics_port=$(free_port)
database_url=postgres://collabd:$role_password@127.0.0.1:$pg_port/bench

start_postgres
start_redis
"$PYTHON" tests/bench/site.py "$pg_port" "$dir/key" "$USERS" >"$dir/sessions"

# For the storm, threads enough that the budget is what limits.
write_conf >"$dir/collabd.conf"
{ write_conf; echo "auth_threads = $AUTH_MAX"; } >"$dir/storm.conf"
BENCH_CONF_NOREUSE=
if "$O/collabd" -T -c "$dir/storm.conf" | grep -q '^auth_reuse '; then
	BENCH_CONF_NOREUSE=$dir/noreuse.conf
	{ cat "$dir/storm.conf"; echo "auth_reuse = off"; } \
		>"$BENCH_CONF_NOREUSE"
fi

export BENCH_CONF_NOREUSE
export BENCH_COLLABD="$O/collabd" BENCH_CONF="$dir/collabd.conf"
export BENCH_CONF_STORM="$dir/storm.conf"
export BENCH_PORT="$port" BENCH_METRICS_PORT="$metrics_port"
export BENCH_DATABASE_URL="$database_url"
export BENCH_MONITOR_URL="postgres://postgres:$PGPASSWORD@127.0.0.1:$pg_port/bench"
export BENCH_AUTH_MAX="$AUTH_MAX" BENCH_REDIS_PID="$redis_pid"
export BENCH_REDIS_SOCKET="$dir/redis.sock" BENCH_WORKERS="$WORKERS"
BENCH_COLLABD_VERSION=$("$O/collabd" -V | head -1)
BENCH_REDIS_VERSION=$(redis-server --version)
BENCH_COMMAND="${QUICK:+QUICK=$QUICK }${BENCH_RUNS:+BENCH_RUNS=$BENCH_RUNS }make bench${*:+ (only $*)}"
export BENCH_COLLABD_VERSION BENCH_REDIS_VERSION BENCH_COMMAND

out=$(dirname "$O")/bench.json
"$O/bench/bench" "$dir/sessions" "$out" "$@" &
bench_pid=$!
wait "$bench_pid" || { status=$?; bench_pid=; exit "$status"; }
bench_pid=
echo
echo "written to $out"
