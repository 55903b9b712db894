/*
 * The one place in C that reads numbers of Redis, for the names in it (keys.c),
 * its messages (pubmsg.c) and its replies, and that knows the form of a text
 * behind one. announce.lua and badges.lua read the number of what was written
 * here.
 */
#include <string.h>

#include "base/hex.h"
#include "store/numbered.h"

#define EPOCH_DIGITS	16	/* of 64 bits */
#define COUNT_DIGITS	15	/* below 2 ^ 53 */

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

bool
numbered_parse_epoch(struct slice text, uint64_t *out)
{
	uint64_t v = 0;
	size_t i;
	int digit;

	*out = 0;
	if (text.p == NULL || text.n != EPOCH_DIGITS)
		return (false);
	for (i = 0; i < text.n; i++) {
		if ((digit = hex_digit_lower(text.p[i])) == -1)
			return (false);
		v = v << 4 | (uint64_t)digit;
	}
	*out = v;
	return (v != 0);
}

bool
numbered_parse_count(struct slice text, uint64_t *out)
{
	int64_t v;

	*out = 0;
	if (text.p == NULL || text.n > COUNT_DIGITS ||
	    !parse_number(text.p, text.n, &v))
		return (false);
	*out = (uint64_t)v;
	return (true);
}

bool
numbered_parse_stamp(struct slice text, uint64_t *epoch, uint64_t *seq)
{
	const size_t n_epoch = 16, n = 31;
	struct slice first, last;

	if (text.p == NULL || text.n != n)
		return (false);
	first = (struct slice){ text.p, n_epoch };
	last = (struct slice){ text.p + n_epoch, n - n_epoch };
	while (last.n > 1 && *last.p == ' ') {
		last.p++;
		last.n--;
	}
	*epoch = 0;
	return ((*first.p == ' ' || numbered_parse_epoch(first, epoch)) &&
	    numbered_parse_count(last, seq));
}
