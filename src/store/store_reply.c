/*
 * From the answer of a script to a struct store_reply. The answer was made by
 * our own Lua, but came over a wire from a program that may be anything: every
 * type is looked at, and what does not fit makes the whole answer invalid.
 * Called by the verbs; changes nothing, copies nothing.
 */
#include <stdlib.h>
#include <string.h>

#include "base/xmalloc.h"
#include "store/numbered.h"
#include "store/store_priv.h"

#define ANSWER_N	13	/* elements of what answer() gives */

#define MEMBER_N	3	/* elements of a member in roster() */

static const struct {
	const char		*text;
	enum store_status	 status;
} statuses[] = {
	{ "OK", STORE_OK },
	{ "MISMATCH", STORE_MISMATCH },
	{ "GATED", STORE_GATED },
	{ "NOT_LAST", STORE_NOT_LAST },
	{ "ABSENT", STORE_ABSENT },
	{ "UNSETTLED", STORE_UNSETTLED },
	{ "KNOWN", STORE_KNOWN },
};

static bool
parse_status(const struct resp_value *v, enum store_status *out)
{
	size_t i;

	for (i = 0; i < COUNT_OF(statuses); i++)
		if (slice_is(resp_text(v), statuses[i].text)) {
			*out = statuses[i].status;
			return (true);
		}
	return (false);
}

/* A text or nil. */
static bool
parse_value(const struct resp_value *v, struct slice *out)
{
	*out = resp_text(v);
	return (v->type == RESP_STRING || v->type == RESP_NIL);
}

static bool
parse_snapshot(const struct resp_value *v, struct store_snapshot *s)
{
	struct slice epoch = resp_text(resp_at(v, 1)), ttl, known;
	uint64_t n = 0;

	if (epoch.p == NULL || (epoch.n != 0 &&
	    !numbered_parse_epoch(epoch, &s->epoch)) ||
	    !numbered_parse_count(resp_text(resp_at(v, 2)), &s->seq) ||
	    !parse_value(resp_at(v, 3), &s->editor) ||
	    !parse_value(resp_at(v, 4), &s->previous) ||
	    !parse_value(resp_at(v, 6), &s->state) ||
	    !parse_value(resp_at(v, 7), &s->modified) ||
	    !parse_value(resp_at(v, 12), &known))
		return (false);
	s->known_epoch = s->epoch;
	s->known_seq = s->seq;
	if (known.p != NULL && !numbered_parse_stamp(known, &s->known_epoch,
	    &s->known_seq))
		return (false);
	ttl = resp_text(resp_at(v, 5));
	if (slice_is(ttl, "-1"))
		s->previous_ttl_ms = -1;
	else if (slice_is(ttl, "-2"))
		s->previous_ttl_ms = -2;
	else if (numbered_parse_count(ttl, &n))
		s->previous_ttl_ms = (int64_t)n;
	else
		return (false);
	return (true);
}

static bool
parse_members(const struct resp_value *v, struct store_reply *out,
    struct store_member **members)
{
	size_t i;

	*members = NULL;
	if (v->type == RESP_NIL)
		return (true);
	if (v->type != RESP_ARRAY || v->n % MEMBER_N != 0)
		return (false);
	out->has_roster = true;
	if (v->n == 0)
		return (true);
	*members = xcalloc(v->n / MEMBER_N, sizeof(**members));
	for (i = 0; i < v->n / MEMBER_N; i++) {
		struct store_member *m = &(*members)[i];

		m->user_id = resp_text(resp_at(v, MEMBER_N * i));
		m->info = resp_text(resp_at(v, MEMBER_N * i + 1));
		m->states = resp_text(resp_at(v, MEMBER_N * i + 2));
		if (m->user_id.p == NULL || m->info.p == NULL ||
		    m->states.p == NULL) {
			free(*members);
			*members = NULL;
			return (false);
		}
	}
	out->members = *members;
	out->n_members = v->n / MEMBER_N;
	return (true);
}

bool
store_reply_parse(const struct resp_value *v, struct store_reply *out,
    struct store_member **members, int64_t *bad)
{
	struct slice saved;

	memset(out, 0, sizeof(*out));
	out->snapshot.previous_ttl_ms = -2;
	*members = NULL;
	*bad = 0;
	if (v->type != RESP_ARRAY || !parse_status(resp_at(v, 0),
	    &out->status))
		return (false);
	if (v->n == 1)
		return (true);
	if (v->n != ANSWER_N || !parse_snapshot(v, &out->snapshot) ||
	    resp_at(v, 8)->type != RESP_INTEGER ||
	    resp_at(v, 9)->type != RESP_INTEGER ||
	    !parse_value(resp_at(v, 11), &saved))
		return (false);
	/* Absent too if another program left something else there. */
	(void)!numbered_parse(saved, &out->saved.number, &out->saved.value);
	*bad = resp_at(v, 8)->integer;
	out->first = resp_at(v, 9)->integer != 0;
	return (parse_members(resp_at(v, 10), out, members));
}
