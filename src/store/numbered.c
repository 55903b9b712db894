/*
 * The one place in C that knows the form. announce.lua and badges.lua read the
 * number of what was written here.
 */
#include <string.h>

#include "store/numbered.h"

void
numbered_add(struct buf *b, int64_t number, struct slice text)
{
	buf_add_int(b, number);
	buf_add_char(b, ' ');
	buf_add(b, text.p, text.n);
}

/* Decimal, in the one shortest way. */
static bool
parse_number(const char *p, size_t n, int64_t *out)
{
	int64_t v = 0;
	size_t i;

	if (n == 0 || (p[0] == '0' && n > 1))
		return (false);
	for (i = 0; i < n; i++) {
		if (p[i] < '0' || p[i] > '9' ||
		    v > (INT64_MAX - (p[i] - '0')) / 10)
			return (false);
		v = v * 10 + (p[i] - '0');
	}
	*out = v;
	return (true);
}

bool
numbered_parse(struct slice value, int64_t *number, struct slice *text)
{
	const char *blank = value.p == NULL ? NULL :
	    memchr(value.p, ' ', value.n);
	size_t digits;

	*number = 0;
	*text = (struct slice){ NULL, 0 };
	if (blank == NULL)
		return (false);
	digits = (size_t)(blank - value.p);
	if (!parse_number(value.p, digits, number))
		return (false);
	*text = (struct slice){ blank + 1, value.n - digits - 1 };
	return (true);
}
