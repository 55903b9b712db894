#!/bin/sh
# Compares the include lines of src/ and include/ with layers.txt: an include
# of a layer that the table does not allow fails, and so does a third-party
# header outside the files it is confined to, or a header nobody listed.
. "$(dirname "$0")/lib.sh"
find src include -name '*.[ch]' | sort >"$tmp/files"
rows "$lint_dir/layers.txt" >"$tmp/table"
# shellcheck disable=SC2046 # our file names have no blanks
awk '
FILENAME == ARGV[1] && $1 == "lib" {
	name = $2; sub(/:$/, "", name)
	n_libs++; lib[n_libs] = name
	for (i = 3; i <= NF; i++)
		home[n_libs, ++n_home[n_libs]] = $i
	next
}
FILENAME == ARGV[1] && $1 == "only" {
	name = $2; sub(/:$/, "", name); has_few[name] = 1
	for (i = 3; i <= NF; i++)
		few[name, $i] = 1
	next
}
FILENAME == ARGV[1] && $1 ~ /^libc/ {
	for (i = 2; i <= NF; i++)
		libc[$i] = 1
	next
}
FILENAME == ARGV[1] {
	name = $1; sub(/:$/, "", name); layer[name] = 1
	for (i = 2; i <= NF; i++)
		may[name, $i] = 1
	next
}
FNR == 1 {
	split(FILENAME, part, "/"); mine = part[2]
	if (!(mine in layer))
		print FILENAME ": " mine " is no layer of layers.txt"
}
!/^[ \t]*#[ \t]*include/ { next }
{
	where = FILENAME ":" FNR ": "
	line = $0; sub(/^[ \t]*#[ \t]*include[ \t]*/, "", line)
	kind = substr(line, 1, 1)
	name = substr(line, 2); sub(/[">].*/, "", name)
}
kind == "\"" {
	other = name
	if (!sub(/\/.*/, "", other)) {
		print where "\"" name "\" needs its layer in front"
	} else if (!(other in layer)) {
		print where "\"" name "\": " other " is no layer"
	} else if (other != mine && (!((mine, other) in may) ||
	    (mine in has_few && !((mine, name) in few)))) {
		print where mine " may not include \"" name "\""
	} else if ((getline ignored < ("include/" name)) < 0) {
		print where "\"" name "\" is not below include/"
	} else
		close("include/" name)
	next
}
kind == "<" {
	found = 0
	for (i = 1; i <= n_libs; i++) {
		if (lib[i] ~ /\/$/ ? index(name, lib[i]) != 1 : name != lib[i])
			continue
		found = 1; ok = 0
		for (j = 1; j <= n_home[i]; j++)
			if (FILENAME == home[i, j] ||
			    index(FILENAME, home[i, j] "/") == 1)
				ok = 1
		if (!ok)
			print where "<" name "> is confined to other files"
	}
	top = name; sub(/\/.*/, "/", top)
	if (!found && !(name in libc) && !(top in libc))
		print where "<" name "> is not listed in layers.txt"
	next
}
{ print where "an include that is neither \"file\" nor <file>" }
' "$tmp/table" $(cat "$tmp/files") >"$tmp/found"
finish "$tmp/found" "$(wc -l <"$tmp/files") files keep to layers.txt"
