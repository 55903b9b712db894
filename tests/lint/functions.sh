#!/bin/sh
# Sizes: no function over 100 lines, no file over 900, the median of all
# functions at most 20 and the 90th percentile at most 50. And shape: every
# file starts with a comment, no code line is wider than 80 columns (a
# comment may be, by a few), no blanks at the end of a line.
. "$(dirname "$0")/lib.sh"
: >"$tmp/found"; : >"$tmp/lengths"; : >"$tmp/all"
find src include -name '*.[ch]' | sort >"$tmp/files"
while read -r f; do
	n=$(wc -l <"$f")
	[ "$n" -le 900 ] || echo "$f: $n lines, more than 900"
	[ "$(head -c 2 "$f")" = "/*" ] ||
	    echo "$f: does not start with a comment"
	expand -t 8 "$f" | awk -v f="$f" '
	length($0) > 88 || length($0) > 80 && !/\*\/$|^[ ]*\/?\*/ {
		print f ":" NR ": " length($0) " columns"
	}
	/[ \t]$/ { print f ":" NR ": blanks at the end" }'
	case $f in
	*.c)	awk -v f="$f" -v out="$tmp/lengths" '
		/^[a-z_][a-z_0-9]*\(/ { name = $0; sub(/\(.*/, "", name); at = NR }
		/^}/ && name != "" {
			print NR - at + 1 >out
			if (NR - at + 1 > 100)
				print f ":" at ": " name " has " NR - at + 1 \
				    " lines, more than 100"
			name = ""
		}' "$f"
		cat "$tmp/lengths" >>"$tmp/all"; : >"$tmp/lengths" ;;
	esac
done <"$tmp/files" >>"$tmp/found"
sort -n "$tmp/all" >"$tmp/sorted"
n=$(wc -l <"$tmp/sorted")
# The value below which $1 of 100 lie.
at() { awk -v n="$n" -v p="$1" 'NR * 100 >= n * p { v = $1; exit }
    END { print v + 0 }' "$tmp/sorted"; }
median=$(at 50); p90=$(at 90)
[ "$median" -le 20 ] || echo "median of all functions: $median" >>"$tmp/found"
[ "$p90" -le 50 ] || echo "90th percentile: $p90" >>"$tmp/found"
finish "$tmp/found" \
    "$n functions, lines: median $median, p90 $p90, longest $(at 100)"
