#!/bin/sh
# The buildpack as the platform uses it: an image to build on and one to run on,
# which are roots of Debian 12 with what those of a stack have, an unprivileged
# user, another path at build time than at run time. In them bin/detect,
# bin/compile, bin/release, and dynos of a Django site with two users, against a
# PostgreSQL and a Redis with TLS (test_*.py).
#
#     sh tests/heroku/run.sh [pytest arguments]
#
# The roots are those of tests/fresh and two more layers. Without REQUIRE=1 they
# are not made: if they are not there it is a SKIP. For the rest see enter.sh.
suite=heroku
cache=${FRESH_CACHE:-/var/cache/collabd-fresh}
if [ "${REQUIRE:-0}" = 0 ] && [ ! -e "$cache/heroku-run/key" ]; then
	echo "  SKIP  $suite: no roots in $cache; REQUIRE=1 makes them"
	echo "$suite: 0 passed, 0 failed"
	exit 0
fi
. "$(dirname "$0")/../fresh/enter.sh"
