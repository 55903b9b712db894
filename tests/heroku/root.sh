#!/bin/sh
# Started by enter.sh. Puts up the images, each with the clone at /buildpack, and
# runs the tests beside them: in $work,
#
#     image   to build on
#     dyno1, dyno2   to run on; each has a file system of its own, which is gone
#             with it
#
# Of the buildpack the tests have only the clone, of the machine PostgreSQL, Redis
# and what looks into them.
. "$(dirname "$0")/../fresh/lib.sh"
tree_at=/buildpack

image() {
	root=$work/$1
	mkdir "$root" && mount_root "$2/root:base/root" "$work/$1.upper"
}

images() {
	base || return
	made=$(cat base/made)
	for stage in heroku-build heroku-run; do
		lower=base/root
		key=$made
		layer $stage || return
	done
	image image heroku-build && image dyno1 heroku-run &&
	    image dyno2 heroku-run && mount -t proc proc /proc
}

tests() {
	log=$logs/pytest.log
	# What npm has installed is in no clone.
	modules=$(git -C "$work/tree" remote get-url origin)/tests/node_modules
	[ ! -e "$modules" ] || ln -s "$modules" "$work/tree/tests/"
	: "${COLLABD_PATIENCE:=60}"
	export COLLABD_PATIENCE
	export BROWSER=/usr/bin/chromium-headless-shell
	cd "$work/tree/tests/heroku" &&
	HEROKU_WORK=$work TMPDIR=$work python3 -B -m pytest -p no:cacheprovider \
	    -q --tb=short --color=no -rs --durations=8 "$@" >"$log" 2>&1 \
	    </dev/null &
	wait $!; rc=$?
	cat "$log"
	cp "$work"/*.log "$logs"/
	for word in passed failed error; do
		n=$(tail -n 1 "$log" | sed -n "s/.*\b\([0-9][0-9]*\) $word.*/\1/p")
		case $word in
		passed)	passed=$((passed + ${n:-0})) ;;
		*)	failed=$((failed + ${n:-0})) ;;
		esac
	done
	return "$rc"
}

trap 'exit 130' HUP INT TERM
images && tests "$@" || [ "$failed" -gt 0 ] || failed=1
echo "heroku: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
