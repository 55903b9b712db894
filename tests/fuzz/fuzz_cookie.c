/*
 * The Cookie header against a second reader that works from the end: the last
 * chunk of the name counts, so that one is looked for first. The first byte is
 * the size of the buffer.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "django/cookie.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char spaces[] =
    "\x09\x0a\x0b\x0c\x0d\x1c\x1d\x1e\x1f\x20\x85\xa0";

static bool
is_space(char c)
{
	return (memchr(spaces, c, sizeof(spaces) - 1) != NULL);
}

/* [*from, *to) without white space at its ends */
static void
strip(const char *p, size_t *from, size_t *to)
{
	while (*from < *to && is_space(p[*from]))
		++*from;
	while (*to > *from && is_space(p[*to - 1]))
		--*to;
}

static long
unquote(const char *p, size_t n, char *out)
{
	long o = 0;
	size_t i;

	if (n < 2 || p[0] != '"' || p[n - 1] != '"') {
		memcpy(out, p, n);
		return ((long)n);
	}
	for (i = 1; i < n - 1; i++) {
		if (p[i] != '\\' || i + 1 == n - 1)
			out[o++] = p[i];
		else if (i + 3 < n - 1 && p[i + 1] >= '0' && p[i + 1] <= '3' &&
		    p[i + 2] >= '0' && p[i + 2] <= '7' && p[i + 3] >= '0' &&
		    p[i + 3] <= '7') {
			out[o++] = (char)((p[i + 1] & 7) * 64 +
			    (p[i + 2] & 7) * 8 + (p[i + 3] & 7));
			i += 3;
		} else
			out[o++] = p[++i];
	}
	return (o);
}

static long
oracle(const char *p, size_t n, const char *name, char *out)
{
	size_t start, end = n, eq, from, to;

	for (;;) {
		for (start = end; start > 0 && p[start - 1] != ';'; start--)
			;
		for (eq = start; eq < end && p[eq] != '='; eq++)
			;
		from = start;
		to = eq;
		strip(p, &from, &to);
		if (eq < end && to - from == strlen(name) &&
		    memcmp(p + from, name, to - from) == 0) {
			from = eq + 1;
			to = end;
			strip(p, &from, &to);
			return (unquote(p + from, to - from, out));
		}
		if (start == 0)
			return (-1);
		end = start - 1;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *header, *want, *got, *cut;
	size_t n, cap;
	long len;

	if (size == 0)
		return (0);
	n = size - 1;
	cap = data[0];
	header = malloc(n + 1);
	want = malloc(n + 1);
	got = malloc(n + 1);
	cut = malloc(cap + 1);
	ASSERT(header != NULL && want != NULL && got != NULL && cut != NULL);
	memcpy(header, data + 1, n);
	len = oracle(header, n, "sessionid", want);
	ASSERT(cookie_value((struct slice){ header, n }, "sessionid", got,
	    n) == len);
	ASSERT(len <= 0 || memcmp(want, got, (size_t)len) == 0);
	/* A value that does not fit is none, and nothing is written behind. */
	cut[cap] = '#';
	ASSERT(cookie_value((struct slice){ header, n }, "sessionid", cut,
	    cap) == (len > (long)cap ? -2 : len));
	ASSERT(cut[cap] == '#');
	free(header);
	free(want);
	free(got);
	free(cut);
	return (0);
}
