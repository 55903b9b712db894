/*
 * From messages to sayings: the types are the same ones, in the same order.
 */
#include <string.h>

#include "base/clock_text.h"
#include "server/hear.h"

#define SAME(name)							\
	_Static_assert((int)SAY_ ## name == (int)MESSAGE_ ## name, #name)
SAME(BAD_JSON);
SAME(TOO_DEEP);
SAME(NOT_OBJECT);
SAME(NO_TYPE);
SAME(UNKNOWN);
SAME(HEARTBEAT);
SAME(REQUEST_EDITOR_STATUS);
SAME(CLAIM_EDITOR);
SAME(CONTENT_UPDATED);
SAME(RELEASE_LOCK);
SAME(REQUEST_ATTENTION);
SAME(CHAT_MESSAGE);
SAME(HELLO);
SAME(STATE);
SAME(REQUEST_EDIT);
SAME(CANCEL_REQUEST);
SAME(ANSWER_REQUEST);
SAME(TAKE_OVER);
SAME(SAVE_CHECK);
SAME(PING);
_Static_assert((int)SAYS == (int)MESSAGE_TYPE_SERVER, "no more than these");

static char
letter_of(struct slice state)
{
	if (slice_is(state, "dirty"))
		return (TAB_DIRTY);
	if (slice_is(state, "idle"))
		return (TAB_IDLE);
	return (TAB_VIEWING);
}

static enum say_answer
answer_of(struct slice answer)
{
	if (slice_is(answer, "hand_over"))
		return (ANSWER_HAND_OVER);
	return (slice_is(answer, "later") ? ANSWER_LATER : ANSWER_NONE);
}

static enum say_check
check_of(struct slice result)
{
	static const char *const names[] = {
		[CHECK_SAME] = "same",
		[CHECK_DIFFERS] = "differs",
		[CHECK_GONE] = "gone",
		[CHECK_LOGIN] = "login",
		[CHECK_TIMEOUT] = "timeout",
		[CHECK_ERROR] = "error",
		[CHECK_UNREADABLE] = "unreadable",
	};
	size_t i;

	for (i = CHECK_SAME; i < COUNT_OF(names); i++) {
		if (slice_is(result, names[i]))
			return ((enum say_check)i);
	}
	return (CHECK_NONE);
}

void
hear(struct heard *h, struct slice text)
{
	const struct message *m = &h->_message;
	struct saying *say = &h->say;

	(void)message_parse(&h->_message, text.p, text.n);
	memset(say, 0, sizeof(*say));
	say->what = (enum say)m->type;
	if (m->timestamp[0] == '\0' ||
	    !clock_parse_iso(m->timestamp, &say->at_us))
		say->at_us = SAY_NO_TIME;
	say->recipient = m->recipient_id;
	say->recipient_raw = m->recipient_json;
	say->recipient_is_bad = m->bad_recipient;
	say->text = m->text;
	say->tab = m->tab;
	say->letter = letter_of(m->state);
	say->answer = answer_of(m->answer);
	say->check = check_of(m->result);
	say->reason = m->reason;
	say->moves = m->moves;
	say->may_return = m->may_return;
	say->takes_many = m->takes_many;
}

void
hear_fini(struct heard *h)
{
	message_fini(&h->_message);
}

const char *
hear_name(enum say what)
{
	return (message_type_name((enum message_type)what));
}
