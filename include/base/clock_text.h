/*
 * Times as numbers and as text: the units of both clocks (clock.h), and the one
 * text form of a time on the wire, ISO 8601 in UTC with microseconds and offset.
 * Reads no clock. Any thread.
 */
#ifndef COLLABD_BASE_CLOCK_TEXT_H
#define COLLABD_BASE_CLOCK_TEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compat.h"

#define CLOCK_ISO_SIZE	33	/* 2026-11-24T03:52:19.123456+00:00 and a NUL */

#define US_PER_SEC	INT64_C(1000000)
#define US_PER_MS	INT64_C(1000)

/* Writes the text of wall_us into out and returns out. */
char	*clock_format_iso(int64_t wall_us, char out[CLOCK_ISO_SIZE]);
/*
 * Reads an ISO 8601 date and time as Python's datetime.fromisoformat of 3.7 to
 * 3.11 writes and reads it: YYYY-MM-DD, a separator, HH:MM[:SS[.ffffff]], then
 * nothing, Z or an offset +HH:MM. Without an offset it is UTC. JavaScript's
 * toISOString (milliseconds and Z) is of this form. False when it is not.
 */
bool	clock_parse_iso(const char *s, int64_t *wall_us) MUSTCHECK;

#endif
