#!/bin/sh
# Words that do not belong into the tree: notes to oneself, hosts of package
# registries, absolute paths of somebody's machine; and bytes that are not
# ASCII in sources, scripts and man pages.
. "$(dirname "$0")/lib.sh"
# Folders and files that the project consists of; the build is not among them.
set --
for f in Makefile README.md CHANGELOG.md CONTRIBUTING.md LICENSE src include \
    man etc tests bin .ci .clang-tidy .clang-format .editorconfig; do
	[ -e "$f" ] && set -- "$@" "$f"
done
# Not in folders that tools make, in test data, and in what names the words.
look() {
	grep -rnIE --exclude-dir=node_modules --exclude-dir=__pycache__ \
	    --exclude=vectors.json --exclude=names.sh "$@"
}
{
	look '\<(TODO|FIXME|XXX|HACK)\>' "$@" |
	    sed 's/$/   <- finish it, or write an issue/'
	look -e '(pypi\.org|pythonhosted\.org|npmjs\.(org|com))' \
	    -e '(rubygems\.org|proxy\.golang\.org|crates\.io)' \
	    -e '(deb|security|ftp|snapshot)\.debian\.org' \
	    -e '(archive|security)\.ubuntu\.com|docker\.io|ghcr\.io' "$@" |
	    sed 's/$/   <- a registry/'
	look '(^|[^A-Za-z0-9_.$}*-])/(home|Users|work)/' "$@" |
	    sed 's/$/   <- a path of one machine/'
	# -a: in the C locale a file with other bytes is a binary one. Tests in
	# Python may spell what their users type.
	grep -rnaP --include='*.[chl0-9]' --include='*.lua' --include='*.sh' \
	    --include='*.py' --include='*.awk' --include='*.conf' \
	    --include='*.txt' --include='*.service' --include=Makefile \
	    --exclude='test_*.py' --exclude-dir=node_modules '[^\x00-\x7f]' "$@" |
	    sed 's/$/   <- not ASCII/'
} >"$tmp/found"
finish "$tmp/found" "no notes to oneself, foreign hosts or odd bytes"
