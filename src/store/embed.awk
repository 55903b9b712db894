# Turns Lua files into one C file: for src/store/lua/x.lua a string script_x.
# Comment lines and indentation are left out; the scripts' comments are for
# readers of the source.
BEGIN {
	print "/* Made by src/store/embed.awk; do not edit. */"
	print "#include \"store/scripts.h\""
}
FNR == 1 {
	if (NR != 1) print ";"
	name = FILENAME; sub(/.*\//, "", name); sub(/\.lua$/, "", name)
	printf "\nconst char script_%s[] =\n", name
}
{
	sub(/^[ \t]+/, "")
	if ($0 == "" || $0 ~ /^--/) next
	gsub(/\\/, "&&"); gsub(/"/, "\\\"")
	printf "\"%s\\n\"\n", $0
}
END { print ";" }
