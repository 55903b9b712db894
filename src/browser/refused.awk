# Turns the texts of the page for refused saves, one file a language, into one C
# file: the table of include/server/refused.h. English comes first. In a file
# stands one text a line, in the order of struct refused_texts, with no escapes.
BEGIN {
	n = split("title editing somebody back again", names, " ")
	print "/* Made by src/browser/refused.awk; do not edit. */"
	print "#include \"server/refused.h\""
}
function fail(why) {
	print FILENAME ":" FNR ": " why >"/dev/stderr"
	failed = 1
	exit 1
}
FNR == 1 {
	code = FILENAME
	sub(/.*\//, "", code); sub(/\.json$/, "", code)
	codes[++m] = code
	i = 0
}
/^[{}]$/ { next }
{
	if ($0 !~ /^  "[a-z]*": ".*",?$/ || /\\/)
		fail("not \"name\": \"text\", or with an escape")
	name = $0; sub(/^  "/, "", name); sub(/".*/, "", name)
	if (name != names[++i])
		fail(name " instead of " names[i])
	sub(/^  "[a-z]*": /, ""); sub(/,$/, "")
	text[code, i] = $0
	last[code] = i
}
function row(code) {
	if (last[code] != n) {
		print code ".json: " last[code] " of " n " texts" >"/dev/stderr"
		failed = 1
		exit 1
	}
	printf "\t{ %s,\n", text[code, 1]
	for (i = 2; i <= n; i++)
		printf "\t    %s%s\n", text[code, i], i < n ? "," : " },"
}
END {
	if (failed)
		exit 1
	print "\nconst char *const refused_languages[] = {\n\t\"en\","
	for (k = 1; k <= m; k++)
		if (codes[k] != "en")
			print "\t\"" codes[k] "\","
	print "};\n\nconst struct refused_texts refused_texts[] = {"
	row("en")
	for (k = 1; k <= m; k++)
		if (codes[k] != "en")
			row(codes[k])
	print "};\nconst size_t refused_n = " m ";"
}
