/*
 * The history of a world, for people: a row for each thing that happened, with
 * what each browser believes behind it. Only what has no place there is told in
 * words. A row is at most WIDTH columns wide, but for frames.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/xmalloc.h"
#include "sim/browser.h"
#include "sim/world.h"

#define TIME		9
#define WHAT		48
#define CELL		7	/* "2t1:4* " */
#define CELLS		(BROWSERS * CELL)
#define WIDTH		(TIME + 1 + WHAT + CELLS)
#define PAGE		40	/* rows; then the heading again */

_Static_assert(WIDTH <= 120, "a row is wider than a terminal");

static void
end_row(struct buf *b)
{
	while (b->n > 0 && b->p[b->n - 1] == ' ')
		b->n--;
	buf_add_char(b, '\n');
}

static void
add_heading(struct buf *b)
{
	int i;

	buf_addf(b, "%*s %-*s", TIME, "seconds", WHAT, "what happened");
	for (i = 0; i < BROWSERS; i++)
		buf_addf(b, "b%-*d", CELL - 1, i);
	end_row(b);
}

/* What a browser was told, CELL characters. */
static void
add_cell(struct buf *b, const struct browser *br)
{
	char text[32], editor[12];

	if (br->state == BROWSER_CLOSED) {
		buf_addf(b, "%-*s", CELL, "");
		return;
	}
	if (br->state == BROWSER_CONNECTING)
		(void)strcpy(editor, "..");
	else if (!br->knows_editor)
		(void)strcpy(editor, "?");
	else if (br->editor == 0)
		(void)strcpy(editor, "-");
	else
		(void)snprintf(editor, sizeof(editor), "%d", br->editor);
	(void)snprintf(text, sizeof(text), "%d%c%d:%s%s", br->user,
	    br->is_tab ? 't' : 'p', br->room, editor, br->is_editor ? "*" :
	    br->wants && br->state == BROWSER_OPEN ? "+" : "");
	buf_addf(b, "%-*s", CELL, text);
}

static void
add_cells(struct buf *b)
{
	int i;

	for (i = 0; i < BROWSERS && world->browsers != NULL; i++)
		add_cell(b, &world->browsers[i]);
	end_row(b);
}

static void
add_row(struct buf *b, const char *what)
{
	double seconds = (double)world->now_us / (double)SECOND;

	if (world->n_told++ % PAGE == 0)
		add_heading(b);
	if (strlen(what) < WHAT) {
		buf_addf(b, "%*.3f %-*s", TIME, seconds, WHAT, what);
		add_cells(b);
		return;
	}
	/* What is too long has a line of its own. */
	buf_addf(b, "%*.3f %s\n", TIME, seconds, what);
	if (!world->tells_frames) {
		buf_addf(b, "%*s", TIME + 1 + WHAT, "");
		add_cells(b);
	}
}

void
world_tell(const char *fmt, ...)
{
	va_list ap;
	char *what;
	int n;

	if (!world->tells)
		return;
	va_start(ap, fmt);
	n = vasprintf(&what, fmt, ap);
	va_end(ap);
	ASSERT(n >= 0);
	add_row(&world->history, what);
	free(what);
}

void
world_add_legend(struct buf *b)
{
	buf_add_str(b, "Under a browser: its user, t for a tab or p for a page "
	    "of the package, its room: who edits there,\nas it was told (- "
	    "nobody, ? not told yet), * it may edit itself, + it wants to; "
	    ".. it connects.\nw0 and w1 are workers of the machine m0, w2 of "
	    "m1.\n\n");
}
