/*
 * Django's own percent-encoding with "_" in place of "%", so that no browser
 * undoes it. Called by the server layer when a row of the admin's log is to
 * find its room.
 */
#include <string.h>

#include "base/hex.h"
#include "django/quote.h"

static bool
is_special(char c)
{
	return (c != '\0' && strchr("\":/_#?;@&=+$,[]<>%\n\\", c) != NULL);
}

void
quote_add_key(struct buf *b, struct slice key)
{
	size_t i;

	for (i = 0; i < key.n; i++) {
		if (is_special(key.p[i]))
			buf_addf(b, "_%02X", (unsigned char)key.p[i]);
		else
			buf_add_char(b, key.p[i]);
	}
}

/* Whether the text begins with a quoted character, and which. */
static bool
unquote(const char *p, size_t n, char *c)
{
	int high, low;

	if (n < 3 || p[0] != '_' || (high = hex_digit_upper(p[1])) == -1 ||
	    (low = hex_digit_upper(p[2])) == -1)
		return (false);
	*c = (char)(high << 4 | low);
	return (is_special(*c));
}

void
quote_add_unquoted(struct buf *b, struct slice segment)
{
	size_t i = 0;
	char c;

	while (i < segment.n) {
		if (unquote(segment.p + i, segment.n - i, &c)) {
			buf_add_char(b, c);
			i += 3;
		} else
			buf_add_char(b, segment.p[i++]);
	}
}
