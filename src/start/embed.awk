# Turns texts into a C file: the template of nginx's configuration, in which a
# line "%piece name" becomes what stands between "#: name" and "#: end" in
# etc/nginx*.conf, and etc/django_conf.py as it is. What is said in a piece with
# the names of the example is said in the template with its own. In this order:
#
#     awk -f embed.awk etc/nginx*.conf src/start/nginx.conf etc/django_conf.py
#
# A piece that none of them has is left out.
function literal(line) {
	gsub(/\\/, "&&", line); gsub(/"/, "\\\"", line)
	printf "\"%s\\n\"\n", line
}
# From the words of the example to those of the template. Comments are for the
# readers of the source.
function piece(line) {
	gsub(/\/admin\/collaboration/, "/@prefix@", line)
	gsub(/http:\/\/127\.0\.0\.1:8080/, "http://collabd", line)
	gsub(/http:\/\/127\.0\.0\.1:8000/, "http://site", line)
	gsub(/\$proxy_add_x_forwarded_for/, "$collabd_for", line)
	gsub(/\$scheme/, "$collabd_proto", line)
	return line
}
BEGIN {
	print "/* Made by src/start/embed.awk; do not edit. */"
	print "#include \"start/template.h\""
}
FNR == 1 { is_example = FILENAME ~ /(^|\/)etc\/nginx[^\/]*\.conf$/ }
is_example && /^[ \t]*#: end$/ { name = ""; next }
is_example && /^[ \t]*#: / { name = $2; next }
is_example {
	if (name != "" && !/^[ \t]*(#|$)/)
		pieces[name] = pieces[name] piece($0) "\n"
	next
}
FNR == 1 {
	is_template = FILENAME ~ /\.conf$/
	if (!is_template) print ";"
	printf "\nconst char template_%s[] =\n", is_template ? "nginx" : "django"
}
is_template && /^%piece / {
	n = split(pieces[$2], lines, "\n")
	for (i = 1; i < n; i++)
		literal(lines[i])
	next
}
is_template && /^[ \t]*(#|$)/ { next }
{ literal($0) }
END { print ";" }
