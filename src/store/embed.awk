# Turns Lua files into one C file: for src/store/lua/x.lua a string script_x.
# Comment lines and indentation are left out; the scripts' comments are for
# readers of the source.
#
# Scripts on rooms, which say FIRST, get common.lua before them, but for the
# functions that they have no use for: Redis would make each of them anew in
# every run. There a function is what begins with "local function" and ends with
# "end", both at the margin.
BEGIN {
	print "/* Made by src/store/embed.awk; do not edit. */"
	print "#include \"store/scripts.h\""
}
FNR == 1 {
	name = FILENAME; sub(/.*\//, "", name); sub(/\.lua$/, "", name)
	if (name != "common") names[++n_names] = name
}
name == "common" && /^local function / {
	part_name[++n_parts] = $3; sub(/\(.*/, "", part_name[n_parts])
	in_function = 1
}
name == "common" && !in_function && (n_parts == 0 || part_name[n_parts] != "") {
	part_name[++n_parts] = ""
}
name == "common" && /^end/ { in_function = 0 }
{
	line = $0; sub(/^[ \t]+/, "", line)
	if (line == "" || line ~ /^--/) next
	if (name == "common") part[n_parts] = part[n_parts] line "\n"
	else body[name] = body[name] line "\n"
}

# Adds the names in the text to what is used.
function note(text,   words, n, i) {
	n = split(text, words, /[^A-Za-z0-9_]+/)
	for (i = 1; i <= n; i++) used[words[i]]
}

# What a script needs of common.lua. A function can only use those before it.
function common(text,   i, found) {
	split("", used)
	note(text)
	if (!("FIRST" in used)) return ""
	for (i = n_parts; i > 0; i--) {
		if (part_name[i] != "" && !(part_name[i] in used)) continue
		note(part[i])
		found = part[i] found
	}
	return found
}

END {
	for (k = 1; k <= n_names; k++) {
		text = common(body[names[k]]) body[names[k]]
		gsub(/\\/, "&&", text); gsub(/"/, "\\\"", text)
		printf "\nconst char script_%s[] =\n", names[k]
		n = split(text, lines, "\n")
		for (i = 1; i < n; i++) printf "\"%s\\n\"\n", lines[i]
		print ";"
	}
}
