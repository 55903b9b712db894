/*
 * base64 and base 62, for session.c and signing.c. Every length
 * is checked before a byte is written; nothing here knows a key. Decoding
 * refuses what the encoders of Django cannot have produced, since such text
 * can only come from somebody who is trying something.
 */
#include "django/encoding.h"

static const char url_alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/* The six bits of a character, or -1. c62 and c63 are the last two. */
static int
sextet(char c, char c62, char c63)
{
	if (c >= 'A' && c <= 'Z')
		return (c - 'A');
	if (c >= 'a' && c <= 'z')
		return (c - 'a' + 26);
	if (c >= '0' && c <= '9')
		return (c - '0' + 52);
	if (c == c62)
		return (62);
	if (c == c63)
		return (63);
	return (-1);
}

/* Text without padding, of a length that is possible. */
static bool
decode(struct slice text, char c62, char c63, struct buf *out)
{
	size_t i, start = out->n;
	unsigned acc = 0, bits = 0;
	int six;

	(void)buf_reserve(out, text.n * 3 / 4 + 1);
	for (i = 0; i < text.n; i++) {
		if ((six = sextet(text.p[i], c62, c63)) == -1) {
			out->n = start;
			return (false);
		}
		acc = (acc << 6 | (unsigned)six) & 0xffff;
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			out->p[out->n++] = (char)(acc >> bits & 0xff);
		}
	}
	return (true);
}

bool
encoding_base64url_decode(struct slice text, struct buf *out)
{
	return (text.n % 4 != 1 && decode(text, '-', '_', out));
}

bool
encoding_base64_decode(struct slice text, struct buf *out)
{
	if (text.n % 4 != 0)
		return (false);
	if (text.n != 0 && text.p[text.n - 1] == '=')
		text.n--;
	if (text.n % 4 == 3 && text.p[text.n - 1] == '=')
		text.n--;
	return (decode(text, '+', '/', out));
}

size_t
encoding_base64url_encode(const unsigned char *p, size_t n, char *out)
{
	size_t i, o = 0;
	unsigned acc = 0, bits = 0;

	for (i = 0; i < n; i++) {
		acc = (acc << 8 | p[i]) & 0xffff;
		for (bits += 8; bits >= 6;) {
			bits -= 6;
			out[o++] = url_alphabet[acc >> bits & 0x3f];
		}
	}
	if (bits != 0)
		out[o++] = url_alphabet[acc << (6 - bits) & 0x3f];
	out[o] = '\0';
	return (o);
}

static int
base62_digit(char c)
{
	if (c >= '0' && c <= '9')
		return (c - '0');
	if (c >= 'A' && c <= 'Z')
		return (c - 'A' + 10);
	if (c >= 'a' && c <= 'z')
		return (c - 'a' + 36);
	return (-1);
}

bool
encoding_base62_decode(struct slice text, int64_t *out)
{
	int64_t value = 0;
	size_t i;
	int digit;

	if (text.n < 1 || text.n > 11)
		return (false);
	for (i = 0; i < text.n; i++) {
		if ((digit = base62_digit(text.p[i])) == -1)
			return (false);
		if (value > (INT64_MAX - digit) / 62)
			value = INT64_MAX;
		else
			value = value * 62 + digit;
	}
	*out = value;
	return (true);
}
