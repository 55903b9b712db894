/*
 * The Cookie header, byte for byte as Django's parse_cookie(): chunks end at
 * every semicolon, in quotes too; a name is everything before the first "=";
 * white space is what Python strips from latin-1 text; the last one wins.
 * Choosing otherwise would give a page and its socket different identities.
 */
#include <stdbool.h>

#include "django/cookie.h"

/* str.strip() of bytes seen as latin-1: NEL and no-break space count. */
static bool
is_space(char ch)
{
	unsigned char c = (unsigned char)ch;

	return ((c >= 0x09 && c <= 0x0d) || (c >= 0x1c && c <= 0x20) ||
	    c == 0x85 || c == 0xa0);
}

static struct slice
trim(struct slice s)
{
	while (s.n > 0 && is_space(s.p[0])) {
		s.p++;
		s.n--;
	}
	while (s.n > 0 && is_space(s.p[s.n - 1]))
		s.n--;
	return (s);
}

/* Takes the part up to the first c off the front of *rest, and c too. */
static struct slice
cut(struct slice *rest, char c)
{
	struct slice part = *rest;
	const char *at;

	at = part.n == 0 ? NULL : memchr(part.p, c, part.n);
	if (at == NULL) {
		*rest = (struct slice){ NULL, 0 };
		return (part);
	}
	part.n = (size_t)(at - part.p);
	rest->p += part.n + 1;
	rest->n -= part.n + 1;
	return (part);
}

static bool
is_octal(char c)
{
	return (c >= '0' && c <= '7');
}

/* The byte behind a backslash at s.p[0]; *len is how much it took. */
static char
unescape(struct slice s, size_t *len)
{
	if (s.n >= 4 && s.p[1] >= '0' && s.p[1] <= '3' && is_octal(s.p[2]) &&
	    is_octal(s.p[3])) {
		*len = 4;
		return ((char)((s.p[1] - '0') << 6 | (s.p[2] - '0') << 3 |
		    (s.p[3] - '0')));
	}
	*len = s.n >= 2 ? 2 : 1;	/* a last backslash stands for itself */
	return (s.p[*len - 1]);
}

/* Copies a value as http.cookies' _unquote() has it; length or -2. */
static long
copy_value(struct slice value, char *out, size_t cap)
{
	bool is_quoted = value.n >= 2 && value.p[0] == '"' &&
	    value.p[value.n - 1] == '"';
	size_t n = 0, len;
	char c;

	if (is_quoted) {
		value.p++;
		value.n -= 2;
	}
	for (; value.n > 0; value.p += len, value.n -= len) {
		len = 1;
		c = value.p[0];
		if (is_quoted && c == '\\')
			c = unescape(value, &len);
		if (n == cap)
			return (-2);
		out[n++] = c;
	}
	return ((long)n);
}

long
cookie_value(struct slice header, const char *name, char *out, size_t cap)
{
	struct slice chunk, key;
	long got = -1;

	while (header.p != NULL) {
		chunk = cut(&header, ';');
		key = cut(&chunk, '=');
		/* chunk is the value now; without "=" it is no cookie. */
		if (chunk.p != NULL && slice_is(trim(key), name))
			got = copy_value(trim(chunk), out, cap);
	}
	return (got);
}
