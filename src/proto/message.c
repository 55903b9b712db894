/*
 * The JSON messages. Called by the server layer for each text frame that comes
 * in, and by whoever announces something to a room. Form only: it does not
 * know who may say what, or to whom a frame goes.
 *
 * Incoming: json.c parses strictly and this file picks the few keys that the
 * protocol has; the browser's claims about who it is (user_id, username) are
 * not even read. Outgoing: keys are written in the order of protocol.md's
 * tables, so that a frame's bytes are the same whoever builds it.
 */
#include <inttypes.h>
#include <string.h>

#include "proto/message.h"

static const char *const type_names[MESSAGE_TYPE_COUNT] = {
	[MESSAGE_BAD_JSON] = "bad_json",
	[MESSAGE_TOO_DEEP] = "too_deep",
	[MESSAGE_NOT_OBJECT] = "not_object",
	[MESSAGE_NO_TYPE] = "no_type",
	[MESSAGE_UNKNOWN] = "unknown_type",
	[MESSAGE_HEARTBEAT] = "heartbeat",
	[MESSAGE_REQUEST_EDITOR_STATUS] = "request_editor_status",
	[MESSAGE_CLAIM_EDITOR] = "claim_editor",
	[MESSAGE_CONTENT_UPDATED] = "content_updated",
	[MESSAGE_RELEASE_LOCK] = "release_lock",
	[MESSAGE_REQUEST_ATTENTION] = "request_attention",
	[MESSAGE_CHAT_MESSAGE] = "chat_message",
	[MESSAGE_USER_JOINED] = "user_joined",
	[MESSAGE_USER_LEFT] = "user_left",
	[MESSAGE_EDITOR_STATUS] = "editor_status",
	[MESSAGE_LOCK_RELEASED] = "lock_released",
	[MESSAGE_ATTENTION_REQUESTED] = "attention_requested",
	[MESSAGE_ACTIVE_USERS] = "active_users",
	[MESSAGE_ERROR] = "error",
	[MESSAGE_CLAIM_PENDING] = "claim_pending",
	[MESSAGE_HELLO] = "hello",
	[MESSAGE_STATE] = "state",
	[MESSAGE_REQUEST_EDIT] = "request_edit",
	[MESSAGE_CANCEL_REQUEST] = "cancel_request",
	[MESSAGE_ANSWER_REQUEST] = "answer_request",
	[MESSAGE_TAKE_OVER] = "take_over",
	[MESSAGE_SAVE_CHECK] = "save_check",
	[MESSAGE_PING] = "ping",
	[MESSAGE_PRESENCE] = "presence",
	[MESSAGE_USER_PRESENT] = "user_present",
	[MESSAGE_USERS_PRESENT] = "users_present",
	[MESSAGE_USER_ABSENT] = "user_absent",
	[MESSAGE_LOCK] = "lock",
	[MESSAGE_SAVED] = "saved",
	[MESSAGE_HANDED_OVER] = "handed_over",
	[MESSAGE_TAKEN_OVER] = "taken_over",
	[MESSAGE_LOCK_LOST] = "lock_lost",
	[MESSAGE_BADGES] = "badges",
	[MESSAGE_BADGE] = "badge",
	[MESSAGE_LOCK_UNKNOWN] = "lock_unknown",
	[MESSAGE_SAVE_REFUSED] = "save_refused",
	[MESSAGE_PONG] = "pong",
};

static void	read_timestamp(struct message *);
static void	read_id(struct message *, const char *);
static void	read_tab_keys(struct message *);

const char *
message_type_name(enum message_type type)
{
	return (type_names[type]);
}

enum message_type
message_type_of(struct slice name)
{
	enum message_type type;

	for (type = MESSAGE_TYPE_FIRST; type < MESSAGE_TYPE_SERVER; type++) {
		if (slice_is(name, type_names[type]))
			return (type);
	}
	return (MESSAGE_UNKNOWN);
}

enum message_type
message_parse(struct message *m, const char *text, size_t n)
{
	struct slice type;

	memset(m, 0, sizeof(*m));
	switch (json_parse(text, n, MESSAGE_DEPTH_MAX, &m->_json)) {
	case JSON_SYNTAX:
		return (m->type = MESSAGE_BAD_JSON);
	case JSON_TOO_DEEP:
		return (m->type = MESSAGE_TOO_DEEP);
	case JSON_NOT_OBJECT:
		return (m->type = MESSAGE_NOT_OBJECT);
	case JSON_OK:
		break;
	}
	type = json_get_string(m->_json, "type");
	if (type.p == NULL)
		return (m->type = MESSAGE_NO_TYPE);
	m->type = message_type_of(type);
	if (type.n <= MESSAGE_TYPE_NAME_MAX)
		m->type_name = type;
	if (m->type == MESSAGE_CONTENT_UPDATED)
		read_timestamp(m);
	if (m->type == MESSAGE_CHAT_MESSAGE) {
		read_id(m, "recipient_id");
		m->text = json_get_string(m->_json, "message");
	}
	read_tab_keys(m);
	return (m->type);
}

/* A string of a tab; one that is longer than max bytes is absent. */
static struct slice
get_word(const struct message *m, const char *key, size_t max)
{
	struct slice s = json_get_string(m->_json, key);

	if (s.p == NULL || memchr(s.p, '\0', s.n) != NULL || s.n > max)
		return ((struct slice){ NULL, 0 });
	return (s);
}

/* The same, but one of more than max characters is cut. */
static struct slice
get_cut(const struct message *m, const char *key, size_t max)
{
	struct slice s = get_word(m, key, SIZE_MAX);
	size_t i, n = 0;

	for (i = 0; i < s.n; i++) {
		/* The first byte of a character. */
		if (((unsigned char)s.p[i] & 0xc0) != 0x80 && n++ == max) {
			s.n = i;
			break;
		}
	}
	return (s);
}

static bool
is_tab_id(struct slice s)
{
	size_t i;

	for (i = 0; i < s.n; i++) {
		if (strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZ"
		    "abcdefghijklmnopqrstuvwxyz0123456789_-", s.p[i]) == NULL)
			return (false);
	}
	return (s.n != 0);
}

static void
read_tab_keys(struct message *m)
{
	switch (m->type) {
	case MESSAGE_HELLO:
		m->tab = get_word(m, "tab", MESSAGE_TAB_MAX);
		if (!is_tab_id(m->tab))
			m->tab = (struct slice){ NULL, 0 };
		m->state = get_word(m, "state", MESSAGE_WORD_MAX);
		m->takes_many = json_get_bool(m->_json, "many");
		break;
	case MESSAGE_STATE:
		m->state = get_word(m, "state", MESSAGE_WORD_MAX);
		break;
	case MESSAGE_CLAIM_EDITOR:
		m->moves = json_get_bool(m->_json, "move");
		break;
	case MESSAGE_RELEASE_LOCK:
		m->may_return = json_get_bool(m->_json, "grace");
		break;
	case MESSAGE_ANSWER_REQUEST:
		m->answer = get_word(m, "answer", MESSAGE_WORD_MAX);
		read_id(m, "user_id");
		break;
	case MESSAGE_TAKE_OVER:
		m->reason = get_cut(m, "reason", MESSAGE_REASON_MAX);
		break;
	case MESSAGE_SAVE_CHECK:
		m->result = get_word(m, "result", MESSAGE_WORD_MAX);
		break;
	default:
		break;
	}
}

static void
read_timestamp(struct message *m)
{
	struct slice s = json_get_string(m->_json, "timestamp");

	if (s.n == 0 || s.n > MESSAGE_TIMESTAMP_MAX ||
	    memchr(s.p, '\0', s.n) != NULL)
		return;
	memcpy(m->timestamp, s.p, s.n);
	m->timestamp[s.n] = '\0';
}

/* Only what can be a user's id, and written by us: json-c reads some numbers
 * that are no JSON (NaN, "1."), and those must not reach a browser. */
static void
read_id(struct message *m, const char *key)
{
	struct slice text = json_get_string(m->_json, key);
	struct buf *b = &m->_recipient;
	int64_t number;

	if (json_get_int(m->_json, key, &number) && number != 0) {
		buf_addf(b, "%" PRId64, number);
		m->recipient_id = (struct slice){ b->p, b->n };
	} else if (text.n != 0 && text.n <= MESSAGE_RECIPIENT_MAX) {
		json_add_string(b, text.p, text.n);
		m->recipient_id = text;
	}
	m->recipient_json = (struct slice){ b->p, b->n };
	m->bad_recipient = m->recipient_id.p == NULL &&
	    json_kind_of(m->_json, key) > JSON_NULL;
}

void
message_fini(struct message *m)
{
	json_free(m->_json);
	buf_fini(&m->_recipient);
	memset(m, 0, sizeof(*m));
}

static void
open_frame(struct buf *b, enum message_type type)
{
	buf_add_char(b, '{');
	json_add_pair(b, "type", type_names[type]);
}

static void
add_text(struct buf *b, const char *key, const char *text)
{
	buf_add_char(b, ',');
	json_add_pair(b, key, text);
}

static void
add_key(struct buf *b, const char *key)
{
	buf_add_char(b, ',');
	json_add_string(b, key, strlen(key));
	buf_add_char(b, ':');
}

/* u->id may be NULL for nobody. */
static void
add_id(struct buf *b, const char *key, const struct message_user *u)
{
	if (u->id == NULL) {
		add_text(b, key, NULL);
		return;
	}
	add_key(b, key);
	json_add_id(b, u->id, u->id_is_number);
}

static void
add_user(struct buf *b, const struct message_user *u)
{
	add_id(b, "user_id", u);
	add_text(b, "username", u->username);
}

bool
message_is(struct slice frame, enum message_type type)
{
	static const char begin[] = "{\"type\":\"";
	const char *name = type_names[type];
	size_t n = LITLEN(begin), k = strlen(name);

	return (frame.n > n + k && memcmp(frame.p, begin, n) == 0 &&
	    memcmp(frame.p + n, name, k) == 0 && frame.p[n + k] == '"');
}

void
message_add_edit_joined(struct buf *b, const struct message_user *u,
    const char *timestamp, const char *last_modified)
{
	open_frame(b, MESSAGE_USER_JOINED);
	add_user(b, u);
	add_text(b, "timestamp", timestamp);
	add_text(b, "last_modified", last_modified);
	add_text(b, "avatar_url", u->avatar_url);
	buf_add_char(b, '}');
}

void
message_add_edit_left(struct buf *b, const struct message_user *u)
{
	open_frame(b, MESSAGE_USER_LEFT);
	add_user(b, u);
	buf_add_char(b, '}');
}

void
message_add_editor_status(struct buf *b, const struct message_user *editor)
{
	static const struct message_user nobody = { .id = NULL };
	const struct message_user *u = editor != NULL ? editor : &nobody;

	open_frame(b, MESSAGE_EDITOR_STATUS);
	add_id(b, "editor_id", u);
	add_text(b, "editor_name", u->username);
	buf_add_char(b, '}');
}

/* The three frames that say "this user did this, then". */
static void
add_user_event(struct buf *b, enum message_type type,
    const struct message_user *u, const char *timestamp)
{
	open_frame(b, type);
	add_user(b, u);
	if (timestamp != NULL)
		add_text(b, "timestamp", timestamp);
	buf_add_char(b, '}');
}

void
message_add_content_updated(struct buf *b, const struct message_user *u,
    const char *timestamp)
{
	add_user_event(b, MESSAGE_CONTENT_UPDATED, u, timestamp);
}

void
message_add_lock_released(struct buf *b, const struct message_user *u,
    const char *timestamp)
{
	add_user_event(b, MESSAGE_LOCK_RELEASED, u, timestamp);
}

void
message_add_attention_requested(struct buf *b, const struct message_user *u,
    const char *timestamp)
{
	add_user_event(b, MESSAGE_ATTENTION_REQUESTED, u, timestamp);
}

/* The keys that a chat room's user has in active_users and user_joined. */
static void
add_chat_user(struct buf *b, const struct message_user *u)
{
	add_user(b, u);
	add_text(b, "email", u->email);
	add_text(b, "avatar_url", u->avatar_url);
}

void
message_open_users(struct buf *b, enum message_type type)
{
	open_frame(b, type);
	add_key(b, "users");
	buf_add_char(b, '[');
}

void
message_add_listed(struct buf *b, struct slice object)
{
	if (b->p[b->n - 1] != '[')
		buf_add_char(b, ',');
	buf_add(b, object.p, object.n);
}

void
message_close_users(struct buf *b)
{
	buf_add_str(b, "]}");
}

void
message_add_active(struct buf *b, const struct message_user *u,
    const char *last_seen)
{
	size_t start = b->n;

	add_chat_user(b, u);
	add_text(b, "last_seen", last_seen);
	buf_add_char(b, '}');
	/* The comma before the first key becomes the brace. */
	b->p[start] = '{';
}

void
message_add_chat_joined(struct buf *b, const struct message_user *u,
    const char *timestamp)
{
	open_frame(b, MESSAGE_USER_JOINED);
	add_chat_user(b, u);
	add_text(b, "timestamp", timestamp);
	buf_add_char(b, '}');
}

void
message_add_chat_left(struct buf *b, const struct message_user *u)
{
	open_frame(b, MESSAGE_USER_LEFT);
	add_user(b, u);
	add_text(b, "email", u->email);
	buf_add_char(b, '}');
}

void
message_add_chat_message(struct buf *b, const struct message_user *sender,
    struct slice recipient_json, struct slice text, const char *timestamp)
{
	open_frame(b, MESSAGE_CHAT_MESSAGE);
	add_id(b, "sender_id", sender);
	add_text(b, "sender_name", sender->username);
	add_text(b, "sender_email", sender->email);
	add_text(b, "sender_avatar", sender->avatar_url);
	add_key(b, "recipient_id");
	buf_add(b, recipient_json.p, recipient_json.n);
	add_key(b, "message");
	json_add_string(b, text.p, text.n);
	add_text(b, "timestamp", timestamp);
	buf_add_char(b, '}');
}

void
message_add_error(struct buf *b, const char *code, const char *message,
    struct slice in_reply_to)
{
	open_frame(b, MESSAGE_ERROR);
	add_text(b, "code", code);
	add_text(b, "message", message);
	add_key(b, "in_reply_to");
	if (in_reply_to.p == NULL)
		buf_add_str(b, "null");
	else
		json_add_string(b, in_reply_to.p, in_reply_to.n);
	buf_add_char(b, '}');
}

void
message_add_claim_pending(struct buf *b, unsigned position, unsigned of)
{
	open_frame(b, MESSAGE_CLAIM_PENDING);
	add_key(b, "position");
	buf_addf(b, "%u", position);
	add_key(b, "of");
	buf_addf(b, "%u", of);
	buf_add_char(b, '}');
}
