# Sourced from the top of the tree by what runs node or a tool of npm's: these
# are found below tests/node_modules first. Node itself is there, because the one
# of Debian 12 is older than what the tools run on. (npm links the programs of
# all its packages into .bin, but not always those of an optional one.)
# shellcheck shell=sh
PATH=$(pwd)/tests/node_modules/.bin:$PATH
for bin in "$(pwd)"/tests/node_modules/node-linux-*/bin; do
	PATH=$bin:$PATH
done
export PATH
