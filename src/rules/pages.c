/*
 * The pages of an editor. They are few (EDIT_PAGES_MAX), in no order.
 */
#include "base/text.h"
#include "rules/pages.h"

/* n_pages: not there. */
static size_t
find(const struct edit_state *st, const char *id)
{
	size_t i;

	for (i = 0; i < st->n_pages && !text_same(st->pages[i].id, id); i++)
		;
	return (i);
}

static size_t
find_oldest(const struct edit_state *st)
{
	size_t i, at = 0;

	for (i = 1; i < st->n_pages; i++) {
		if (st->pages[i].beat_us < st->pages[at].beat_us)
			at = i;
	}
	return (at);
}

void
pages_note(struct edit_state *st, const char *id, int64_t now_us)
{
	size_t at = find(st, id);

	if (id == NULL)
		return;
	if (at == EDIT_PAGES_MAX)
		at = find_oldest(st);
	else if (at == st->n_pages)
		st->n_pages++;
	st->pages[at] = (struct edit_page){ id, now_us };
}

bool
pages_forget(struct edit_state *st, const char *id)
{
	size_t at = find(st, id);

	if (at == st->n_pages)
		return (false);
	st->pages[at] = st->pages[--st->n_pages];
	return (true);
}

bool
pages_others_since(const struct edit_state *st, const char *id,
    int64_t since_us)
{
	size_t i;

	for (i = 0; i < st->n_pages; i++) {
		if (!text_same(st->pages[i].id, id) &&
		    st->pages[i].beat_us > since_us)
			return (true);
	}
	return (false);
}
