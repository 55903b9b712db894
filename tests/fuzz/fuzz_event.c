/*
 * The parser of published messages, and the small parsers beside it. What is
 * taken lies inside the input, keeps the bounds, and, put together again, is
 * the input: so there is one way to write each message.
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "store/keys.h"
#include "store/pubmsg.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_inside(struct slice all, struct slice s)
{
	if (s.p == NULL) {
		ASSERT(s.n == 0);
		return;
	}
	ASSERT(s.p >= all.p && s.n <= STORE_VALUE_MAX &&
	    (size_t)(s.p - all.p) + s.n <= all.n);
}

static void
add_item(struct buf *b, char tag, struct slice s)
{
	if (s.p == NULL)
		return;
	buf_addf(b, "%c%zu:", tag, s.n);
	buf_add(b, s.p, s.n);
	buf_add_char(b, ',');
}

static void
add_numbers(struct buf *b, const struct store_message *m)
{
	char text[32];

	(void)snprintf(text, sizeof(text), "%016llx",
	    (unsigned long long)m->epoch);
	add_item(b, 'e', slice_of(text));
	(void)snprintf(text, sizeof(text), "%llu",
	    (unsigned long long)m->seq);
	add_item(b, 'n', slice_of(text));
}

/* What stands instead of frames in a message without a number. */
static void
add_news(struct buf *b, const struct store_message *m)
{
	if (m->saved.value.p != NULL)
		pubmsg_add_saved(b, m->saved.number, m->saved.value);
	add_item(b, 'B', m->badge_object);
	add_item(b, 'Y', m->badge_value);
	if (m->saved.value.p != NULL || m->badge_object.p != NULL)
		ASSERT(m->n_frames == 0);
}

static void
check_message(struct slice in, const struct store_message *m)
{
	const struct store_snapshot *s = &m->snapshot;
	struct buf b = { 0 };
	char ttl[32];
	size_t i;

	check_inside(in, m->room_key);
	check_inside(in, s->editor);
	check_inside(in, s->previous);
	check_inside(in, s->state);
	check_inside(in, s->modified);
	check_inside(in, m->joined.user_id);
	check_inside(in, m->joined.info);
	check_inside(in, m->joined.states);
	check_inside(in, m->state.user_id);
	check_inside(in, m->state.states);
	check_inside(in, m->left);
	check_inside(in, m->saved.value);
	check_inside(in, m->badge_object);
	check_inside(in, m->badge_value);
	ASSERT(m->joined.states.n <= STORE_STATES_MAX &&
	    m->state.states.n <= STORE_STATES_MAX);
	ASSERT(m->n_frames <= STORE_FRAMES_MAX);
	ASSERT((m->seq == 0) == (m->epoch == 0));
	ASSERT((m->joined.user_id.p != NULL) + (m->left.p != NULL) +
	    (m->state.user_id.p != NULL) <= 1);
	for (i = 0; i < m->n_frames; i++) {
		check_inside(in, m->frames[i].user_id);
		check_inside(in, m->frames[i].text);
	}
	buf_add_str(&b, "C1");
	add_item(&b, 'k', m->room_key);
	if (m->seq != 0) {
		add_numbers(&b, m);
		add_item(&b, 'E', s->editor);
		add_item(&b, 'P', s->previous);
		(void)snprintf(ttl, sizeof(ttl), "%lld",
		    (long long)s->previous_ttl_ms);
		if (s->previous.p != NULL)
			add_item(&b, 'T', slice_of(ttl));
		add_item(&b, 'S', s->state);
		add_item(&b, 'M', s->modified);
		add_item(&b, 'Z', m->state.user_id);
		add_item(&b, 'W', m->state.states);
	} else
		add_news(&b, m);
	pubmsg_add_tail(&b, m->joined, m->left, m->frames, m->n_frames);
	ASSERT(b.n == in.n && memcmp(b.p, in.p, b.n) == 0);
	buf_fini(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in = { (const char *)data, size }, key, name;
	struct store_message m;
	struct buf b = { 0 };

	if (pubmsg_parse(in, &m))
		check_message(in, &m);
	if (keys_parse_room_ref(in, &key, &name)) {
		ASSERT(key.p >= in.p && name.p == key.p + key.n);
		ASSERT(name.p + name.n == in.p + in.n);
	}
	/* Behind a good head the deep parts are reached sooner. */
	pubmsg_add_head(&b, "e:a/b/1");
	buf_add_str(&b, "e16:00000000000000ff,n3:123,");
	buf_add(&b, data, size);
	in = (struct slice){ b.p, b.n };
	if (pubmsg_parse(in, &m))
		check_message(in, &m);
	buf_fini(&b);
	return (0);
}
