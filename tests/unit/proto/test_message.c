/*
 * The JSON messages: what comes in, with every kind of bad input, and the exact
 * bytes of every frame that goes out.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "proto/message.h"

#define X10	"xxxxxxxxxx"
#define X60	X10 X10 X10 X10 X10 X10

static const struct {
	const char		*text;
	enum message_type	 type;
	const char		*type_name;	/* NULL: absent */
} types[] = {
	{ "", MESSAGE_BAD_JSON, NULL },
	{ " ", MESSAGE_BAD_JSON, NULL },
	{ "{", MESSAGE_BAD_JSON, NULL },
	{ "{\"type\":\"heartbeat\"", MESSAGE_BAD_JSON, NULL },
	{ "{\"type\":\"heartbeat\"}x", MESSAGE_BAD_JSON, NULL },
	{ "{\"type\":\"heartbeat\"}{}", MESSAGE_BAD_JSON, NULL },
	{ "{'type':'heartbeat'}", MESSAGE_BAD_JSON, NULL },
	{ "{\"type\":\"heartbeat\",}", MESSAGE_BAD_JSON, NULL },
	{ "{\"type\":\"\xff\"}", MESSAGE_BAD_JSON, NULL },
	{ "{\"type\":\"\xc1\xbb\"}", MESSAGE_BAD_JSON, NULL },
	{ "{\"type\":\"\xed\xa0\x80\"}", MESSAGE_BAD_JSON, NULL },
	{ "hello", MESSAGE_BAD_JSON, NULL },
	{ "[]", MESSAGE_NOT_OBJECT, NULL },
	{ "null", MESSAGE_NOT_OBJECT, NULL },
	{ "7", MESSAGE_NOT_OBJECT, NULL },
	{ "\"heartbeat\"", MESSAGE_NOT_OBJECT, NULL },
	{ "{}", MESSAGE_NO_TYPE, NULL },
	{ "{\"Type\":\"heartbeat\"}", MESSAGE_NO_TYPE, NULL },
	{ "{\"type\":null}", MESSAGE_NO_TYPE, NULL },
	{ "{\"type\":7}", MESSAGE_NO_TYPE, NULL },
	{ "{\"type\":[\"heartbeat\"]}", MESSAGE_NO_TYPE, NULL },
	{ "{\"type\":\"\"}", MESSAGE_UNKNOWN, "" },
	{ "{\"type\":\"Heartbeat\"}", MESSAGE_UNKNOWN, "Heartbeat" },
	{ "{\"type\":\"heartbeat \"}", MESSAGE_UNKNOWN, "heartbeat " },
	{ "{\"type\":\"" X60 "xxxx\"}", MESSAGE_UNKNOWN, X60 "xxxx" },
	{ "{\"type\":\"" X60 "xxxxx\"}", MESSAGE_UNKNOWN, NULL },
	/* what a server says is nothing that a client may say */
	{ "{\"type\":\"user_joined\"}", MESSAGE_UNKNOWN, "user_joined" },
	{ "{\"type\":\"editor_status\"}", MESSAGE_UNKNOWN, "editor_status" },
	{ "{\"type\":\"bad_json\"}", MESSAGE_UNKNOWN, "bad_json" },
	{ "{\"type\":\"heartbeat\"}", MESSAGE_HEARTBEAT, "heartbeat" },
	{ " {\"type\" : \"heartbeat\" }\r\n", MESSAGE_HEARTBEAT,
	    "heartbeat" },
	{ "{\"type\":\"heart\\u0062eat\"}", MESSAGE_HEARTBEAT, "heartbeat" },
	{ "{\"type\":\"x\",\"type\":\"heartbeat\"}", MESSAGE_HEARTBEAT,
	    "heartbeat" },
	{ "{\"type\":\"request_editor_status\"}",
	    MESSAGE_REQUEST_EDITOR_STATUS, "request_editor_status" },
	{ "{\"type\":\"claim_editor\",\"timestamp\":\"x\"}",
	    MESSAGE_CLAIM_EDITOR, "claim_editor" },
	{ "{\"type\":\"content_updated\"}", MESSAGE_CONTENT_UPDATED,
	    "content_updated" },
	{ "{\"type\":\"release_lock\"}", MESSAGE_RELEASE_LOCK,
	    "release_lock" },
	{ "{\"type\":\"request_attention\"}", MESSAGE_REQUEST_ATTENTION,
	    "request_attention" },
	{ "{\"type\":\"chat_message\"}", MESSAGE_CHAT_MESSAGE,
	    "chat_message" },
	{ "{\"type\":\"hello\"}", MESSAGE_HELLO, "hello" },
	{ "{\"type\":\"state\"}", MESSAGE_STATE, "state" },
	{ "{\"type\":\"request_edit\"}", MESSAGE_REQUEST_EDIT,
	    "request_edit" },
	{ "{\"type\":\"cancel_request\"}", MESSAGE_CANCEL_REQUEST,
	    "cancel_request" },
	{ "{\"type\":\"answer_request\"}", MESSAGE_ANSWER_REQUEST,
	    "answer_request" },
	{ "{\"type\":\"take_over\"}", MESSAGE_TAKE_OVER, "take_over" },
	{ "{\"type\":\"save_check\"}", MESSAGE_SAVE_CHECK, "save_check" },
	{ "{\"type\":\"ping\"}", MESSAGE_PING, "ping" },
	{ "{\"type\":\"Ping\"}", MESSAGE_UNKNOWN, "Ping" },
	{ "{\"type\":\"pong\"}", MESSAGE_UNKNOWN, "pong" },
	{ "{\"type\":\"lock_unknown\"}", MESSAGE_UNKNOWN, "lock_unknown" },
	{ "{\"type\":\"lock\"}", MESSAGE_UNKNOWN, "lock" },
	{ "{\"type\":\"presence\"}", MESSAGE_UNKNOWN, "presence" },
};

static void
assert_slice(struct slice s, const char *text)
{
	if (text == NULL) {
		assert_null(s.p);
		return;
	}
	assert_non_null(s.p);
	assert_int_equal(s.n, strlen(text));
	assert_memory_equal(s.p, text, s.n);
}

static void
test_types(void **state UNUSED)
{
	struct message m;
	size_t i;

	for (i = 0; i < COUNT_OF(types); i++) {
		if (message_parse(&m, types[i].text, strlen(types[i].text)) !=
		    types[i].type || m.type != types[i].type)
			fail_msg("%s: %s instead of %s", types[i].text,
			    message_type_name(m.type),
			    message_type_name(types[i].type));
		assert_slice(m.type_name, types[i].type_name);
		message_fini(&m);
	}
}

static void
test_names(void **state UNUSED)
{
	enum message_type t, other;

	for (t = MESSAGE_BAD_JSON; t < MESSAGE_TYPE_COUNT; t++) {
		assert_non_null(message_type_name(t));
		for (other = MESSAGE_BAD_JSON; other < t; other++)
			assert_string_not_equal(message_type_name(t),
			    message_type_name(other));
		assert_int_equal(message_type_of(slice_of(
		    message_type_name(t))),
		    t >= MESSAGE_TYPE_FIRST && t < MESSAGE_TYPE_SERVER ? t :
		    MESSAGE_UNKNOWN);
	}
	assert_int_equal(message_type_of((struct slice){ NULL, 0 }),
	    MESSAGE_UNKNOWN);
}

/* Nesting: 16 levels are read, 17 are not, 100,000 do no harm. */
static void
test_depth(void **state UNUSED)
{
	static const struct {
		size_t			n;
		enum message_type	type;
	} rows[] = {
		{ MESSAGE_DEPTH_MAX - 1, MESSAGE_HEARTBEAT },
		{ MESSAGE_DEPTH_MAX, MESSAGE_TOO_DEEP },
		{ 100000, MESSAGE_TOO_DEEP },
	};
	struct buf b = { NULL, 0, 0 };
	struct message m;
	size_t i, j;

	for (i = 0; i < COUNT_OF(rows); i++) {
		buf_reset(&b);
		buf_add_str(&b, "{\"type\":\"heartbeat\",\"a\":");
		for (j = 0; j < rows[i].n; j++)
			buf_add_char(&b, '[');
		for (j = 0; j < rows[i].n; j++)
			buf_add_char(&b, ']');
		buf_add_char(&b, '}');
		assert_int_equal(message_parse(&m, b.p, b.n), rows[i].type);
		message_fini(&m);
	}
	buf_fini(&b);
}

static void
test_timestamps(void **state UNUSED)
{
	static const struct {
		const char	*value;		/* NULL: no such key */
		const char	*timestamp;
	} rows[] = {
		{ NULL, "" },
		{ "\"2026-11-24T03:52:19.123Z\"", "2026-11-24T03:52:19.123Z" },
		{ "\"not a time\"", "not a time" },
		{ "\"\"", "" },
		{ "null", "" },
		{ "7", "" },
		{ "{}", "" },
		{ "\"a\\u0000b\"", "" },
		{ "\"" X60 "xxx\"", X60 "xxx" },
		{ "\"" X60 "xxxx\"", "" },
	};
	struct buf b = { NULL, 0, 0 };
	struct message m;
	size_t i;

	for (i = 0; i < COUNT_OF(rows); i++) {
		buf_reset(&b);
		buf_add_str(&b, "{\"type\":\"content_updated\"");
		if (rows[i].value != NULL)
			buf_addf(&b, ",\"timestamp\":%s", rows[i].value);
		buf_add_char(&b, '}');
		assert_int_equal(message_parse(&m, b.p, b.n),
		    MESSAGE_CONTENT_UPDATED);
		assert_string_equal(m.timestamp, rows[i].timestamp);
		message_fini(&m);
	}
	buf_fini(&b);
}

static void
test_recipients(void **state UNUSED)
{
	static const struct {
		const char	*value;		/* NULL: no such key */
		const char	*json;
		const char	*id;
	} rows[] = {
		{ NULL, NULL, NULL },
		{ "7", "7", "7" },
		{ "-7", "-7", "-7" },
		{ "9223372036854775806", "9223372036854775806",
		    "9223372036854775806" },
		{ "\"7\"", "\"7\"", "7" },
		{ "\"a\\\"\\u00e9\"", "\"a\\\"\xc3\xa9\"", "a\"\xc3\xa9" },
		{ "-07", "-7", "-7" },	/* json-c takes it */
		/* nobody's id */
		{ "7.0", NULL, NULL },
		{ "7.", NULL, NULL },
		{ "1e2", NULL, NULL },
		{ "NaN", NULL, NULL },
		{ "-Infinity", NULL, NULL },
		{ "9223372036854775808", NULL, NULL },
		{ "99999999999999999999", NULL, NULL },
		{ "-99999999999999999999", NULL, NULL },
		{ "true", NULL, NULL },
		{ "[7]", NULL, NULL },
		{ "{\"a\": 7}", NULL, NULL },
		/* what Python takes for false */
		{ "null", NULL, NULL },
		{ "false", NULL, NULL },
		{ "0", NULL, NULL },
		{ "-0", NULL, NULL },
		{ "0.0", NULL, NULL },
		{ "\"\"", NULL, NULL },
		{ "[]", NULL, NULL },
		{ "[ ]", NULL, NULL },
		{ "{}", NULL, NULL },
		{ "\"0\"", "\"0\"", "0" },
	};
	struct buf b = { NULL, 0, 0 };
	struct message m;
	size_t i;

	for (i = 0; i < COUNT_OF(rows); i++) {
		buf_reset(&b);
		buf_add_str(&b, "{\"type\":\"chat_message\"");
		if (rows[i].value != NULL)
			buf_addf(&b, ",\"recipient_id\":%s", rows[i].value);
		buf_add_char(&b, '}');
		assert_int_equal(message_parse(&m, b.p, b.n),
		    MESSAGE_CHAT_MESSAGE);
		assert_slice(m.recipient_json, rows[i].json);
		assert_slice(m.recipient_id, rows[i].id);
		message_fini(&m);
	}
	buf_fini(&b);
}

static void
test_long_recipient(void **state UNUSED)
{
	struct buf b = { NULL, 0, 0 };
	struct message m;
	size_t n;

	for (n = MESSAGE_RECIPIENT_MAX; n < MESSAGE_RECIPIENT_MAX + 2; n++) {
		buf_reset(&b);
		buf_add_str(&b, "{\"type\":\"chat_message\","
		    "\"recipient_id\":\"");
		memset(buf_reserve(&b, n), 'x', n);
		b.n += n;
		buf_add_str(&b, "\"}");
		(void)message_parse(&m, b.p, b.n);
		/* With its two quotes. */
		assert_int_equal(m.recipient_json.n,
		    n <= MESSAGE_RECIPIENT_MAX ? n + 2 : 0);
		assert_int_equal(m.recipient_id.n,
		    n <= MESSAGE_RECIPIENT_MAX ? n : 0);
		message_fini(&m);
	}
	buf_fini(&b);
}

static void
test_chat_text(void **state UNUSED)
{
	static const struct {
		const char	*text;
		const char	*message;
		size_t		 n;
	} rows[] = {
		{ "{\"type\":\"chat_message\"}", NULL, 0 },
		{ "{\"type\":\"chat_message\",\"message\":null}", NULL, 0 },
		{ "{\"type\":\"chat_message\",\"message\":7}", NULL, 0 },
		{ "{\"type\":\"chat_message\",\"message\":[\"a\"]}", NULL, 0 },
		{ "{\"type\":\"chat_message\",\"message\":\"\"}", "", 0 },
		{ "{\"type\":\"chat_message\",\"message\":\"hi\"}", "hi", 2 },
		{ "{\"type\":\"chat_message\",\"message\":\"a\\u0000b\"}",
		    "a\0b", 3 },
		/* a lone surrogate cannot be UTF-8 */
		{ "{\"type\":\"chat_message\",\"message\":\"\\ud800\"}",
		    "\xef\xbf\xbd", 3 },
		{ "{\"type\":\"chat_message\",\"message\":\"\\ud83d\\ude00\"}",
		    "\xf0\x9f\x98\x80", 4 },
		/* of another type's message nothing is read */
		{ "{\"type\":\"heartbeat\",\"message\":\"hi\"}", NULL, 0 },
	};
	struct message m;
	size_t i;

	for (i = 0; i < COUNT_OF(rows); i++) {
		(void)message_parse(&m, rows[i].text, strlen(rows[i].text));
		assert_int_equal(m.text.p == NULL, rows[i].message == NULL);
		assert_int_equal(m.text.n, rows[i].n);
		if (rows[i].n != 0)
			assert_memory_equal(m.text.p, rows[i].message,
			    rows[i].n);
		message_fini(&m);
	}
}

/* The keys of a tab's messages; NULL is absent. */
static void
test_tab_keys(void **state UNUSED)
{
	static const struct {
		const char	*text;
		const char	*tab, *state, *answer, *reason, *id;
		bool		 moves, may_return, takes_many;
	} rows[] = {
		{ "{\"type\":\"hello\",\"tab\":\"k3_-Z\","
		    "\"state\":\"dirty\"}", "k3_-Z", "dirty", NULL, NULL, NULL,
		    false, false, false },
		{ "{\"type\":\"hello\",\"tab\":\"a\",\"many\":true}", "a",
		    NULL, NULL, NULL, NULL, false, false, true },
		{ "{\"type\":\"hello\",\"tab\":\"a\",\"many\":1}", "a",
		    NULL, NULL, NULL, NULL, false, false, false },
		{ "{\"type\":\"hello\"}", NULL, NULL, NULL, NULL, NULL, false,
		    false, false },
		{ "{\"type\":\"hello\",\"tab\":\"\",\"state\":\"\"}", NULL, "",
		    NULL, NULL, NULL, false, false, false },
		{ "{\"type\":\"hello\",\"tab\":7,\"state\":null}", NULL, NULL,
		    NULL, NULL, NULL, false, false, false },
		{ "{\"type\":\"hello\",\"tab\":\"a b\"}", NULL, NULL, NULL,
		    NULL, NULL, false, false, false },
		{ "{\"type\":\"hello\",\"tab\":\"a\\u0000\"}", NULL, NULL,
		    NULL, NULL, NULL, false, false, false },
		{ "{\"type\":\"hello\",\"tab\":\"\xc3\xa9\"}", NULL, NULL,
		    NULL, NULL, NULL, false, false, false },
		{ "{\"type\":\"hello\",\"tab\":\"" X60 "xxxx\"}", X60 "xxxx",
		    NULL, NULL, NULL, NULL, false, false, false },
		{ "{\"type\":\"hello\",\"tab\":\"" X60 "xxxxx\"}", NULL, NULL,
		    NULL, NULL, NULL, false, false, false },
		{ "{\"type\":\"state\",\"state\":\"idle\",\"tab\":\"a\"}",
		    NULL, "idle", NULL, NULL, NULL, false, false, false },
		{ "{\"type\":\"state\",\"state\":\"1234567890123456\"}",
		    NULL, "1234567890123456", NULL, NULL, NULL, false, false,
		    false },
		{ "{\"type\":\"state\",\"state\":\"12345678901234567\"}",
		    NULL, NULL, NULL, NULL, NULL, false, false, false },
		{ "{\"type\":\"claim_editor\",\"move\":true,"
		    "\"grace\":true}", NULL, NULL, NULL, NULL, NULL, true,
		    false, false },
		{ "{\"type\":\"claim_editor\",\"move\":1}", NULL, NULL, NULL,
		    NULL, NULL, false, false, false },
		{ "{\"type\":\"claim_editor\",\"move\":\"true\"}", NULL,
		    NULL, NULL, NULL, NULL, false, false, false },
		{ "{\"type\":\"release_lock\",\"grace\":true,"
		    "\"move\":true}", NULL, NULL, NULL, NULL, NULL, false,
		    true, false },
		{ "{\"type\":\"release_lock\",\"grace\":false}", NULL, NULL,
		    NULL, NULL, NULL, false, false, false },
		{ "{\"type\":\"answer_request\",\"answer\":\"later\"}", NULL,
		    NULL, "later", NULL, NULL, false, false, false },
		{ "{\"type\":\"answer_request\",\"answer\":\"hand_over\","
		    "\"user_id\":17}", NULL, NULL, "hand_over", NULL, "17",
		    false, false, false },
		{ "{\"type\":\"answer_request\",\"answer\":\"hand_over\","
		    "\"user_id\":\"u-1\"}", NULL, NULL, "hand_over", NULL,
		    "u-1", false, false, false },
		{ "{\"type\":\"answer_request\",\"answer\":[],"
		    "\"user_id\":{}}", NULL, NULL, NULL, NULL, NULL, false,
		    false, false },
		{ "{\"type\":\"take_over\",\"reason\":\"because\"}", NULL,
		    NULL, NULL, "because", NULL, false, false, false },
		{ "{\"type\":\"take_over\",\"reason\":\"\"}", NULL, NULL,
		    NULL, "", NULL, false, false, false },
		{ "{\"type\":\"take_over\",\"reason\":\"a\\u0000b\"}", NULL,
		    NULL, NULL, NULL, NULL, false, false, false },
		{ "{\"type\":\"take_over\",\"reason\":7}", NULL, NULL, NULL,
		    NULL, NULL, false, false, false },
		/* of another type's message nothing is read */
		{ "{\"type\":\"heartbeat\",\"tab\":\"a\",\"state\":\"idle\","
		    "\"answer\":\"later\",\"reason\":\"x\",\"user_id\":1,"
		    "\"move\":true,\"grace\":true}", NULL, NULL, NULL, NULL,
		    NULL, false, false, false },
	};
	struct message m;
	size_t i;

	for (i = 0; i < COUNT_OF(rows); i++) {
		assert_true(message_parse(&m, rows[i].text,
		    strlen(rows[i].text)) >= MESSAGE_TYPE_FIRST);
		assert_slice(m.tab, rows[i].tab);
		assert_slice(m.state, rows[i].state);
		assert_slice(m.answer, rows[i].answer);
		assert_slice(m.reason, rows[i].reason);
		assert_slice(m.recipient_id, rows[i].id);
		assert_int_equal(m.moves, rows[i].moves);
		assert_int_equal(m.may_return, rows[i].may_return);
		assert_int_equal(m.takes_many, rows[i].takes_many);
		message_fini(&m);
	}
}

/* Nobody, and nobody in particular, are not the same. */
static void
test_bad_recipients(void **state UNUSED)
{
	static const struct {
		const char	*user_id;
		bool		 is_bad;
	} rows[] = {
		{ "17", false }, { "\"17\"", false }, { "null", false },
		{ "0", true }, { "\"\"", true }, { "{}", true },
		{ "[17]", true }, { "1.5", true }, { "true", true },
		{ "99999999999999999999", true },
	};
	struct message m;
	size_t i;

	for (i = 0; i < COUNT_OF(rows); i++) {
		char text[128];

		(void)snprintf(text, sizeof(text), "{\"type\":\"answer_request"
		    "\",\"user_id\":%s}", rows[i].user_id);
		message_parse(&m, text, strlen(text));
		assert_int_equal(m.bad_recipient, rows[i].is_bad);
		message_fini(&m);
	}
	message_parse(&m, "{\"type\":\"answer_request\"}",
	    strlen("{\"type\":\"answer_request\"}"));
	assert_false(m.bad_recipient);
	message_fini(&m);
}

/* A reason is cut between characters, of however many bytes they are. */
static void
test_reasons(void **state UNUSED)
{
	static const char *const chars[] = {
		"x", "\xc3\xa4", "\xe2\x82\xac", "\xf0\x9f\x98\x80"
	};
	struct buf b = { NULL, 0, 0 };
	struct message m;
	size_t i, j, n;

	for (i = 0; i < COUNT_OF(chars); i++) {
		for (n = MESSAGE_REASON_MAX - 1; n < MESSAGE_REASON_MAX + 3;
		    n++) {
			buf_reset(&b);
			buf_add_str(&b,
			    "{\"type\":\"take_over\",\"reason\":\"");
			for (j = 0; j < n; j++)
				buf_add_str(&b, chars[i]);
			buf_add_str(&b, "\"}");
			(void)message_parse(&m, b.p, b.n);
			assert_int_equal(m.reason.n, strlen(chars[i]) *
			    (n < MESSAGE_REASON_MAX ? n : MESSAGE_REASON_MAX));
			message_fini(&m);
		}
	}
	buf_fini(&b);
}

#define NOW	"2026-11-24T03:52:19.123456+00:00"
#define THEN	"2026-11-23T00:00:00.000000+00:00"

static const struct message_user ann = { "7", true, "ann@example.com",
    "e@example.com", NULL };
static const struct message_user bob = { "b\"1", false, "b\xc3\xb6\xff", "",
    "/media/b.png" };

/* Asserts what was built, and starts anew. */
static void
expect(struct buf *b, const char *text)
{
	assert_string_equal(buf_str(b), text);
	buf_reset(b);
}

static void
test_edit_frames(void **state UNUSED)
{
	struct buf b = { NULL, 0, 0 };

	message_add_edit_joined(&b, &ann, NOW, THEN);
	expect(&b, "{\"type\":\"user_joined\",\"user_id\":7,"
	    "\"username\":\"ann@example.com\",\"timestamp\":\"" NOW "\","
	    "\"last_modified\":\"" THEN "\",\"avatar_url\":null}");
	message_add_edit_joined(&b, &bob, NOW, NULL);
	expect(&b, "{\"type\":\"user_joined\",\"user_id\":\"b\\\"1\","
	    "\"username\":\"b\xc3\xb6\xef\xbf\xbd\",\"timestamp\":\"" NOW "\","
	    "\"last_modified\":null,\"avatar_url\":\"/media/b.png\"}");
	message_add_edit_left(&b, &ann);
	expect(&b, "{\"type\":\"user_left\",\"user_id\":7,"
	    "\"username\":\"ann@example.com\"}");
	message_add_editor_status(&b, &ann);
	expect(&b, "{\"type\":\"editor_status\",\"editor_id\":7,"
	    "\"editor_name\":\"ann@example.com\"}");
	message_add_editor_status(&b, NULL);
	expect(&b, "{\"type\":\"editor_status\",\"editor_id\":null,"
	    "\"editor_name\":null}");
	message_add_content_updated(&b, &ann, NOW);
	expect(&b, "{\"type\":\"content_updated\",\"user_id\":7,"
	    "\"username\":\"ann@example.com\",\"timestamp\":\"" NOW "\"}");
	message_add_lock_released(&b, &ann, NOW);
	expect(&b, "{\"type\":\"lock_released\",\"user_id\":7,"
	    "\"username\":\"ann@example.com\",\"timestamp\":\"" NOW "\"}");
	message_add_lock_released(&b, &ann, NULL);
	expect(&b, "{\"type\":\"lock_released\",\"user_id\":7,"
	    "\"username\":\"ann@example.com\"}");
	message_add_attention_requested(&b, &ann, NOW);
	expect(&b, "{\"type\":\"attention_requested\",\"user_id\":7,"
	    "\"username\":\"ann@example.com\",\"timestamp\":\"" NOW "\"}");
	buf_fini(&b);
}

static void
test_chat_frames(void **state UNUSED)
{
	struct buf one = { NULL, 0, 0 };
	struct buf b = { NULL, 0, 0 };

	message_open_users(&b, MESSAGE_ACTIVE_USERS);
	message_close_users(&b);
	expect(&b, "{\"type\":\"active_users\",\"users\":[]}");
	message_open_users(&b, MESSAGE_ACTIVE_USERS);
	message_add_active(&one, &ann, NOW);
	message_add_listed(&b, (struct slice){ one.p, one.n });
	buf_reset(&one);
	message_add_active(&one, &bob, THEN);
	message_add_listed(&b, (struct slice){ one.p, one.n });
	message_close_users(&b);
	buf_fini(&one);
	expect(&b, "{\"type\":\"active_users\",\"users\":["
	    "{\"user_id\":7,\"username\":\"ann@example.com\","
	    "\"email\":\"e@example.com\",\"avatar_url\":null,"
	    "\"last_seen\":\"" NOW "\"},"
	    "{\"user_id\":\"b\\\"1\",\"username\":\"b\xc3\xb6\xef\xbf\xbd\","
	    "\"email\":\"\",\"avatar_url\":\"/media/b.png\","
	    "\"last_seen\":\"" THEN "\"}]}");
	message_add_chat_joined(&b, &ann, NOW);
	expect(&b, "{\"type\":\"user_joined\",\"user_id\":7,"
	    "\"username\":\"ann@example.com\",\"email\":\"e@example.com\","
	    "\"avatar_url\":null,\"timestamp\":\"" NOW "\"}");
	message_add_chat_left(&b, &ann);
	expect(&b, "{\"type\":\"user_left\",\"user_id\":7,"
	    "\"username\":\"ann@example.com\",\"email\":\"e@example.com\"}");
	message_add_chat_message(&b, &bob, SLICE_LIT("7"),
	    SLICE_LIT("a\0<\n"), NOW);
	expect(&b, "{\"type\":\"chat_message\",\"sender_id\":\"b\\\"1\","
	    "\"sender_name\":\"b\xc3\xb6\xef\xbf\xbd\",\"sender_email\":\"\","
	    "\"sender_avatar\":\"/media/b.png\",\"recipient_id\":7,"
	    "\"message\":\"a\\u0000<\\u000a\",\"timestamp\":\"" NOW "\"}");
	buf_fini(&b);
}

static void
test_own_frames(void **state UNUSED)
{
	struct buf b = { NULL, 0, 0 };

	message_add_error(&b, "not_editor", "You are not the editor.",
	    SLICE_LIT("content_updated"));
	expect(&b, "{\"type\":\"error\",\"code\":\"not_editor\","
	    "\"message\":\"You are not the editor.\","
	    "\"in_reply_to\":\"content_updated\"}");
	message_add_error(&b, message_type_name(MESSAGE_BAD_JSON), "x",
	    (struct slice){ NULL, 0 });
	expect(&b, "{\"type\":\"error\",\"code\":\"bad_json\","
	    "\"message\":\"x\",\"in_reply_to\":null}");
	message_add_claim_pending(&b, 2, 3);
	expect(&b, "{\"type\":\"claim_pending\",\"position\":2,\"of\":3}");
	buf_fini(&b);
}

/* What Redis may hold: an id that is no number never goes out bare. */
static void
test_number_ids(void **state UNUSED)
{
	struct message_user u = { .id_is_number = true, .username = "u" };
	struct buf b = { NULL, 0, 0 };

	u.id = "18";
	message_add_edit_left(&b, &u);
	expect(&b, "{\"type\":\"user_left\",\"user_id\":18,"
	    "\"username\":\"u\"}");
	u.id = "1,\"x\":2";
	message_add_editor_status(&b, &u);
	expect(&b, "{\"type\":\"editor_status\","
	    "\"editor_id\":\"1,\\\"x\\\":2\",\"editor_name\":\"u\"}");
	buf_fini(&b);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_types),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_depth),
		cmocka_unit_test(test_timestamps),
		cmocka_unit_test(test_recipients),
		cmocka_unit_test(test_long_recipient),
		cmocka_unit_test(test_chat_text),
		cmocka_unit_test(test_tab_keys),
		cmocka_unit_test(test_bad_recipients),
		cmocka_unit_test(test_reasons),
		cmocka_unit_test(test_edit_frames),
		cmocka_unit_test(test_chat_frames),
		cmocka_unit_test(test_own_frames),
		cmocka_unit_test(test_number_ids),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
