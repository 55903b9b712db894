/*
 * Hexadecimal digits, as bytes are written with. Pure; any thread.
 */
#ifndef COLLABD_BASE_HEX_H
#define COLLABD_BASE_HEX_H

#include <stddef.h>

/* The value of a digit in either case, or -1. */
int	hex_digit(char c);
/* The same where only one case is a digit. */
int	hex_digit_lower(char c);
int	hex_digit_upper(char c);
/* Writes n bytes in lower case and a NUL into out (2 * n + 1 bytes). Returns
 * the length. */
size_t	hex_encode(const void *p, size_t n, char *out);

#endif
