/*
 * Time as text. The parser takes exactly the forms that the package's server and
 * browsers write; anything else is "not a time".
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock_text.h"

/* n digits of a number that is not negative, and what stands behind them. */
static void
put_digits(char **p, long value, int n, char end)
{
	int i;

	for (i = n - 1; i >= 0; i--) {
		(*p)[i] = (char)('0' + value % 10);
		value /= 10;
	}
	(*p)[n] = end;
	*p += n + 1;
}

char *
clock_format_iso(int64_t wall_us, char out[CLOCK_ISO_SIZE])
{
	time_t sec = (time_t)(wall_us / US_PER_SEC);
	long us = (long)(wall_us % US_PER_SEC);
	struct tm tm;
	char *p = out;

	if (us < 0) {
		us += US_PER_SEC;
		sec--;
	}
	(void)gmtime_r(&sec, &tm);
	/* By hand: each event has a time or two, and strftime(3) is slow. */
	put_digits(&p, labs((tm.tm_year + 1900L) % 10000), 4, '-');
	put_digits(&p, tm.tm_mon + 1, 2, '-');
	put_digits(&p, tm.tm_mday, 2, 'T');
	put_digits(&p, tm.tm_hour, 2, ':');
	put_digits(&p, tm.tm_min, 2, ':');
	put_digits(&p, tm.tm_sec, 2, '.');
	put_digits(&p, us, 6, '+');
	memcpy(p, "00:00", sizeof("00:00"));
	return (out);
}

/* Reads exactly n digits at *s and moves it on; -1 if there are not so many. */
static int
digits(const char **s, int n)
{
	int value = 0;

	for (; n > 0; n--, (*s)++) {
		if (**s < '0' || **s > '9')
			return (-1);
		value = value * 10 + (**s - '0');
	}
	return (value);
}

/* A second's fraction, one to nine digits, in microseconds; -1 for others. */
static long
fraction(const char **s)
{
	long us = 0;
	int n = 0;

	for (; **s >= '0' && **s <= '9'; (*s)++, n++) {
		if (n < 6)
			us = us * 10 + (**s - '0');
		if (n == 9)
			return (-1);
	}
	if (n == 0)
		return (-1);
	for (; n < 6; n++)
		us *= 10;
	return (us);
}

/* The offset behind a time in seconds; false if something else is there. */
static bool
offset(const char *s, long *seconds)
{
	int sign, hours, minutes;

	*seconds = 0;
	if (*s == '\0')
		return (true);
	if (*s == 'Z' || *s == 'z')
		return (s[1] == '\0');
	if (*s != '+' && *s != '-')
		return (false);
	sign = *s++ == '-' ? -1 : 1;
	if ((hours = digits(&s, 2)) == -1 || *s++ != ':' ||
	    (minutes = digits(&s, 2)) == -1 || *s != '\0' ||
	    hours > 23 || minutes > 59)
		return (false);
	*seconds = sign * (hours * 3600L + minutes * 60L);
	return (true);
}

bool
clock_parse_iso(const char *s, int64_t *wall_us)
{
	struct tm tm, check;
	int year, month, day, hour, minute, second = 0;
	long us = 0, off;
	time_t t;

	if ((year = digits(&s, 4)) == -1 || *s++ != '-' ||
	    (month = digits(&s, 2)) == -1 || *s++ != '-' ||
	    (day = digits(&s, 2)) == -1 || (*s != 'T' && *s != ' '))
		return (false);
	s++;
	if ((hour = digits(&s, 2)) == -1 || *s++ != ':' ||
	    (minute = digits(&s, 2)) == -1)
		return (false);
	if (*s == ':') {
		s++;
		if ((second = digits(&s, 2)) == -1)
			return (false);
		if (*s == '.' && (s++, (us = fraction(&s)) == -1))
			return (false);
	}
	if (!offset(s, &off) || year < 1 || hour > 23 || minute > 59 ||
	    second > 59)
		return (false);
	memset(&tm, 0, sizeof(tm));
	tm.tm_year = year - 1900;
	tm.tm_mon = month - 1;
	tm.tm_mday = day;
	tm.tm_hour = hour;
	tm.tm_min = minute;
	tm.tm_sec = second;
	t = timegm(&tm);
	/* timegm() normalises 31 February; a time that moved was not one. */
	(void)gmtime_r(&t, &check);
	if (check.tm_mday != day || check.tm_mon != month - 1)
		return (false);
	*wall_us = ((int64_t)t - off) * US_PER_SEC + us;
	return (true);
}
