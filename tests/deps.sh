#!/bin/sh
# Installs the Debian packages that something needs and that are missing.
#
#     sh tests/deps.sh [-l] build|run|demo|check|fresh|heroku-build|heroku-run
#
# build: compiler and libraries; run: what "make run" needs besides; demo: what
# "make demo" needs besides; check: what all tests need besides; fresh: what
# "make fresh" needs, which brings the rest into a root of its own; heroku-build,
# heroku-run: what the images of a stack have, of which a buildpack knows, and the
# Python that an app brings along. Asks the
# package archive only if something is missing. Packages with a server (Redis,
# PostgreSQL, nginx) are installed without starting one and without making a
# database cluster: the tests and the demo start servers of their own.
#
# -l: says what is wanted, a package a line, and installs nothing.
set -u
here=$(cd "$(dirname "$0")" && pwd)

build="gcc libc6-dev make pkg-config libevent-dev libhiredis-dev libjson-c-dev
	libpq-dev libssl-dev zlib1g-dev libsqlite3-dev libbsd-dev
	libxxhash-dev esbuild"
run="redis-server python3 python3-django python3-websockets"
# Django has jQuery as a link into libjs-jquery, which it only recommends.
demo="gunicorn nginx-light postgresql python3-psycopg2 python3-redis
	libjs-jquery"
check="libcmocka-dev libwslay-dev liblua5.1-0-dev clang libclang-rt-14-dev
	clang-tidy cppcheck mandoc shellcheck python3-autobahn python3-pytest
	python3-pytest-xdist chromium chromium-headless-shell openssl
	ca-certificates procps"
fresh="debootstrap git"
heroku_build="gcc libc6-dev make pkg-config libevent-dev libpq-dev libssl-dev
	zlib1g-dev ca-certificates"
heroku_run="libevent-core-2.1-7 libevent-extra-2.1-7 libevent-openssl-2.1-7
	libevent-pthreads-2.1-7 libpq5 libssl3 zlib1g ca-certificates python3
	python-is-python3 python3-django python3-psycopg2 gunicorn
	libjs-jquery"

list=
[ "${1-}" = -l ] && { list=1; shift; }
case ${1-} in
build)	wanted=$build ;;
run)	wanted="$build $run" ;;
demo)	wanted="$build $run $demo" ;;
check)	wanted="$build $run $demo $check" ;;
fresh)	wanted=$fresh ;;
heroku-build)	wanted=$heroku_build ;;
heroku-run)	wanted=$heroku_run ;;
*)	sed -n 's/^#  *sh tests/usage: sh tests/p' "$0" >&2; exit 64 ;;
esac
if [ -n "$list" ]; then
	# shellcheck disable=SC2086
	printf '%s\n' $wanted
	exit 0
fi

missing=
for p in $wanted; do
	state=$(dpkg-query -W -f '${db:Status-Status}' "$p" 2>/dev/null)
	[ "$state" = installed ] || missing="$missing $p"
done
# These may have come from elsewhere than Debian's packages.
if [ "$1" = check ]; then
	command -v node >/dev/null || missing="$missing nodejs"
	command -v npm >/dev/null || missing="$missing npm"
fi

policy=/usr/sbin/policy-rc.d
clusters=/etc/postgresql-common/createcluster.conf

# No package may start its server while we install.
hold_servers() {
	[ -e $policy ] && mv $policy $policy.collabd
	printf '#!/bin/sh\nexit 101\n' >$policy && chmod 755 $policy
}

release_servers() {
	rm -f $policy
	[ -e $policy.collabd ] && mv $policy.collabd $policy
	[ -e $clusters.collabd ] && mv $clusters.collabd $clusters
	return 0
}

apt() {
	DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0 \
		-o Acquire::Retries=3 -o DPkg::Lock::Timeout=600 "$@" >"$log" 2>&1 </dev/null && return
	cat "$log" >&2
	echo "deps: apt-get $1 failed" >&2
	exit 1
}

disable() {
	[ -d /run/systemd/system ] && systemctl disable "$1" >/dev/null 2>&1
}

install_missing() {
	echo "deps: installing$missing"
	log=$(mktemp)
	trap 'release_servers; rm -f "$log"' EXIT
	trap 'exit 1' HUP INT TERM
	hold_servers
	apt update
	case " $missing " in
	*" postgresql "*)
		# Its package makes a cluster unless this file says no, and
		# the file comes with another package, first.
		apt install -y --no-install-recommends postgresql-common
		cp -p $clusters $clusters.collabd
		echo "create_main_cluster = false" >>$clusters
		;;
	esac
	# The list is split into words on purpose.
	# shellcheck disable=SC2086
	apt install -y --no-install-recommends $missing
	# Nor at the next boot.
	case " $missing " in
	*" redis-server "*) disable redis-server ;;
	esac
	case " $missing " in
	*" nginx-light "*) disable nginx ;;
	esac
	release_servers
	rm -f "$log"
	trap - EXIT HUP INT TERM
}

if [ -n "$missing" ]; then
	if [ "$(id -u)" -ne 0 ]; then
		echo "deps: please run, as root: apt-get install$missing" >&2
		exit 1
	fi
	install_missing
fi

# What is below node_modules came from the package.json of now.
npm_complete() {
	cmp -s "$here/package.json" "$here/node_modules/package.json"
}

if [ "$1" = check ] && ! npm_complete; then
	echo "deps: installing npm's packages below tests/node_modules"
	log=$(mktemp)
	if ! (cd "$here" && npm install --no-audit --no-fund \
	    --no-package-lock --no-update-notifier) >"$log" 2>&1 </dev/null
	then
		cat "$log" >&2; rm -f "$log"
		echo "deps: npm install failed" >&2
		exit 1
	fi
	rm -f "$log"
	cp "$here/package.json" "$here/node_modules/"
fi
exit 0
