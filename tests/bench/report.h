/*
 * The numbers: named rows, a value for each run, and at the end a table of the
 * medians and a JSON file with everything. Owns its rows. One thread.
 */
#ifndef COLLABD_BENCH_REPORT_H
#define COLLABD_BENCH_REPORT_H

#include "base/compat.h"

struct report;

struct report *report_new(void);
void	report_free(struct report *report);

/* One run's value of a row; the row is made at its first value, and rows keep
 * that order. The strings are copied. */
void	report_add(struct report *report, const char *scenario,
	    const char *name, const char *unit, double value);
/* Something measured nowhere but needed to read the numbers: a version, a
 * setting, what was skipped and why. */
void	report_note(struct report *report, const char *key, const char *fmt,
	    ...) PRINTFLIKE(3, 4);

/* Prints the table to stdout. */
void	report_print(const struct report *report);
/* Writes the JSON to path, or ends the bench. */
void	report_write(const struct report *report, const char *path);

#endif
