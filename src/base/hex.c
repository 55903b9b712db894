/*
 * Hexadecimal, for URLs, names in Redis and Django's signatures and keys.
 */
#include "base/hex.h"

int
hex_digit_lower(char c)
{
	if (c >= '0' && c <= '9')
		return (c - '0');
	return (c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1);
}

int
hex_digit_upper(char c)
{
	if (c >= '0' && c <= '9')
		return (c - '0');
	return (c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1);
}

int
hex_digit(char c)
{
	int digit = hex_digit_lower(c);

	return (digit != -1 ? digit : hex_digit_upper(c));
}

size_t
hex_encode(const void *p, size_t n, char *out)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *bytes = p;
	size_t i;

	for (i = 0; i < n; i++) {
		out[2 * i] = digits[bytes[i] >> 4];
		out[2 * i + 1] = digits[bytes[i] & 0x0f];
	}
	out[2 * n] = '\0';
	return (2 * n);
}
