/*
 * The line of an edit room. It is short (EDIT_CLAIMS_MAX), so an array that is
 * searched from its start does.
 */
#include <string.h>

#include "base/text.h"
#include "rules/claims.h"

size_t
claims_place(const struct edit_state *st, const char *user_id)
{
	size_t i;

	for (i = 0; i < st->n_claims; i++) {
		if (text_same(st->claims[i].who.id, user_id))
			return (i + 1);
	}
	return (0);
}

const struct edit_claim *
claims_first_asked(const struct edit_state *st)
{
	size_t i;

	for (i = 0; i < st->n_claims; i++) {
		if (st->claims[i].asked)
			return (&st->claims[i]);
	}
	return (NULL);
}

bool
claims_add(struct edit_state *st, const struct edit_claim *claim, bool *changed)
{
	size_t place = claims_place(st, claim->who.id);
	struct edit_claim *old;

	if (place == 0) {
		if (st->n_claims == EDIT_CLAIMS_MAX)
			return (false);
		st->claims[st->n_claims++] = *claim;
		*changed = true;
		return (true);
	}
	old = &st->claims[place - 1];
	if (!text_same_or_none(old->tab, claim->tab)) {
		old->tab = claim->tab;
		*changed = true;
	}
	if (claim->asked && !old->asked) {
		old->asked = true;
		*changed = true;
	}
	return (true);
}

bool
claims_remove(struct edit_state *st, const char *user_id)
{
	size_t place = claims_place(st, user_id);

	if (place == 0)
		return (false);
	memmove(&st->claims[place - 1], &st->claims[place],
	    (st->n_claims - place) * sizeof(st->claims[0]));
	st->n_claims--;
	return (true);
}

void
claims_keep_asked(struct edit_state *st)
{
	size_t i, n = 0;

	for (i = 0; i < st->n_claims; i++) {
		if (st->claims[i].asked)
			st->claims[n++] = st->claims[i];
	}
	st->n_claims = n;
}
