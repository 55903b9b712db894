#!/bin/sh
# Started by enter.sh. The steps of "make fresh", in stages:
#
#     build, run, demo, check
#             a layer of what "tests/deps.sh" of that name installs
#
# Each stage's steps run on its layer and those below, so that "make run" cannot
# live on what only "make demo" installs.
. "$(dirname "$0")/lib.sh"
stages="build run demo check"

steps() {
	case $1 in
	build)
		step make-install sh -c 'make -j2 &&
		    make install SYSCONFDIR=/etc && collabd -V &&
		    echo 1 passed, 0 failed' ;;
	run)
		step make-run make run ARGS=--smoke ;;
	demo)
		step make-demo make demo ARGS=--smoke ;;
	check)
		install check &&
		step make-unit make -j2 unit
		step sim make -j2 sim RUNS=50 FAULTS=kill,clock
		step fuzz make -j2 fuzz fuzz-smoke FUZZ_SECONDS=1
		# All but those that take the longest.
		step lint env REQUIRE=1 sh tests/lint/run.sh layers headers \
		    options man secrets functions names links assets \
		    shellcheck globals cppcheck
		step browser-static sh tests/browser/static.sh
		for browser in chromium chromium-headless-shell; do
			step "$browser" env BROWSER=/usr/bin/$browser \
			    sh tests/browser/run.sh build/release 3.2 pages \
			    --test-name-pattern='a UUID as key'
		done
		step conformance sh tests/conformance/run.sh build/release
		step integration sh tests/integration/run.sh build/release \
		    integration test_operations.py ;;
	esac
}

all() {
	base || return
	lower=base/root
	key=$(cat base/made)
	for stage in $stages; do
		layer "$stage" || return
		mount_root "$lower" "$work/$stage" || return
		steps "$stage"
		umount -R "$root" || return
		rm -rf "${work:?}/$stage" "$work/$stage.overlay"
	done
}

trap 'exit 130' HUP INT TERM
all || [ "$failed" -gt 0 ] || failed=1
echo "fresh: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
