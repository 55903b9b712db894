#!/bin/sh
# Makes one C file of the browser client, on standard output: every file as it
# is served, plain and gzipped, and the table that include/server/assets.h
# describes. The same sources give the same bytes.
#
#     bundle.sh FOLDER
#
# FOLDER gets what the table is made of: client.js, panel.js, client.css,
# lang.<code>.json and each of them with .gz. English is part of client.js and
# no file of its own; panel.js is a module that a page loads when it first needs
# it. What main.js and its modules know of the other files are three constants:
#
#     __CSS_URL__    "client.1a2b3c4d.css"
#     __PANEL_URL__  "panel.1a2b3c4d.js"
#     __LANG_URLS__  {"de":"lang.de.1a2b3c4d.json", ...}
set -eu
LC_ALL=C
export LC_ALL
[ $# -eq 1 ] || { echo "usage: bundle.sh FOLDER" >&2; exit 64; }
out=$1
here=$(cd "$(dirname "$0")" && pwd)
command -v esbuild >/dev/null || {
	echo "esbuild is not installed: sh tests/deps.sh build" >&2
	exit 1
}
mkdir -p "$out"
rm -f "$out"/client.* "$out"/panel.* "$out"/lang.*

esbuild_text() {
	esbuild --log-level=warning --minify --charset=utf8 \
	    --legal-comments=none "$@"
}

# The first $2 digits of what identifies the contents of file $1.
digest() {
	sha256sum <"$1" | cut -c "1-$2"
}

# The texts of a language without their names, in the order of the English ones,
# from which the client has the names: a third of the bytes is saved. Takes the
# form that the files have, one text a line: {"a": "b", ...} becomes ["b",...].
squeeze() {
	names "$1" | cmp -s - "$out/names" || {
		echo "$1: other names, or another order, than en.json" >&2
		exit 1
	}
	sed -e 's/^  "[a-z_]*": //' -e 's/^{$/[/' -e 's/^}$/]/' "$1" |
	    tr -d '\n'
}

names() {
	sed -n 's/^  "\([a-z_]*\)": ["{].*/\1/p' "$1"
}

array() {
	echo "static const unsigned char $1[] = {"
	od -A n -v -t u1 "$2" | sed 's/  */,/g; s/^,//; s/$/,/'
	echo "};"
}

# The bytes of file $1, as served and gzipped, as two arrays of C.
n=0
arrays() {
	gzip -9 -n -c "$1" >"$1.gz"
	n=$((n + 1))
	array "plain_$n" "$1"
	array "gzip_$n" "$1.gz"
}

coding() {
	printf '\t    { { (const char *)%s, sizeof(%s) }, "\\"%s\\"" },\n' \
	    "$1" "$1" "$(digest "$2" 16)"
}

# A row for the arrays made last: name, type, is_immutable, file.
row() {
	printf '\t{ "%s", "%s",\n' "$1" "$2"
	coding "plain_$n" "$4"
	coding "gzip_$n" "$4.gz"
	printf '\t    %s },\n' "$3"
}

rows=$out/rows
: >"$rows"
echo "/* Made by src/browser/bundle.sh; do not edit. */"
echo '#include "server/assets.h"'

targets=es2020,safari14
esbuild_text --bundle --target=$targets "$here/client.css" >"$out/client.css"
css=client.$(digest "$out/client.css" 8).css
arrays "$out/client.css"
row "$css" "text/css; charset=utf-8" true "$out/client.css" >>"$rows"

javascript="text/javascript; charset=utf-8"
esbuild_text --bundle --format=esm --target=$targets "$here/panel.js" \
    >"$out/panel.js"
panel=panel.$(digest "$out/panel.js" 8).js
arrays "$out/panel.js"
row "$panel" "$javascript" true "$out/panel.js" >>"$rows"

languages=
names "$here/lang/en.json" >"$out/names"
for source in "$here"/lang/*.json; do
	code=$(basename "$source" .json)
	[ "$code" != en ] || continue
	# Refuses what is no JSON.
	esbuild_text "$source" >/dev/null
	file=$out/lang.$code.json
	squeeze "$source" >"$file"
	name=lang.$code.$(digest "$file" 8).json
	languages="$languages${languages:+,}\"$code\":\"$name\""
	arrays "$file"
	row "$name" application/json true "$file" >>"$rows"
done

esbuild_text --bundle --format=iife --target=$targets \
    "--define:__CSS_URL__=\"$css\"" \
    "--define:__PANEL_URL__=\"$panel\"" \
    "--define:__LANG_URLS__={$languages}" \
    "$here/main.js" >"$out/client.js"
arrays "$out/client.js"
row client.js "$javascript" false "$out/client.js" >>"$rows"
row "client.$(digest "$out/client.js" 8).js" "$javascript" true \
    "$out/client.js" >>"$rows"

echo "const struct asset assets[] = {"
cat "$rows"
echo "};"
echo "const size_t assets_n = sizeof(assets) / sizeof(assets[0]);"
rm "$rows" "$out/names"
