/*
 * Rows, medians, the table and the JSON. Scenarios add one value a run; what
 * is quoted is the median, and the table shows every run beside it, so that a
 * reader sees the spread. It must never judge a number.
 */
#include <err.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/xmalloc.h"
#include "bench/report.h"

#define RUNS_MAX	64

struct row {
	char	*scenario;
	char	*name;
	char	*unit;
	double	 runs[RUNS_MAX];
	size_t	 n;
};

struct note {
	char	*key;
	char	*value;
};

struct report {
	struct row	*rows;
	size_t		 rows_n;
	struct note	*notes;
	size_t		 notes_n;
};

struct report *
report_new(void)
{
	return (xcalloc(1, sizeof(struct report)));
}

void
report_free(struct report *r)
{
	for (size_t i = 0; i < r->rows_n; i++) {
		free(r->rows[i].scenario);
		free(r->rows[i].name);
		free(r->rows[i].unit);
	}
	for (size_t i = 0; i < r->notes_n; i++) {
		free(r->notes[i].key);
		free(r->notes[i].value);
	}
	free(r->rows);
	free(r->notes);
	free(r);
}

static struct row *
find_row(const struct report *r, const char *scenario, const char *name)
{
	for (size_t i = 0; i < r->rows_n; i++) {
		if (strcmp(r->rows[i].scenario, scenario) == 0 &&
		    strcmp(r->rows[i].name, name) == 0)
			return (&r->rows[i]);
	}
	return (NULL);
}

void
report_add(struct report *r, const char *scenario, const char *name,
    const char *unit, double value)
{
	struct row *row = find_row(r, scenario, name);

	if (row == NULL) {
		r->rows = xreallocarray(r->rows, r->rows_n + 1,
		    sizeof(*r->rows));
		row = &r->rows[r->rows_n++];
		memset(row, 0, sizeof(*row));
		row->scenario = xstrdup(scenario);
		row->name = xstrdup(name);
		row->unit = xstrdup(unit);
	}
	if (row->n == RUNS_MAX)
		errx(1, "more than %d runs", RUNS_MAX);
	row->runs[row->n++] = value;
}

static int
compare_doubles(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x < y ? -1 : x > y);
}

static double
median(const struct row *row)
{
	double sorted[RUNS_MAX];

	memcpy(sorted, row->runs, row->n * sizeof(*sorted));
	qsort(sorted, row->n, sizeof(*sorted), compare_doubles);
	if (row->n % 2 == 1)
		return (sorted[row->n / 2]);
	return ((sorted[row->n / 2 - 1] + sorted[row->n / 2]) / 2);
}

void
report_note(struct report *r, const char *key, const char *fmt, ...)
{
	struct note *note;
	va_list ap;

	r->notes = xreallocarray(r->notes, r->notes_n + 1, sizeof(*r->notes));
	note = &r->notes[r->notes_n++];
	note->key = xstrdup(key);
	va_start(ap, fmt);
	if (vasprintf(&note->value, fmt, ap) == -1)
		errx(1, "no memory");
	va_end(ap);
}

/* Enough digits to compare, none for show. */
static const char *
format_value(double v, char out[32])
{
	double size = v < 0 ? -v : v;

	(void)snprintf(out, 32, size >= 100 ? "%.0f" : size >= 10 ? "%.1f" :
	    "%.3f", v);
	return (out);
}

void
report_print(const struct report *r)
{
	const char *scenario = "";
	const struct row *row;
	char text[32];

	for (size_t i = 0; i < r->notes_n; i++)
		printf("%-16s %s\n", r->notes[i].key, r->notes[i].value);
	for (size_t i = 0; i < r->rows_n; i++) {
		row = &r->rows[i];
		if (strcmp(scenario, row->scenario) != 0) {
			scenario = row->scenario;
			printf("\n%-44s %10s  %-8s runs\n", scenario, "median",
			    "unit");
		}
		printf("  %-42s %10s  %-8s", row->name,
		    format_value(median(row), text), row->unit);
		for (size_t k = 0; k < row->n; k++)
			printf(" %s", format_value(row->runs[k], text));
		printf("\n");
	}
}

static void
add_row(struct buf *b, const struct row *row)
{
	json_add_pair(b, "scenario", row->scenario);
	buf_add_char(b, ',');
	json_add_pair(b, "name", row->name);
	buf_add_char(b, ',');
	json_add_pair(b, "unit", row->unit);
	buf_addf(b, ",\"median\":%.6g,\"runs\":[", median(row));
	for (size_t k = 0; k < row->n; k++)
		buf_addf(b, "%s%.6g", k == 0 ? "" : ",", row->runs[k]);
	buf_add_char(b, ']');
}

void
report_write(const struct report *r, const char *path)
{
	struct buf b = { 0 };
	FILE *f;

	buf_add_str(&b, "{\"notes\":{");
	for (size_t i = 0; i < r->notes_n; i++) {
		buf_add_str(&b, i == 0 ? "\n" : ",\n");
		json_add_pair(&b, r->notes[i].key, r->notes[i].value);
	}
	buf_add_str(&b, "},\n\"results\":[");
	for (size_t i = 0; i < r->rows_n; i++) {
		buf_add_str(&b, i == 0 ? "\n{" : ",\n{");
		add_row(&b, &r->rows[i]);
		buf_add_char(&b, '}');
	}
	buf_add_str(&b, "]}\n");
	if ((f = fopen(path, "w")) == NULL ||
	    fwrite(b.p, 1, b.n, f) != b.n || fclose(f) != 0)
		err(1, "%s", path);
	buf_fini(&b);
}
