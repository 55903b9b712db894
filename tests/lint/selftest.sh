#!/bin/sh
# A check that cannot fail checks nothing: plants one fault after the other in
# a copy of the tree and wants the lint that is meant for it to say so, naming
# the place. The copy of a check that needs minutes has that one file only.
. "$(dirname "$0")/lib.sh"
case $lint_dir in *selftest*) exit 0 ;; esac	# not inside the copy
fresh="$tmp/selftest"
: >"$tmp/found"
n=0

copy() {
	rm -rf "$fresh"
	mkdir "$fresh"
	cp -R Makefile README.md CONTRIBUTING.md CHANGELOG.md .clang-tidy \
	    src include man etc "$fresh/"
	mkdir "$fresh/tests"
	cp -R tests/lint "$fresh/tests/"
}

# A copy with one small source file alone in it, read from standard input.
copy_one() {
	copy
	rm -rf "$fresh/src" "$fresh/include"
	mkdir -p "$fresh/src/base" "$fresh/include/base"
	cat >"$fresh/src/base/planted.c"
}

# Runs lint $1 in the copy; its output must have $2 (a basic regex).
want() {
	n=$((n + 1))
	out=$(ROOT='' B=selftest-build REQUIRE='' CI='' \
	    sh "$fresh/tests/lint/$1.sh" 2>&1)
	rc=$?
	if [ "$rc" -eq 77 ]; then	# said by the lint itself already
		n=$((n - 1))
	elif [ "$rc" -eq 0 ]; then
		echo "$1 did not notice: $2" >>"$tmp/found"
	elif ! printf '%s\n' "$out" | grep -q "$2"; then
		{ echo "$1 failed without saying: $2"
		printf '%s\n' "$out" | tail -n 5; } >>"$tmp/found"
	fi
}

# layers: up, sideways, a library where it does not belong, an unknown header.
copy
echo '#include "server/route.h"' >>"$fresh/src/base/buf.c"
want layers 'buf.c:[0-9]*: base may not include "server/route.h"'
copy
echo '#include "store/store.h"' >>"$fresh/include/rules/edit.h"
want layers 'edit.h:[0-9]*: rules may not include "store/store.h"'
copy
echo '#include "base/clock.h"' >>"$fresh/src/rooms/room.c"
want layers 'room.c:[0-9]*: rooms may not include "base/clock.h"'
copy
echo '#include <libpq-fe.h>' >>"$fresh/src/rules/edit.c"
want layers 'edit.c:[0-9]*: <libpq-fe.h> is confined'
copy
echo '#include <event2/event.h>' >>"$fresh/include/rules/edit.h"
want layers 'edit.h:[0-9]*: <event2/event.h> is confined'
copy
echo '#include <curl/curl.h>' >>"$fresh/src/base/buf.c"
want layers 'buf.c:[0-9]*: <curl/curl.h> is not listed'
copy
mkdir "$fresh/src/util"
echo 'int util;' >"$fresh/src/util/util.c"
want layers 'util is no layer'

# archives: a test that links too much.
copy
mkdir -p "$fresh/tests/unit/rules"
echo 'int main(void) { return (0); }' >"$fresh/tests/unit/rules/test_planted.c"
sed -i 's/^libs_for = /USES_rules += store\n&/' "$fresh/Makefile"
want archives 'rules/test_planted links libstore.a'

# headers: one that needs another first, one with a foreign guard.
copy
rm -rf "$fresh"/include/*
mkdir -p "$fresh/include/base"
printf '/* Planted. */\n#ifndef COLLABD_BASE_BUF_H\n#define COLLABD_BASE_BUF_H\nvoid f(uint32_t);\n#endif\n' \
    >"$fresh/include/base/buf.h"
want headers 'uint32_t'
printf '/* Planted. */\n#ifndef BUF_H\n#define BUF_H\n#endif\n' \
    >"$fresh/include/base/buf.h"
want headers 'the include guard is not COLLABD_BASE_BUF_H'

# options: a row without documents, other bounds, another default, a setting
# that is gone, in the man page, the sample and the README.
copy
sed -i 's/^	INT(workers,/	STR(planted, "x", "Planted."),\n&/' \
    "$fresh/src/base/conf_table.c"
sed -i 's/^	int64_t	 workers;/	char *planted;\n&/' "$fresh/include/base/conf.h"
want options 'collabd.conf.5: planted is missing'
want options '^-# planted = x'
copy
sed -i 's/INT(workers, 0, 64,/INT(workers, 0, 65,/' \
    "$fresh/src/base/conf_table.c"
want options 'A number, 0 to 65'
copy
sed -i 's/^# chat_message_max = .*/# chat_message_max = 4097/' \
    "$fresh/etc/collabd.conf"
want options '^+# chat_message_max = 4097'
copy
sed -i '/^\.It Ic chat_message_max/,/^\.It Ic enable_chat/s/4096/4097/' \
    "$fresh/man/collabd.conf.5"
want options 'chat_message_max needs the lines'
copy
sed -i 's/^\.It Ic echo_room/.It Ic gone\nGone.\n&/' "$fresh/man/collabd.conf.5"
want options 'no such setting: gone'
copy
# shellcheck disable=SC2016 # backquotes of the table
sed -i 's/`chat_input_placeholder` | Type/`chat_gone` | Type/' \
    "$fresh/README.md"
want options 'README.md: no such setting: chat_gone'
copy
echo 'workers = many' >>"$fresh/etc/collabd.conf"
want options 'etc/collabd.conf:[0-9]*: workers'

# man
copy
echo '.Xx planted' >>"$fresh/man/collabd.8"
want man 'collabd.8:[0-9]*:.*unknown macro'
copy
printf '.Xr collabd-gone 7\n' >>"$fresh/man/collabd.8"
want man 'collabd-gone.7 is referred to'

# secrets: on one line, over several, and an early-ending comparison.
copy_one <<'END'
/* Planted. */
void f(void) { log_info("who: %s", r->session_key); }
END
want secrets 'planted.c:2: logs session_key'
copy_one <<'END'
/* Planted. */
void f(void) {
	log_warn("request %s from %s",
	    r->path,
	    r->cookie);
}
END
want secrets 'planted.c:3: logs cookie'
copy_one <<'END'
/* Planted. */
int f(void) { return (memcmp(signature, got, 32)); }
END
want secrets 'planted.c:2: compares with early end signature'

# functions
copy_one <<END
/* Planted. */
void
f(void)
{
$(yes '	g();' | head -n 98)
}
END
want functions 'f has 101 lines'
copy_one <<END
/* Planted. */
$(yes 'extern int x;' | head -n 900)
END
want functions 'planted.c: 901 lines'
copy_one <<'END'
/* Planted. */
extern int a_rather_long_name_for_a_global_variable_that_nobody_needs_at_all_really;
END
want functions 'planted.c:2: 84 columns'

# names. The words are put together here, so that they are not found here.
copy_one <<END
/* Planted. $(printf 'TO%s' DO): finish. */
END
want names 'planted.c:1:.*finish it'
copy_one <<END
/* Planted. See https://$(printf 'pypi.%s' org)/. */
END
want names 'planted.c:1:.*a registry'
copy_one <<END
/* Planted: caf$(printf '\303\251') */
END
want names 'planted.c:1:.*not ASCII'
copy_one <<END
/* Planted. See $(printf '/ho%s' me)/ann/notes. */
END
want names 'planted.c:1:.*a path of one machine'

# links
copy
# shellcheck disable=SC2016
echo 'See `src/gone.c`.' >>"$fresh/README.md"
want links 'README.md:[0-9]*: there is no src/gone.c'
copy
# shellcheck disable=SC2016
printf 'It is `src/base/buf.c`, where\n`gone()` is.\n' >>"$fresh/README.md"
want links 'README.md:[0-9]*: there is no gone() in src/base/buf.c'

# assets: too much, and a bundle that is never the same.
copy
{ printf '.planted { content: "'; od -A n -v -t x1 -N 40000 /dev/urandom |
    tr -d ' \n'; echo '" }'; } >>"$fresh/src/browser/client.css"
want assets 'a page loads [0-9]* bytes gzipped, more than'
copy
# shellcheck disable=SC2016 # for the script to expand
sed -i 's/^echo "\/\* Made by/& $$,/' "$fresh/src/browser/bundle.sh"
want assets 'made again, the client is another'

# the shell scripts
copy
printf '#!/bin/sh\nunused=1\n' >"$fresh/tests/planted.sh"
want shellcheck 'SC2034'

# globals: plain, static in a function, and one that is allowed but gone.
copy_one <<'END'
/* Planted. */
int planted(void);
static int total;
int planted(void) { static int calls; total += 2; return (++calls + total); }
END
want globals 'planted.c: writable global calls'
want globals 'planted.c: writable global total'
copy_one <<'END'
/* Planted. */
extern const char *const planted[];
const char *const planted[] = { "a", "b" };
END
echo 'base/planted gone' >>"$fresh/tests/lint/globals.txt"
want globals 'base/planted gone is not there any more'

# cppcheck and clang-tidy
copy_one <<'END'
/* Planted. */
int planted(int *p);
int planted(int *p) { int a[4]; if (*p) a[4] = 0; return (p == 0 ? a[0] : 1); }
END
want cppcheck 'planted.c:3: error:.*arrayIndexOutOfBounds'
copy_one <<'END'
/* Planted. */
#include <stdlib.h>
int planted(void);
int planted(void) { int *p = malloc(4); if (p == NULL) return (0); free(p); return (*p); }
END
want tidy 'planted.c:4:.*clang-analyzer'
finish "$tmp/found" "$n planted faults were found"
