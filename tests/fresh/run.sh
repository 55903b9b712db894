#!/bin/sh
# Whether a fresh Debian 12 with "make" does what the README says. Makes a root
# of its own (root.sh), and in it, from a clean clone of the last commit, goes
# through what a newcomer does and through a piece of each kind of test. What
# works there does so with what the project installs, and not with what some
# machine happened to have.
#
#     sh tests/fresh/run.sh
#
# The roots, logs, and what is skipped: see enter.sh.
suite=fresh
. "$(dirname "$0")/enter.sh"
