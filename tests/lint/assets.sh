#!/bin/sh
# The browser client as it is served: prints what each file weighs gzipped, and
# fails when what a page loads (the script, the style and one language, the
# heaviest; the panel comes when it is needed) is over the limit. And the same sources must give the same bytes,
# because browsers and caches go by their hash.
. "$(dirname "$0")/lib.sh"
need esbuild make gzip
LIMIT=30000
gen=$B/release/gen
make -s B="$B" FLAVOUR=release "$gen/assets.c" >"$tmp/make" 2>&1 || {
	cat "$tmp/make"
	exit 1
}
: >"$tmp/found"
for f in "$gen"/browser/*.gz; do
	echo "$(wc -c <"$f") $(wc -c <"${f%.gz}") $(basename "$f" .gz)"
done >"$tmp/sizes"
printf '%10s %10s  %s\n' gzipped plain file
awk '{ printf "%10d %10d  %s\n", $1, $2, $3 }' "$tmp/sizes"
total=$(awk '{ n += $1 } END { print n + 0 }' "$tmp/sizes")
page=$(awk '$3 ~ /^lang\./ { if ($1 > max) max = $1; next }
	$3 !~ /^panel/ { n += $1 }
	END { print n + max }' "$tmp/sizes")
[ "$page" -le "$LIMIT" ] ||
    echo "a page loads $page bytes gzipped, more than $LIMIT" >>"$tmp/found"

if ! sh src/browser/bundle.sh "$tmp/again" >"$tmp/again.c"; then
	echo "the client could not be made again" >>"$tmp/found"
elif ! cmp "$gen/assets.c" "$tmp/again.c" >>"$tmp/found" 2>&1; then
	echo "made again, the client is another" >>"$tmp/found"
fi
finish "$tmp/found" "a page loads $page of at most $LIMIT bytes; all together $total"
