/*
 * Texts of an edit room to state and back. The package's server writes
 * editor:R with json.dumps, an integer or text editor_id and an ISO time;
 * what it adds ("reclaimed", or anything a later version thinks of) survives
 * as long as the editor stays the same.
 *
 * collabd's own text is {"holder","last","last_until","tab","idle","countdown",
 * "hold","offer","claims":[{"id","name","since","tab","asked"}],"pages":[{"id",
 * "beat"}],"saver","saver_name","saved","settle"}, times in microseconds, absent
 * members left out, asked only when true. It is read as
 * far as it fits to who is the editor now: another program may have made
 * another one since it was written.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock_text.h"
#include "base/json.h"
#include "base/xmalloc.h"
#include "store/roomstate.h"

#define EDITOR_DEPTH	16
#define STATE_DEPTH	4

static const char *const editor_keys[] = {
	"editor_id", "editor_name", "last_heartbeat", NULL
};

/* A string member that can be an id or a name; NULL if it cannot. */
static const char *
text_member(const struct json *obj, const char *key)
{
	struct slice s = json_get_string(obj, key);

	if (s.p == NULL || s.n == 0 || memchr(s.p, '\0', s.n) != NULL)
		return (NULL);
	return (s.p);
}

static int64_t
int_member(const struct json *obj, const char *key)
{
	int64_t n;

	return (json_get_int(obj, key, &n) ? n : 0);
}

/* A time that is set; 0 if it is not. */
static int64_t
time_member(const struct json *obj, const char *key)
{
	int64_t us = int_member(obj, key);

	return (us > 0 ? us : 0);
}

static struct json *
parse(struct slice text, int depth)
{
	struct json *obj;

	if (text.p == NULL ||
	    json_parse(text.p, text.n, depth, &obj) != JSON_OK)
		return (NULL);
	return (obj);
}

/* editor_id as text, whichever of the two types it has; "" if neither. */
static void
read_editor_id(struct roomstate *rs)
{
	const char *text = text_member(rs->_editor, "editor_id");
	int64_t n;

	rs->_editor_id[0] = '\0';
	if (text != NULL && strlen(text) < sizeof(rs->_editor_id))
		(void)snprintf(rs->_editor_id, sizeof(rs->_editor_id), "%s",
		    text);
	else if (text == NULL && json_get_int(rs->_editor, "editor_id", &n))
		(void)snprintf(rs->_editor_id, sizeof(rs->_editor_id), "%lld",
		    (long long)n);
}

static void
read_editor(struct roomstate *rs, int64_t now_us)
{
	struct edit_state *st = &rs->st;
	const char *name, *beat;

	read_editor_id(rs);
	if (rs->_editor_id[0] == '\0')
		return;
	name = text_member(rs->_editor, "editor_name");
	beat = text_member(rs->_editor, "last_heartbeat");
	st->editor.id = rs->_editor_id;
	st->editor.name = name != NULL ? name : "";
	/* A lock whose time cannot be read is taken as fresh: it expires by
	 * itself, and nobody is thrown out on a guess. */
	if (beat == NULL || !clock_parse_iso(beat, &st->heartbeat_us))
		st->heartbeat_us = now_us;
}

static void
read_previous(struct roomstate *rs, const struct store_snapshot *snap,
    int64_t now_us)
{
	if (snap->previous.p == NULL || snap->previous.n == 0 ||
	    snap->previous.n >= sizeof(rs->_previous) ||
	    memchr(snap->previous.p, '\0', snap->previous.n) != NULL)
		return;
	memcpy(rs->_previous, snap->previous.p, snap->previous.n);
	rs->_previous[snap->previous.n] = '\0';
	rs->st.previous = rs->_previous;
	rs->st.previous_until_us = snap->previous_ttl_ms < 0 ? INT64_MAX :
	    now_us + snap->previous_ttl_ms * US_PER_MS;
}

static bool
is_held_by(const struct edit_state *st, const char *user_id)
{
	return (st->editor.id != NULL && user_id != NULL &&
	    strcmp(st->editor.id, user_id) == 0);
}

/* Nobody stands in the line twice, nor who has the lock. */
static void
read_claims(struct roomstate *rs)
{
	struct edit_state *st = &rs->st;
	size_t i, n = json_array_length(rs->_state, "claims");

	for (i = 0; i < n && st->n_claims < EDIT_CLAIMS_MAX; i++) {
		const struct json *c = json_array_object(rs->_state, "claims",
		    i);
		const char *id = text_member(c, "id");
		const char *name = text_member(c, "name");

		/* Who cannot be an editor does not wait to become one. */
		if (id == NULL || strlen(id) >= ROOMSTATE_ID_SIZE ||
		    is_held_by(st, id) || edit_place(st, id) != 0)
			continue;
		st->claims[st->n_claims++] = (struct edit_claim){
			.who = { id, name != NULL ? name : "" },
			.tab = text_member(c, "tab"),
			.since_us = int_member(c, "since"),
			.asked = json_get_bool(c, "asked"),
		};
	}
}

/* The pages of the editor that say that they edit. */
static void
read_pages(struct roomstate *rs)
{
	struct edit_state *st = &rs->st;
	size_t i, n = json_array_length(rs->_state, "pages");

	for (i = 0; i < n && st->n_pages < EDIT_PAGES_MAX; i++) {
		const struct json *p = json_array_object(rs->_state, "pages",
		    i);
		const char *id = text_member(p, "id");

		if (id != NULL)
			st->pages[st->n_pages++] = (struct edit_page){
				id, time_member(p, "beat")
			};
	}
}

/* Whose save is awaited, and whether the lock is kept for it: not for longer
 * than anybody would, whatever is written there. */
static void
read_saver(struct roomstate *rs, int64_t now_us)
{
	struct edit_state *st = &rs->st;
	const char *id = text_member(rs->_state, "saver");
	const char *name = text_member(rs->_state, "saver_name");

	if (id == NULL || strlen(id) >= ROOMSTATE_ID_SIZE)
		return;
	st->saver = (struct edit_person){ id, name != NULL ? name : "" };
	st->saved_us = time_member(rs->_state, "saved");
	if (st->saved_us > now_us)
		st->saved_us = now_us;
	if (st->editor.id == NULL)
		st->settle_us = time_member(rs->_state, "settle");
	if (st->settle_us > st->saved_us + EDIT_SAVE_AWAIT_US)
		st->settle_us = st->saved_us + EDIT_SAVE_AWAIT_US;
}

/* What was noted of an editor holds for no other, and an offer for a free lock
 * only. */
static void
read_lock(struct roomstate *rs, int64_t now_us)
{
	struct edit_state *st = &rs->st;

	if (is_held_by(st, st->holder)) {
		st->tab = text_member(rs->_state, "tab");
		st->idle_us = time_member(rs->_state, "idle");
		st->countdown_us = time_member(rs->_state, "countdown");
		st->hold_us = time_member(rs->_state, "hold");
		read_pages(rs);
	}
	read_saver(rs, now_us);
	if (st->editor.id == NULL && st->settle_us == 0 &&
	    st->n_claims != 0 && st->claims[0].asked)
		st->offer_us = time_member(rs->_state, "offer");
}

void
roomstate_decode(struct roomstate *rs, const struct store_snapshot *snap,
    int64_t now_us)
{
	memset(&rs->st, 0, sizeof(rs->st));
	rs->_editor = parse(snap->editor, EDITOR_DEPTH);
	rs->_state = parse(snap->state, STATE_DEPTH);
	if (rs->_editor != NULL)
		read_editor(rs, now_us);
	read_previous(rs, snap, now_us);
	if (rs->_state != NULL) {
		rs->st.holder = text_member(rs->_state, "holder");
		rs->st.last = text_member(rs->_state, "last");
		rs->st.last_until_us = int_member(rs->_state, "last_until");
		read_claims(rs);
		read_lock(rs, now_us);
	}
}

void
roomstate_fini(struct roomstate *rs)
{
	json_free(rs->_editor);
	json_free(rs->_state);
	rs->_editor = rs->_state = NULL;
}

static void
write_editor(const struct roomstate *rs, const struct edit_state *next,
    bool id_is_number, struct buf *b)
{
	char iso[CLOCK_ISO_SIZE];

	if (next->editor.id == NULL)
		return;
	buf_add_str(b, "{\"editor_id\":");
	json_add_id(b, next->editor.id, id_is_number);
	buf_add_char(b, ',');
	json_add_pair(b, "editor_name", next->editor.name);
	buf_add_char(b, ',');
	json_add_pair(b, "last_heartbeat",
	    clock_format_iso(next->heartbeat_us, iso));
	if (rs->_editor != NULL && rs->st.editor.id != NULL &&
	    strcmp(rs->st.editor.id, next->editor.id) == 0)
		json_add_others(b, rs->_editor, editor_keys);
	buf_add_char(b, '}');
}

static void
write_member(struct buf *b, const char *key, const char *text)
{
	if (text == NULL)
		return;
	if (b->n > 1)
		buf_add_char(b, ',');
	json_add_pair(b, key, text);
}

static void
write_time(struct buf *b, const char *key, int64_t us)
{
	if (us == 0)
		return;
	buf_addf(b, "%s\"%s\":%lld", b->n > 1 ? "," : "", key,
	    (long long)us);
}

static void
write_claims(const struct edit_state *next, struct buf *b)
{
	size_t i;

	if (next->n_claims == 0)
		return;
	buf_add_str(b, b->n > 1 ? ",\"claims\":[" : "\"claims\":[");
	for (i = 0; i < next->n_claims; i++) {
		const struct edit_claim *c = &next->claims[i];

		buf_add_str(b, i == 0 ? "{" : ",{");
		json_add_pair(b, "id", c->who.id);
		buf_add_char(b, ',');
		json_add_pair(b, "name", c->who.name);
		buf_addf(b, ",\"since\":%lld", (long long)c->since_us);
		write_member(b, "tab", c->tab);
		buf_add_str(b, c->asked ? ",\"asked\":true}" : "}");
	}
	buf_add_char(b, ']');
}

static void
write_pages(const struct edit_state *next, struct buf *b)
{
	size_t i;

	if (next->n_pages == 0)
		return;
	buf_add_str(b, b->n > 1 ? ",\"pages\":[" : "\"pages\":[");
	for (i = 0; i < next->n_pages; i++) {
		buf_add_str(b, i == 0 ? "{" : ",{");
		json_add_pair(b, "id", next->pages[i].id);
		buf_addf(b, ",\"beat\":%lld}",
		    (long long)next->pages[i].beat_us);
	}
	buf_add_char(b, ']');
}

/* One whose row has not come for so long is not awaited any more. */
static void
write_saver(const struct edit_state *next, int64_t now_us, struct buf *b)
{
	if (next->saver.id == NULL || (next->settle_us == 0 &&
	    now_us > next->saved_us + EDIT_SAVE_AWAIT_US))
		return;
	write_member(b, "saver", next->saver.id);
	write_member(b, "saver_name", next->saver.name);
	write_time(b, "saved", next->saved_us);
	write_time(b, "settle", next->settle_us);
}

static void
write_state(const struct edit_state *next, int64_t now_us, struct buf *b)
{
	buf_add_char(b, '{');
	write_member(b, "holder", next->holder);
	if (next->last != NULL && now_us <= next->last_until_us) {
		write_member(b, "last", next->last);
		write_time(b, "last_until", next->last_until_us);
	}
	write_member(b, "tab", next->tab);
	write_time(b, "idle", next->idle_us);
	write_time(b, "countdown", next->countdown_us);
	write_time(b, "hold", next->hold_us);
	write_time(b, "offer", next->offer_us);
	write_claims(next, b);
	write_pages(next, b);
	write_saver(next, now_us, b);
	if (b->n == 1)
		buf_reset(b);
	else
		buf_add_char(b, '}');
}

static struct slice
slice_of_buf(const struct buf *b)
{
	return ((struct slice){ b->n == 0 ? NULL : b->p, b->n });
}

void
roomstate_encode(const struct roomstate *rs, const struct edit_state *next,
    const struct roomtext_policy *policy, int64_t now_us,
    struct roomtext *text, struct store_change *change)
{
	int64_t left_ms;

	buf_reset(&text->editor);
	buf_reset(&text->previous);
	buf_reset(&text->state);
	write_editor(rs, next, policy->id_is_number, &text->editor);
	write_state(next, now_us, &text->state);
	change->previous_ttl_ms = 0;
	/* A head start that has run out is not written again. */
	if (next->previous != NULL && next->previous_until_us > now_us) {
		buf_add_str(&text->previous, next->previous);
		left_ms = (next->previous_until_us - now_us) / US_PER_MS;
		/* An unchanged one keeps the time to live that it has. */
		if (next->previous != rs->st.previous ||
		    next->previous_until_us != rs->st.previous_until_us)
			change->previous_ttl_ms = left_ms > 0 ? left_ms : 1;
	}
	change->editor = slice_of_buf(&text->editor);
	change->editor_ttl_ms = policy->editor_ttl_ms;
	change->previous = slice_of_buf(&text->previous);
	change->state = slice_of_buf(&text->state);
}

void
roomtext_fini(struct roomtext *text)
{
	buf_fini(&text->editor);
	buf_fini(&text->previous);
	buf_fini(&text->state);
}
