/*
 * The published message: what is encoded is what is parsed, and nothing else
 * parses. The part between head and tail is Lua's; here it is written out.
 */
#include "store/helpers.h"
#include "store/pubmsg.h"

static const struct store_member nobody;

static void
encode(struct buf *b, const char *middle, struct store_member joined,
    struct slice left, const struct store_frame *frames, size_t n)
{
	buf_reset(b);
	pubmsg_add_head(b, "e:a/b/1");
	buf_add_str(b, middle);
	pubmsg_add_tail(b, joined, left, frames, n);
}

#define POSITION	"e16:00000000000000ff,n3:123,"

static void
test_whole(void **state UNUSED)
{
	const struct store_frame frames[] = {
		{ 'A', ABSENT, S("to all") },
		{ 'X', S("7"), S("") },
		{ 'U', { "a\0:", 3 }, { "x,\0", 3 } },
	};
	struct store_member joined = { S("7"), { "in\0fo", 5 }, ABSENT };
	struct store_message m;
	struct buf b = { 0 };

	encode(&b, POSITION "E2:{},P1:7,T5:30000,S0:,M4:2026,", joined, ABSENT,
	    frames, 3);
	assert_true(pubmsg_parse((struct slice){ b.p, b.n }, &m));
	assert_true(slice_is(m.room_key, "e:a/b/1"));
	assert_int_equal(m.epoch, 0xff);
	assert_int_equal(m.seq, 123);
	assert_int_equal(m.snapshot.seq, 123);
	assert_true(slice_is(m.snapshot.editor, "{}"));
	assert_true(slice_is(m.snapshot.previous, "7"));
	assert_int_equal(m.snapshot.previous_ttl_ms, 30000);
	assert_true(slice_is(m.snapshot.state, ""));
	assert_true(slice_is(m.snapshot.modified, "2026"));
	assert_true(slice_is(m.joined.user_id, "7"));
	assert_memory_equal(m.joined.info.p, "in\0fo", 5);
	assert_null(m.left.p);
	assert_int_equal(m.n_frames, 3);
	assert_int_equal(m.frames[0].audience, 'A');
	assert_null(m.frames[0].user_id.p);
	assert_true(slice_is(m.frames[0].text, "to all"));
	assert_true(slice_is(m.frames[1].user_id, "7"));
	assert_int_equal(m.frames[1].text.n, 0);
	assert_memory_equal(m.frames[2].user_id.p, "a\0:", 3);
	assert_memory_equal(m.frames[2].text.p, "x,\0", 3);
	buf_fini(&b);
}

static void
test_sparse(void **state UNUSED)
{
	const struct store_frame frame = { 'A', ABSENT, S("hi") };
	struct store_message m;
	struct buf b = { 0 };

	encode(&b, POSITION, nobody, S("9"), NULL, 0);
	assert_true(pubmsg_parse((struct slice){ b.p, b.n }, &m));
	assert_true(slice_is(m.left, "9"));
	assert_null(m.snapshot.editor.p);
	assert_null(m.snapshot.state.p);
	assert_int_equal(m.snapshot.previous_ttl_ms, -2);
	encode(&b, "", nobody, ABSENT, &frame, 1);
	assert_true(pubmsg_parse((struct slice){ b.p, b.n }, &m));
	assert_int_equal(m.seq, 0);
	assert_int_equal(m.n_frames, 1);
	buf_fini(&b);
}

/* What tabs need besides. */
static void
test_tabs(void **state UNUSED)
{
	const struct store_frame frames[] = {
		{ 'T', ABSENT, S("to all tabs") },
		{ 'V', S("7"), S("to hers") },
	};
	struct store_member joined = { S("7"), S("ann"), S("uvi") };
	struct store_message m;
	struct buf b = { 0 };

	encode(&b, POSITION, joined, ABSENT, frames, 2);
	assert_true(pubmsg_parse((struct slice){ b.p, b.n }, &m));
	assert_true(slice_is(m.joined.states, "uvi"));
	assert_null(m.state.user_id.p);
	assert_int_equal(m.n_frames, 2);
	assert_int_equal(m.frames[0].audience, 'T');
	assert_null(m.frames[0].user_id.p);
	assert_int_equal(m.frames[1].audience, 'V');
	assert_true(slice_is(m.frames[1].user_id, "7"));
	/* as state.lua writes it, also when no tab is left */
	encode(&b, POSITION "Z1:7,W2:iv,", nobody, ABSENT, NULL, 0);
	assert_true(pubmsg_parse((struct slice){ b.p, b.n }, &m));
	assert_true(slice_is(m.state.user_id, "7"));
	assert_true(slice_is(m.state.states, "iv"));
	assert_null(m.state.info.p);
	assert_null(m.joined.user_id.p);
	assert_true(pubmsg_parse(S("C1k1:x," POSITION "Z1:7,W0:,"), &m));
	assert_true(slice_is(m.state.user_id, "7"));
	assert_int_equal(m.state.states.n, 0);
	buf_fini(&b);
}

static void
test_news(void **state UNUSED)
{
	struct store_message m;
	struct buf b = { 0 };

	pubmsg_add_head(&b, "e:a/b/1");
	pubmsg_add_saved(&b, 12, S("{\"id\":12}"));
	assert_true(pubmsg_parse((struct slice){ b.p, b.n }, &m));
	assert_string_equal(buf_str(&b), "C1k7:e:a/b/1,V12:12 {\"id\":12},");
	assert_int_equal(m.seq, 0);
	assert_true(slice_is(m.room_key, "e:a/b/1"));
	assert_int_equal(m.saved.number, 12);
	assert_true(slice_is(m.saved.value, "{\"id\":12}"));
	assert_null(m.badge_object.p);
	buf_reset(&b);
	pubmsg_add_badge(&b, "e:a/b/x/y", S("x/y"), S("{}"));
	assert_string_equal(buf_str(&b), "C1k5:m:a.b,B3:x/y,Y2:{},");
	assert_true(pubmsg_parse((struct slice){ b.p, b.n }, &m));
	assert_true(slice_is(m.badge_object, "x/y"));
	assert_true(slice_is(m.badge_value, "{}"));
	assert_null(m.saved.value.p);
	buf_reset(&b);
	pubmsg_add_badge(&b, "e:a/b/1", S("1"), ABSENT);
	assert_true(pubmsg_parse((struct slice){ b.p, b.n }, &m));
	assert_true(slice_is(m.badge_object, "1"));
	assert_null(m.badge_value.p);
	buf_fini(&b);
}

static void
test_refused(void **state UNUSED)
{
	static const char *const bad[] = {
		"", "C", "C1", "C2k1:x,", "C1k1:x", "C1k2:x,", "C1k01:x,",
		"C1k:x,", "C1k-1:x,", "C1k99999999999999999999:x,",
		"C1k1:x,z", "C1k1:x,k1:x,", "C1k1:x,n1:1,",
		"C1k1:x,e16:00000000000000ff,",
		"C1k1:x,e16:0000000000000000,n1:1,",
		"C1k1:x,e16:00000000000000FF,n1:1,",
		"C1k1:x,e15:0000000000000ff,n1:1,",
		"C1k1:x," POSITION "n1:1,",
		"C1k1:x,e16:00000000000000ff,n1:0,",
		"C1k1:x,e16:00000000000000ff,n2:-1,",
		"C1k1:x,e16:00000000000000ff,n16:1234567890123456,",
		"C1k1:x," POSITION "P1:7,", "C1k1:x," POSITION "T2:10,",
		"C1k1:x," POSITION "P1:7,T2:-2,",
		"C1k1:x," POSITION "S0:,E2:{},",	/* order */
		"C1k1:x," POSITION "J1:7,",		/* no info */
		"C1k1:x," POSITION "J1:7,I0:,L1:7,",
		"C1k1:x,J1:7,I0:,", "C1k1:x,L1:7,",	/* no position */
		"C1k1:x,A1:A,", "C1k1:x,F1:x,", "C1k1:x,A0:,F1:x,",
		"C1k1:x,A2:A7,F1:x,", "C1k1:x,A2:Z7,F1:x,",
		"C1k1:x,A2:T7,F1:x,",
		"C1k1:x," POSITION "Z1:7,",		/* no states */
		"C1k1:x," POSITION "W1:v,", "C1k1:x," POSITION "W1:v,Z1:7,",
		"C1k1:x," POSITION "Z1:7,W1:v,L1:7,",
		"C1k1:x," POSITION "J1:7,W1:v,I0:,",
		"C1k1:x," POSITION "J1:7,I0:,W0:,",
		"C1k1:x,Z1:7,W1:v,",			/* no position */
		"C1k1:x," POSITION "V3:1 x,", "C1k1:x," POSITION "B1:1,",
		"C1k1:x,V3:1 x,V3:1 x,", "C1k1:x,V3:1 x,B1:1,",
		"C1k1:x,V3:1 x,A1:T,F1:x,", "C1k1:x,Y1:x,",
		"C1k1:x,V1:x,", "C1k1:x,V4:01 x,",	/* no number */
		"C1k1:x,B1:1,Y1:x,A1:T,F1:x,", "C1k1:x,B1:1,B1:2,",
	};
	struct store_message m;
	size_t i;

	for (i = 0; i < COUNT_OF(bad); i++)
		if (pubmsg_parse(S(bad[i]), &m))
			fail_msg("taken: %s", bad[i]);
}

static void
test_bounds(void **state UNUSED)
{
	struct store_frame frames[STORE_FRAMES_MAX];
	struct store_message m;
	struct buf b = { 0 };
	size_t i, n;

	for (i = 0; i < STORE_FRAMES_MAX; i++)
		frames[i] = (struct store_frame){ 'A', ABSENT, S("t") };
	encode(&b, POSITION, nobody, S("9"), frames, STORE_FRAMES_MAX);
	assert_true(pubmsg_parse((struct slice){ b.p, b.n }, &m));
	n = b.n;
	/* no proper part of a message is one, frames cut off apart */
	for (i = 0; i < n - 10 * STORE_FRAMES_MAX; i++)
		if (pubmsg_parse((struct slice){ b.p, i }, &m))
			assert_true(slice_is(m.left, "9") || m.left.p == NULL);
	buf_add_str(&b, "A1:A,F1:t,");
	assert_false(pubmsg_parse((struct slice){ b.p, b.n }, &m));
	/* a value one byte too long */
	buf_reset(&b);
	buf_addf(&b, "C1k1:x,A1:A,F%d:", STORE_VALUE_MAX);
	for (i = 0; i < STORE_VALUE_MAX; i++)
		buf_add_char(&b, 'x');
	buf_add_char(&b, ',');
	assert_true(pubmsg_parse((struct slice){ b.p, b.n }, &m));
	buf_reset(&b);
	buf_addf(&b, "C1k1:x,A1:A,F%d:", STORE_VALUE_MAX + 1);
	for (i = 0; i <= STORE_VALUE_MAX; i++)
		buf_add_char(&b, 'x');
	buf_add_char(&b, ',');
	assert_false(pubmsg_parse((struct slice){ b.p, b.n }, &m));
	/* a letter too many */
	for (n = STORE_STATES_MAX; n < STORE_STATES_MAX + 2; n++) {
		buf_reset(&b);
		buf_addf(&b, "C1k1:x," POSITION "Z1:7,W%zu:", n);
		for (i = 0; i < n; i++)
			buf_add_char(&b, 'v');
		buf_add_char(&b, ',');
		assert_int_equal(pubmsg_parse((struct slice){ b.p, b.n }, &m),
		    n == STORE_STATES_MAX);
	}
	buf_fini(&b);
}

static void
test_keys(void **state UNUSED)
{
	const struct keys k = { "site1:" };
	struct buf b = { 0 };
	struct slice key, name;

	keys_add_room(&k, &b, room_a);
	assert_string_equal(buf_str(&b),
	    "$32\r\nsite1:collabd:room:e:app/model/1\r\n"
	    "$35\r\nsite1:collabd:members:e:app/model/1\r\n"
	    "$40\r\nsite1:collabd:room_workers:e:app/model/1\r\n"
	    "$30\r\nsite1:editor:admin_app_model_1\r\n"
	    "$39\r\nsite1:previous_editor:admin_app_model_1\r\n"
	    "$37\r\nsite1:last_modified:admin_app_model_1\r\n"
	    "$41\r\nsite1:chat_active_users:admin_app_model_1\r\n"
	    "$33\r\nsite1:collabd:saved:e:app/model/1\r\n"
	    "$33\r\nsite1:collabd:editing:m:app.model\r\n"
	    "$38\r\nsite1:collabd:room_workers:m:app.model\r\n");
	buf_reset(&b);
	keys_add_attention(&k, &b, room_a, "7");
	assert_string_equal(buf_str(&b),
	    "$43\r\nsite1:attention_request:admin_app_model_1:7\r\n");
	assert_true(keys_is_channel(&k, S("site1:collabd:to:ab"), "ab"));
	assert_false(keys_is_channel(&k, S("site1:collabd:to:abc"), "ab"));
	assert_false(keys_is_channel(&k, S("site2:collabd:to:ab"), "ab"));
	assert_false(keys_is_channel(&k, ABSENT, "ab"));
	buf_reset(&b);
	keys_add_room_ref(&b, (struct store_room){ "e:1:2", "3:4" });
	assert_true(keys_parse_room_ref((struct slice){ b.p, b.n }, &key,
	    &name));
	assert_true(slice_is(key, "e:1:2"));
	assert_true(slice_is(name, "3:4"));
	assert_false(keys_parse_room_ref(S("5"), &key, &name));
	assert_false(keys_parse_room_ref(S("5:abc"), &key, &name));
	assert_false(keys_parse_room_ref(S(":abc"), &key, &name));
	assert_false(keys_parse_room_ref((struct slice){ "1:a\0", 4 }, &key,
	    &name));
	assert_true(keys_is_worker_id(S("0123456789abcdef")));
	assert_false(keys_is_worker_id(S("0123456789abcde")));
	assert_false(keys_is_worker_id(S("0123456789abcdeg")));
	buf_fini(&b);
}

/* The model of an edit room; a room of another kind is its own. */
static void
test_model_rooms(void **state UNUSED)
{
	static const struct {
		const char	*key, *model;
	} rows[] = {
		{ "e:app/model/1", "m:app.model" },
		{ "e:a_b/c/1", "m:a_b.c" }, { "e:a/b_c/1", "m:a.b_c" },
		{ "e:app/model/x/y/", "m:app.model" },
		{ "e:app/model/", "m:app.model" },
		{ "e:app/model/m:x.y", "m:app.model" },
		{ "m:app.model", "m:app.model" },
		{ "c:page", "c:page" }, { "c:a/b/c", "c:a/b/c" },
		{ "e:app", "e:app" }, { "e:app/model", "e:app/model" },
	};
	struct buf b = { 0 };
	size_t i;

	for (i = 0; i < COUNT_OF(rows); i++) {
		buf_reset(&b);
		keys_add_model_room(&b, rows[i].key);
		assert_string_equal(buf_str(&b), rows[i].model);
	}
	buf_fini(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole),
		cmocka_unit_test(test_sparse),
		cmocka_unit_test(test_tabs),
		cmocka_unit_test(test_news),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_model_rooms),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
