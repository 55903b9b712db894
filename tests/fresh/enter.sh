# Sourced by run.sh of a suite ($suite) that does its work in roots of Debian 12:
# starts root.sh beside that run.sh, as the first process of namespaces of its own
# for mounts and processes, of which the kernel leaves nothing when that ends,
# however it ends. It gets a clean clone of the last commit, and the arguments of
# run.sh behind its own.
#
# The roots are kept in FRESH_CACHE (/var/cache/collabd-fresh), which may be
# removed at any time. Logs are in $B/check/$suite. The last line is
# "$suite: N passed, N failed". A machine on which it cannot be done is a visible
# SKIP; with REQUIRE=1 it is a failure.
# shellcheck shell=sh
set -u
suite=${suite:?}
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/../.." || exit 1
tree=$(pwd)
B=${B:-build}
cache=${FRESH_CACHE:-/var/cache/collabd-fresh}
work=
child=

skip() {
	echo "  SKIP  $suite: $1"
	[ "${REQUIRE:-0}" = 0 ]; failed=$?
	echo "$suite: 0 passed, $failed failed"
	exit "$failed"
}

# The first process of the namespaces is a child of unshare's; when it is gone,
# the kernel has ended all others in there.
stop() {
	trap - EXIT
	trap '' HUP INT TERM	# a second one must not stop the cleaning
	if [ -n "$child" ]; then
		first=$(cat "/proc/$child/task/$child/children" 2>/dev/null)
		kill -KILL "$child" 2>/dev/null
		wait "$child" 2>/dev/null
		while [ -n "$first" ] && kill -0 "${first% }" 2>/dev/null &&
		    ! grep -q '^State:.Z' "/proc/${first% }/status"; do
			sleep 0.1
		done
	fi
	[ -z "$work" ] || rm -rf "$work"
	exit "$1"
}

[ "$(id -u)" -eq 0 ] || skip "needs root"
command -v apt-get >/dev/null || skip "needs a Debian machine with apt-get"
sh tests/deps.sh fresh || skip "debootstrap cannot be installed"
# Known once the lists have been fetched.
is_bookworm() {
	apt-get indextargets --format '$(CODENAME)' 'Created-By: Packages' |
		grep -qx bookworm
}
is_bookworm || apt-get -qq update
is_bookworm || skip "no source of apt's is Debian 12 (bookworm)"

mkdir -p "$cache" "$B/check/$suite" && cache=$(cd "$cache" && pwd) || exit 1
logs=$(cd "$B/check/$suite" && pwd)
rm -f "$logs"/*.log

# One at a time; what a killed one has left goes.
exec 9>"$cache/lock"
flock -n 9 || { echo "waiting for another run on $cache"; flock 9; }
rm -rf "$cache"/fresh-work.*
trap 'stop $?' EXIT
trap 'stop 130' HUP INT TERM
work=$(mktemp -d "$cache/fresh-work.XXXXXX") || exit 1
chmod 755 "$work"

mkdir "$work/lower" "$work/upper" "$work/overlay" "$work/root"
unshare --mount --pid --fork mount -t overlay overlay -o \
    "lowerdir=$work/lower,upperdir=$work/upper,workdir=$work/overlay" \
    "$work/root" 2>"$work/why" ||
	skip "no namespaces or overlays below $cache: $(tail -n 1 "$work/why")"

git clone -q --no-hardlinks "$tree" "$work/tree" ||
	skip "the tree is no clone of a repository"
[ -z "$(git status --porcelain)" ] ||
	echo "  note  what is not committed is not in the clone"

# Its end is the end of all, and ours is its end. The lock is ours alone.
setpriv --pdeathsig KILL unshare --mount --propagation private --pid --fork \
    --kill-child sh "$here/root.sh" "$cache" "$work" "$logs" "$@" 9>&- &
child=$!
wait "$child"
