#!/bin/sh
# Every setting of src/base/conf_table.c stands in man/collabd.conf.5 and in
# etc/collabd.conf, in the order of the table, with its real type, bounds,
# default and flags; neither has a setting that the table lacks; and the
# sample can be read as it is and with every line uncommented. Settings named
# in README.md exist.
. "$(dirname "$0")/lib.sh"
need gcc make pkg-config
flags=$(make_flags) || exit 1
libs=$(pkg-config --libs json-c openssl libbsd libevent_core)
eval "gcc $flags -o \"$tmp/options\" \"$lint_dir/options.c\" src/base/*.c \
    $libs" || exit 1
: >"$tmp/found"

# The sample.
"$tmp/options" sample >"$tmp/want"
grep -E '^#? ?[a-z_0-9]+ =' etc/collabd.conf >"$tmp/have"
diff -u --label conf_table.c --label etc/collabd.conf "$tmp/want" "$tmp/have" \
    >>"$tmp/found"
sed 's/^# \([a-z_0-9]* =\)/\1/' etc/collabd.conf >"$tmp/uncommented"
"$tmp/options" load etc/collabd.conf >>"$tmp/found"
"$tmp/options" load "$tmp/uncommented" >>"$tmp/found"

# The man page: each item, from its .It to the next, holds the facts.
"$tmp/options" man >"$tmp/facts"
awk '
function flush_item() {
	if (name != "")
		body[name] = text
	name = ""; text = "\n"
}
FILENAME == ARGV[1] && /^\.It Ic / {
	flush_item(); name = $3; order[++n] = name
	next
}
FILENAME == ARGV[1] && /^\.(El|Sh|Ss)/ { flush_item(); next }
FILENAME == ARGV[1] { text = text $0 "\n"; next }
/^== / { want = $2; names[++m] = want; next }
{ facts[want] = facts[want] $0 "\n" }
END {
	flush_item()
	for (i = 1; i <= m; i++) {
		in_table[names[i]] = 1
		if (!(names[i] in body))
			print "man/collabd.conf.5: " names[i] " is missing"
		else if (!index(body[names[i]], "\n" facts[names[i]]))
			print "man/collabd.conf.5: " names[i] \
			    " needs the lines\n" facts[names[i]]
	}
	for (i = 1; i <= n; i++) {
		if (!(order[i] in in_table))
			print "man/collabd.conf.5: no such setting: " order[i]
		if (n == m && order[i] != names[i] && !said++)
			print "man/collabd.conf.5: " order[i] " is not in " \
			    "the order of the table"
	}
	if (n > m)
		print "man/collabd.conf.5: " n " items, the table has " m
}' man/collabd.conf.5 "$tmp/facts" >>"$tmp/found"

# README.md shows settings as `name = value` and in the second column of the
# table for those who come from the package.
sed -n '/^<!-- settings -->/,/^<!-- end of settings -->/p' README.md |
    awk -F '|' '/^\|/ { print $3 }' | grep -oE '`[a-z_0-9]+' | tr -d '`' |
    sort -u >"$tmp/named"
[ -s "$tmp/named" ] || echo "README.md: no table of settings" >>"$tmp/found"
grep -oE '`[a-z_0-9]+ = [^`]*`' README.md man/*.7 man/*.8 CONTRIBUTING.md |
    sed 's/^[^:]*:`//; s/ =.*//' | sort -u >>"$tmp/named"
while read -r name; do
	grep -q "^# $name =" "$tmp/want" ||
	    echo "README.md: no such setting: $name" >>"$tmp/found"
done <"$tmp/named"
finish "$tmp/found" "$(wc -l <"$tmp/want") settings in table, man page and sample"
