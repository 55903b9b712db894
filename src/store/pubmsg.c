/*
 * The published message, encoded and parsed. The order of the items is fixed,
 * so the parser is a straight walk: each step takes the item with the tag that
 * may stand here, or finds it absent. Whatever is left over, doubled, of
 * unknown tag or too long makes the whole message invalid; nothing is guessed,
 * since any program that reaches Redis can publish.
 */
#include <string.h>

#include "base/log.h"
#include "store/keys.h"
#include "store/numbered.h"
#include "store/pubmsg.h"

#define STAMP_SIZE	31	/* of stamp() in lua/common.lua */
#define MAGIC		"C1"
#define AUDIENCES	"AXUTV"

static void
add_item(struct buf *b, char tag, struct slice s)
{
	buf_add_char(b, tag);
	buf_add_int(b, (int64_t)s.n);
	buf_add_char(b, ':');
	buf_add(b, s.p, s.n);
	buf_add_char(b, ',');
}

/* Whether an audience is a matter of who. */
static bool
is_named(char audience)
{
	return (audience != 'A' && audience != 'T');
}

static void
add_frame(struct buf *b, const struct store_frame *f)
{
	bool named = is_named(f->audience);

	ASSERT(strchr(AUDIENCES, f->audience) != NULL);
	buf_add_char(b, 'A');
	buf_add_int(b, (int64_t)(1 + (named ? f->user_id.n : 0)));
	buf_add_char(b, ':');
	buf_add_char(b, f->audience);
	if (named)
		buf_add(b, f->user_id.p, f->user_id.n);
	buf_add_char(b, ',');
	add_item(b, 'F', f->text);
}

void
pubmsg_add_head(struct buf *b, const char *room_key)
{
	buf_add_str(b, MAGIC);
	add_item(b, 'k', slice_of(room_key));
}

void
pubmsg_add_tail(struct buf *b, struct store_member joined, struct slice left,
    const struct store_frame *frames, size_t n)
{
	size_t i;

	ASSERT(n <= STORE_FRAMES_MAX);
	ASSERT(joined.user_id.p == NULL || left.p == NULL);
	if (joined.user_id.p != NULL) {
		add_item(b, 'J', joined.user_id);
		add_item(b, 'I', joined.info);
		if (joined.states.n != 0)
			add_item(b, 'W', joined.states);
	}
	if (left.p != NULL)
		add_item(b, 'L', left);
	for (i = 0; i < n; i++)
		add_frame(b, &frames[i]);
}

void
pubmsg_add_badge(struct buf *b, const char *object_key, struct slice object,
    struct slice value)
{
	struct buf key = { 0 };

	keys_add_model_room(&key, object_key);
	pubmsg_add_head(b, buf_str(&key));
	buf_fini(&key);
	add_item(b, 'B', object);
	if (value.p != NULL)
		add_item(b, 'Y', value);
}

void
pubmsg_add_saved(struct buf *b, int64_t number, struct slice value)
{
	struct buf text = { 0 };

	numbered_add(&text, number, value);
	add_item(b, 'V', (struct slice){ text.p, text.n });
	buf_fini(&text);
}

/*
 * Takes the item with this tag off the front of in. False and untouched if
 * something else stands there, or if it is not well-formed (the walk then ends
 * with something left over).
 */
static bool
take(struct slice *in, char tag, size_t max, struct slice *out)
{
	size_t i = 1, n = 0;

	out->p = NULL;
	out->n = 0;
	if (in->n < 4 || in->p[0] != tag || in->p[1] < '0' || in->p[1] > '9')
		return (false);
	for (; i < in->n && in->p[i] >= '0' && in->p[i] <= '9'; i++) {
		/* "007" would be a second way to write 7 */
		if (i > 1 && n == 0)
			return (false);
		n = n * 10 + (size_t)(in->p[i] - '0');
		if (n > max)
			return (false);
	}
	if (i == in->n || in->p[i] != ':' || in->n - i - 1 <= n ||
	    in->p[i + 1 + n] != ',')
		return (false);
	*out = (struct slice){ in->p + i + 1, n };
	in->p += i + n + 2;
	in->n -= i + n + 2;
	return (true);
}

/* A time to live as PTTL gives it: -1, or a number. */
static bool
parse_ttl(struct slice text, int64_t *out)
{
	uint64_t v;

	if (slice_is(text, "-1")) {
		*out = -1;
		return (true);
	}
	if (!numbered_parse_count(text, &v))
		return (false);
	*out = (int64_t)v;
	return (true);
}

static bool
take_snapshot(struct slice *in, struct store_message *m)
{
	struct store_snapshot *s = &m->snapshot;
	struct slice text;

	s->previous_ttl_ms = -2;
	if (!take(in, 'e', 16, &text))
		return (true);		/* an unsequenced one */
	if (!numbered_parse_epoch(text, &m->epoch) ||
	    !take(in, 'n', 15, &text) || !numbered_parse_count(text, &m->seq) ||
	    m->seq == 0)
		return (false);
	s->epoch = m->epoch;
	s->seq = m->seq;
	(void)take(in, 'E', STORE_VALUE_MAX, &s->editor);
	if (take(in, 'P', STORE_VALUE_MAX, &s->previous) &&
	    (!take(in, 'T', 15, &text) ||
	    !parse_ttl(text, &s->previous_ttl_ms)))
		return (false);
	(void)take(in, 'S', STORE_VALUE_MAX, &s->state);
	(void)take(in, 'M', STORE_VALUE_MAX, &s->modified);
	s->known_epoch = s->epoch;
	s->known_seq = s->seq;
	return (!take(in, 'K', STAMP_SIZE, &text) ||
	    numbered_parse_stamp(text, &s->known_epoch, &s->known_seq));
}

static bool
take_frame(struct slice *in, struct store_message *m)
{
	struct store_frame *f = &m->frames[m->n_frames];
	struct slice to;

	if (!take(in, 'A', STORE_VALUE_MAX, &to) || to.n == 0 ||
	    !take(in, 'F', STORE_VALUE_MAX, &f->text))
		return (false);
	f->audience = to.p[0];
	if (f->audience == '\0' || strchr(AUDIENCES, f->audience) == NULL)
		return (false);
	f->user_id = (struct slice){ NULL, 0 };
	if (is_named(f->audience))
		f->user_id = (struct slice){ to.p + 1, to.n - 1 };
	else if (to.n != 1)
		return (false);
	m->n_frames++;
	return (true);
}

static bool
take_roster(struct slice *in, struct store_message *m)
{
	if (take(in, 'J', STORE_VALUE_MAX, &m->joined.user_id)) {
		if (!take(in, 'I', STORE_VALUE_MAX, &m->joined.info))
			return (false);
		if (take(in, 'W', STORE_STATES_MAX, &m->joined.states))
			return (m->joined.states.n != 0);
	} else if (take(in, 'Z', STORE_VALUE_MAX, &m->state.user_id))
		return (take(in, 'W', STORE_STATES_MAX, &m->state.states));
	else
		(void)take(in, 'L', STORE_VALUE_MAX, &m->left);
	return (true);
}

static bool
take_news(struct slice *in, struct store_message *m)
{
	struct slice saved;

	if (take(in, 'V', STORE_VALUE_MAX, &saved))
		return (numbered_parse(saved, &m->saved.number,
		    &m->saved.value) && in->n == 0);
	if (take(in, 'B', STORE_VALUE_MAX, &m->badge_object)) {
		(void)take(in, 'Y', STORE_VALUE_MAX, &m->badge_value);
		return (in->n == 0);
	}
	return (true);
}

bool
pubmsg_parse(struct slice text, struct store_message *m)
{
	struct slice in = text;

	memset(m, 0, sizeof(*m));
	if (in.n < LITLEN(MAGIC) || memcmp(in.p, MAGIC, LITLEN(MAGIC)) != 0)
		return (false);
	in.p += LITLEN(MAGIC);
	in.n -= LITLEN(MAGIC);
	if (!take(&in, 'k', STORE_VALUE_MAX, &m->room_key) ||
	    !take_snapshot(&in, m))
		return (false);
	if (m->seq != 0 ? !take_roster(&in, m) : !take_news(&in, m))
		return (false);
	while (in.n != 0)
		if (m->n_frames == STORE_FRAMES_MAX || !take_frame(&in, m))
			return (false);
	return (true);
}
