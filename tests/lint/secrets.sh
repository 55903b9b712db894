#!/bin/sh
# No log line may print a session, cookie, password, secret, key or chat text:
# looks at the arguments of every log_*() call. And no comparison of such
# values may end early: memcmp() and strcmp() are flagged on them, as
# CRYPTO_memcmp() is meant. Exceptions, with reasons: secrets.txt.
. "$(dirname "$0")/lib.sh"
rows "$lint_dir/secrets.txt" >"$tmp/allow"
find src -name '*.c' | sort >"$tmp/files"
# shellcheck disable=SC2046
awk '
function check(text, secret, what,    word) {
	while (match(text, /[A-Za-z_][A-Za-z_0-9]*/)) {
		word = substr(text, RSTART, RLENGTH)
		text = substr(text, RSTART + RLENGTH)
		# Of a->b->c it is c that is printed; p and n are a slice.
		if (match(text, /^(->|\.)[a-z_]+/) &&
		    substr(text, 1, RLENGTH) !~ /^(->|\.)(p|n|v)$/)
			continue
		if (tolower(word) ~ secret && !(word in allow))
			print start ": " what " " word
	}
}
FILENAME == ARGV[1] { allow[$1] = 1; next }
FNR == 1 { in_comment = 0; statement = "" }
{
	line = $0
	gsub(/\\"/, "", line); gsub(/"[^"]*"/, "", line)
	gsub(/\047[^\047]*\047/, "", line)
	gsub(/\/\*[^*]*\*\//, "", line)
	if (in_comment) {
		if (!sub(/^.*\*\//, "", line))
			next
		in_comment = 0
	}
	if (sub(/\/\*.*/, "", line))
		in_comment = 1
	if (statement == "" && match(line,
	    /(^|[^a-zA-Z_])(log_(err|warn|info|debug|fatal|warn_limited)|clog_[a-z]+|memcmp|strn?cmp|strn?casecmp)\(/)) {
		start = FILENAME ":" FNR
		line = substr(line, RSTART)
		statement = " "
	}
	if (statement != "") {
		statement = statement line
		if (line ~ /[;{]/) {
			if (statement ~ /log_[a-z_]+\(/)
				check(statement, "session|cookie|passw|secret|token|signature|csrf|chat_text|database_url|redis_url|(^|_)(auth|url)$", "logs")
			else
				check(statement, "passw|secret|signature|hmac|digest|auth_hash", "compares with early end")
			statement = ""
		}
	}
}' "$tmp/allow" $(cat "$tmp/files") >"$tmp/found"
finish "$tmp/found" "$(wc -l <"$tmp/files") files log and compare no secret"
