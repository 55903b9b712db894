/*
 * UTF-8 by the table of RFC 3629 section 4: the lead byte decides how many
 * bytes follow and which bounds the first of them has; all others are 80-BF.
 */
#include <string.h>

#include "base/utf8.h"

/* Sets what must follow a lead byte; false if it is none. */
static bool
lead(struct utf8_state *st, uint8_t c)
{
	st->low = 0x80;
	st->high = 0xbf;
	if (c < 0x80)
		st->need = 0;
	else if (c >= 0xc2 && c <= 0xdf)
		st->need = 1;
	else if (c >= 0xe0 && c <= 0xef) {
		st->need = 2;
		if (c == 0xe0)
			st->low = 0xa0;		/* overlong */
		else if (c == 0xed)
			st->high = 0x9f;	/* surrogates */
	} else if (c >= 0xf0 && c <= 0xf4) {
		st->need = 3;
		if (c == 0xf0)
			st->low = 0x90;		/* overlong */
		else if (c == 0xf4)
			st->high = 0x8f;	/* above U+10FFFF */
	} else
		return (false);
	return (true);
}

static bool
step(struct utf8_state *st, uint8_t c)
{
	if (st->need == 0)
		return (lead(st, c));
	if (c < st->low || c > st->high)
		return (false);
	st->need--;
	st->low = 0x80;
	st->high = 0xbf;
	return (true);
}

bool
utf8_feed(struct utf8_state *st, const char *p, size_t n)
{
	const uint8_t *s = (const uint8_t *)p;
	uint64_t word;
	size_t i = 0;

	while (i < n) {
		/* Eight ASCII bytes at a time: what nearly all frames are. */
		if (st->need == 0 && n - i >= sizeof(word)) {
			memcpy(&word, s + i, sizeof(word));
			if ((word & UINT64_C(0x8080808080808080)) == 0) {
				i += sizeof(word);
				continue;
			}
		}
		if (!step(st, s[i++]))
			return (false);
	}
	return (true);
}

bool
utf8_is_complete(const struct utf8_state *st)
{
	return (st->need == 0);
}

bool
utf8_is_valid(const char *p, size_t n)
{
	struct utf8_state st = { 0, 0, 0 };

	return (utf8_feed(&st, p, n) && utf8_is_complete(&st));
}

size_t
utf8_cut(const char *p, size_t n, size_t max)
{
	if (n <= max)
		return (n);
	/* Not in front of a continuation byte. */
	while (max > 0 && ((unsigned char)p[max] & 0xc0) == 0x80)
		max--;
	return (max);
}

size_t
utf8_sequence(const char *p, size_t n)
{
	struct utf8_state st = { 0, 0, 0 };
	size_t i;

	for (i = 0; i < n && i < 4; i++) {
		if (!step(&st, (uint8_t)p[i]))
			return (0);
		if (st.need == 0)
			return (i + 1);
	}
	return (0);
}
