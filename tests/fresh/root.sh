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
		    make install SYSCONFDIR=/etc && collabd -V && start-collabd -V &&
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

# etc/Containerfile, without a container tool: none of Debian's works in every
# sandbox that this runs in. Its lines are carried out here, one after the other,
# each stage on a root of its own: the first on the layer that it would make
# anyway, the second, whose packages are the point, on what debootstrap made.
image() {
	lower=build/root:base/root; where=/; runs=0; user=root
	sed -e '/^#/d' -e '/^$/d' -e ':a' -e '/\\$/{N;s/\\\n//;ba' -e '}' \
	    "$work/tree/etc/Containerfile" >"$work/lines"
	while read -r word rest <&3; do
		case $word in
		FROM)	[ "$runs" -eq 0 ] || {
				umount -R "$root" || return
				lower=base/root; where=/
			}
			runs=$((runs + 1))
			mount_root "$lower" "$work/image$runs" || return ;;
		WORKDIR) where=$rest ;;
		USER)	user=$rest ;;
		RUN)	mount --bind debs "$root/var/cache/apt/archives"
			step "image-run-$runs" sh -c \
			    "cd $where && $rest && echo 1 passed, 0 failed" ||
			    return
			umount "$root/var/cache/apt/archives" ;;
		COPY)	case $rest in
			". /src") cp -a "$work/tree" "$root/src" ;;
			"--from=build /image /")
				cp -a "$work/image1/image/." "$root/" ;;
			*)	echo "  FAILED  image: COPY $rest"; return 1 ;;
			esac || return ;;
		ENTRYPOINT) entrypoint=$rest ;;
		HEALTHCHECK) health=${rest#CMD } ;;
		CMD)	command=$rest ;;
		EXPOSE)	;;
		*)	echo "  FAILED  image: $word"; return 1 ;;
		esac
	done 3<"$work/lines"
	# With a network of its own, because the port is said there.
	step image-serves unshare --net sh -c \
	    'ip link set lo up && exec python3 tests/fresh/image.py "$@"' sh \
	    "$user" "$entrypoint" "$command" "$health"
	umount -R "$root" && rm -rf "$work"/image?*
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
	image || failed=$((failed + 1))
}

trap 'exit 130' HUP INT TERM
all || [ "$failed" -gt 0 ] || failed=1
echo "fresh: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
