# Sourced by every lint script, from the top of the tree. ROOT is the tree to
# look at, B the build folder. A script prints what it finds and exits 0 when
# all is well, 1 when not, 77 when a tool that it needs is missing.
# shellcheck shell=sh
LC_ALL=C
export LC_ALL
lint_dir=$(cd "$(dirname "$0")" && pwd)
ROOT=${ROOT:-$(cd "$lint_dir/../.." && pwd)}
cd "$ROOT" || exit 1
B=${B:-build}
# Command-line variables of an outer make are not for the small makes in here.
unset MAKEFLAGS MFLAGS MAKELEVEL
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
trap 'exit 1' HUP INT TERM

# A missing tool is a visible SKIP; where CI or REQUIRE is set, a failure.
need() {
	for tool in "$@"; do
		command -v "$tool" >/dev/null 2>&1 && continue
		echo "$tool is not installed"
		[ -n "${CI:-}${REQUIRE:-}" ] && exit 1
		exit 77
	done
}

# Prints the Makefile's compiler flags, quoted for eval.
make_flags() {
	# shellcheck disable=SC2016 # make expands it, not the shell
	printf 'include Makefile\nlint-flags:\n\t$(info $(ALL_CFLAGS))@:\n' |
	    make -s -f - B="$tmp/none" lint-flags
}

# Prints "PASS text" or the findings in file $1 and leaves. $2 is the text.
finish() {
	if [ -s "$1" ]; then
		cat "$1"
		exit 1
	fi
	echo "$2"
	exit 0
}

# Lines of a file without comments and blank lines.
rows() {
	sed 's/[[:space:]]*#.*//; /^[[:space:]]*$/d' "$1"
}
