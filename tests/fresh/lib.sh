# Sourced by the first process of the namespaces that enter.sh makes, with the
# folders of the cache, of this run (in it the clone, "tree") and of the logs.
# Makes roots of Debian 12 in layers, one on the other:
#
#     base    what debootstrap's minbase has, make, and of this machine the
#             sources and settings of apt, the certificates, npm's settings
#     others  what "tests/deps.sh" of that name installs
#
# A layer is kept, and made anew if what it is made from has changed; all are,
# when they are a week old. What is done on them is written in a layer of the
# run.
# shellcheck shell=sh
set -u
cache=$1; work=$2; logs=$3
shift 3
cd "$work/tree" || exit 1
. tests/count.sh
cd "$cache" || exit 1
root=$work/root
tree_at=/root/collabd		# the clone, in a root
passed=0; failed=0

# Of the caller's environment only what says how to reach the archives.
for name in $(env | sed -n 's/^\([A-Za-z_][A-Za-z0-9_]*\)=.*/\1/p'); do
	case $name in
	*_proxy | *_PROXY | npm_config_registry) ;;
	COLLABD_PATIENCE | PWD) ;;
	*) unset "$name" ;;
	esac
done
export HOME=/root USER=root LOGNAME=root SHELL=/bin/sh TERM=dumb
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

# Puts the layers $1 (top first) and a new one ($2) together at $root.
mount_root() {
	mkdir -p "$2" "$2.overlay" &&
	mount -t overlay overlay \
	    -o "lowerdir=$1,upperdir=$2,workdir=$2.overlay" "$root" &&
	mount -t proc -o nosuid,nodev,noexec proc "$root/proc" &&
	mount -t sysfs -o ro,nosuid,nodev,noexec sysfs "$root/sys" &&
	mount -t tmpfs -o mode=755,nosuid dev "$root/dev" &&
	mkdir -m 755 "$root/dev/pts" && mkdir -m 1777 "$root/dev/shm" &&
	mount -t devpts -o newinstance,ptmxmode=666 devpts "$root/dev/pts" &&
	mount -t tmpfs -o mode=1777,nosuid,nodev shm "$root/dev/shm" &&
	mknod -m 666 "$root/dev/null" c 1 3 &&
	mknod -m 666 "$root/dev/zero" c 1 5 &&
	mknod -m 666 "$root/dev/full" c 1 7 &&
	mknod -m 666 "$root/dev/random" c 1 8 &&
	mknod -m 666 "$root/dev/urandom" c 1 9 &&
	mknod -m 666 "$root/dev/tty" c 5 0 &&
	ln -s pts/ptmx "$root/dev/ptmx" &&
	ln -s /proc/self/fd "$root/dev/fd" &&
	ln -s fd/0 "$root/dev/stdin" && ln -s fd/1 "$root/dev/stdout" &&
	ln -s fd/2 "$root/dev/stderr" &&
	mkdir -p "$root$tree_at" &&
	mount --bind "$work/tree" "$root$tree_at" &&
	cp /etc/resolv.conf /etc/hosts "$root/etc/"
}

# Processes of these namespaces besides this one; the shell's own words only,
# so that there are no others meanwhile.
leftovers() {
	left=
	for folder in "$root"/proc/[0-9]*; do
		[ "${folder##*/}" -ne 1 ] || continue
		{ read -r stat <"$folder/stat"; } 2>/dev/null || continue
		case ${stat##*) } in
		[ZX]*) ;;
		*) left="$left ${folder##*/} (${stat#*(}" ;;
		esac
	done
}

# Runs a command ($2...) at the top of the clone, in the root, under a name ($1)
# and counts what it says of itself; one that only has to succeed ends with
# "1 passed, 0 failed" of ours.
step() {
	name=$1; shift
	log=$logs/$name.log
	began=$(date +%s)
	# In the background, because a shell that waits hears its signals.
	# shellcheck disable=SC2016 # it is for the shell in there
	chroot "$root" sh -c 'cd "$1" && shift && exec "$@"' \
	    sh "$tree_at" "$@" \
	    >"$log" 2>&1 </dev/null &
	wait $!; rc=$?
	leftovers
	[ -z "$left" ] || {
		echo "FAILED: processes left behind:$left" >>"$log"
		kill -KILL -1
		while leftovers; [ -n "$left" ]; do sleep 0.1; done
		rc=1
	}
	count "$log" "$rc"
	passed=$((passed + p)); failed=$((failed + f))
	took=$(($(date +%s) - began))
	if [ "$f" -eq 0 ]; then
		echo "  ok      $name ($p, $took s)"
	else
		echo "  FAILED  $name ($took s)"
		cat "$log"
	fi
	return "$f"
}

install() {
	step "install-$1" sh -c 'sh tests/deps.sh "$1" && echo 1 passed, 0 failed' \
	    sh "$1"
}

# Of this machine, into the root $1: how apt and npm reach their archives.
settings() {
	apt-get indextargets --format \
	    '$(CODENAME) $(ORIGIN) deb $(REPO_URI) $(RELEASE) $(COMPONENT)' \
	    'Created-By: Packages' |
	    sed -n 's/^bookworm\(-updates\|-security\)\? Debian deb /deb /p' \
	    >"$1/etc/apt/sources.list"
	apt-config dump | sed -n '/^Acquire::/p' | grep -vE \
	    'IndexTargets|Changelogs|cdrom|Languages|Compression|Auto-Detect' \
	    >"$1/etc/apt/apt.conf.d/00machine"
	cp -a /etc/apt/auth.conf /etc/apt/auth.conf.d "$1/etc/apt/" 2>/dev/null
	# One file each: so ca-certificates takes them in when it is installed.
	mkdir -p "$1/etc/ssl/certs" "$1/usr/local/share/ca-certificates"
	if cp /etc/ssl/certs/ca-certificates.crt "$1/etc/ssl/certs/"; then
		awk -v out="$1/usr/local/share/ca-certificates/machine-" '
		/-----BEGIN/ { n++ }
		n { print > (out n ".crt") }
		/-----END/ { close(out n ".crt") }' \
		    /etc/ssl/certs/ca-certificates.crt
	fi 2>/dev/null
	if command -v npm >/dev/null; then
		for file in globalconfig userconfig; do
			cat "$(npm config get $file)"
		done 2>/dev/null |
		    grep -vE '^ *(prefix|cache|nodedir|tmp)' >"$1/root/.npmrc"
	fi
	# What is lost with the machine may be.
	echo force-unsafe-io >"$1/etc/dpkg/dpkg.cfg.d/unsafe-io"
}

# The lowest layer.
base() {
	rm -rf settings base.new
	mkdir -p settings/etc/apt/apt.conf.d settings/etc/dpkg/dpkg.cfg.d \
	    settings/root debs
	settings settings
	[ -n "$(find base/made -mtime -7 2>/dev/null)" ] &&
	    diff -r base/settings settings >/dev/null && return
	# Those that were made on it are not found again by their keys.
	rm -rf base debs
	for old in ./*/key; do rm -rf "${old%/key}"; done
	mkdir base.new debs
	mirror=$(sed -n 's/^deb \([^ ]*\) bookworm main$/\1/p' \
	    settings/etc/apt/sources.list | head -n 1)
	began=$(date +%s)
	debootstrap --variant=minbase --include=make --cache-dir="$cache/debs" \
	    bookworm "$cache/base.new/root" "$mirror" \
	    >"$logs/debootstrap.log" 2>&1 </dev/null &
	wait $! || { cat "$logs/debootstrap.log"; return 1; }
	cp -a settings/. base.new/root/ && mv settings base.new/ &&
	date +%s >base.new/made && mv base.new base &&
	echo "  ok      debootstrap ($(($(date +%s) - began)) s)"
}

# Makes sure of the layer of a stage ($1) upon those of $lower, and puts it onto
# them. $key is what all of them were made from.
layer() {
	key=$({ echo "$key"; cd "$work/tree" && sh tests/deps.sh -l "$1"
	    [ "$1" != check ] || cat tests/package.json; } | sha256sum)
	if [ "$(cat "$1/key" 2>/dev/null)" != "$key" ]; then
		rm -rf "$1" "$1.new"
		mount_root "$lower" "$1.new/root" || return
		mount --bind debs "$root/var/cache/apt/archives" || return
		install "$1" || return
		umount -R "$root" || return
		rm -rf "$1.new/root.overlay"
		echo "$key" >"$1.new/key" && mv "$1.new" "$1" || return
	fi
	lower=$1/root:$lower
}
