/*
 * Incoming JSON: every outcome is one of the types, slices keep their bounds,
 * and what is relayed makes a frame that is again one valid JSON object with
 * the same text in it.
 */
#include <stdint.h>
#include <string.h>

#include "base/log.h"
#include "base/utf8.h"
#include "proto/message.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
check_relay(const struct message *m)
{
	struct message_user u = { .id = "1", .id_is_number = true,
	    .username = "u", .email = "e" };
	struct buf b = { NULL, 0, 0 };
	struct message again;

	ASSERT(utf8_is_valid(m->text.p, m->text.n));
	ASSERT(m->recipient_id.p != NULL && m->recipient_id.n != 0);
	message_add_chat_message(&b, &u, m->recipient_json, m->text, "t");
	ASSERT(message_parse(&again, b.p, b.n) == MESSAGE_CHAT_MESSAGE);
	ASSERT(again.text.n == m->text.n &&
	    memcmp(again.text.p, m->text.p, m->text.n) == 0);
	ASSERT(again.recipient_json.n == m->recipient_json.n &&
	    memcmp(again.recipient_json.p, m->recipient_json.p,
	    m->recipient_json.n) == 0);
	message_fini(&again);
	buf_fini(&b);
}

/* What tabs say: words without NUL, of bounded length. */
static void
check_word(struct slice s, size_t max)
{
	ASSERT(s.p != NULL || s.n == 0);
	ASSERT(s.n <= max && memchr(s.p == NULL ? "" : s.p, '\0', s.n) == NULL);
	ASSERT(utf8_is_valid(s.p == NULL ? "" : s.p, s.n));
}

static void
check_tab(const struct message *m)
{
	check_word(m->tab, MESSAGE_TAB_MAX);
	ASSERT(m->tab.p == NULL || m->tab.n != 0);
	check_word(m->state, MESSAGE_WORD_MAX);
	check_word(m->answer, MESSAGE_WORD_MAX);
	check_word(m->reason, 4 * MESSAGE_REASON_MAX);
	ASSERT(!m->moves || m->type == MESSAGE_CLAIM_EDITOR);
	ASSERT(!m->may_return || m->type == MESSAGE_RELEASE_LOCK);
}

static void
check_error(const struct message *m)
{
	struct buf b = { NULL, 0, 0 };
	struct json *obj;

	ASSERT(m->type_name.n <= MESSAGE_TYPE_NAME_MAX);
	message_add_error(&b, message_type_name(m->type), "m", m->type_name);
	ASSERT(json_parse(b.p, b.n, 2, &obj) == JSON_OK);
	json_free(obj);
	buf_fini(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct message m;
	enum message_type type;

	type = message_parse(&m, (const char *)data, n);
	ASSERT(type == m.type && type < MESSAGE_TYPE_SERVER);
	ASSERT(memchr(m.timestamp, '\0', sizeof(m.timestamp)) != NULL);
	if (type >= MESSAGE_TYPE_FIRST)
		ASSERT(slice_is(m.type_name, message_type_name(type)));
	if (type == MESSAGE_CHAT_MESSAGE && m.text.p != NULL &&
	    m.recipient_json.p != NULL)
		check_relay(&m);
	check_tab(&m);
	check_error(&m);
	message_fini(&m);
	return (0);
}
