/*
 * The verbs on rooms against a real Redis: two or three stores in one loop, as
 * two or three workers would be.
 */
#include "store/peers.h"

static void
test_join_leave(void **state UNUSED)
{
	struct answer a = { 0 }, b = { 0 };
	struct store_snapshot none = expect(NULL, NULL, NULL);
	struct store_change keep = change(NULL, NULL, NULL);

	do_join(&peers[0], room_a, "1", "ann", true, &a);
	assert_int_equal(a.status, STORE_OK);
	assert_true(a.first);
	assert_int_equal(a.seq, 1);
	assert_int_not_equal(a.epoch, 0);
	assert_string_equal(a.members, "1=ann;");

	do_join(&peers[1], room_a, "2", "bob", true, &b);
	assert_true(b.first);
	assert_int_equal(b.epoch, a.epoch);
	assert_int_equal(b.seq, 2);
	assert_string_equal(b.members, "1=ann;2=bob;");

	/* the same user through a second worker, and again through the first:
	 * nothing is announced, and its info stays */
	do_join(&peers[1], room_a, "1", "other", true, &b);
	assert_false(b.first);
	assert_int_equal(b.seq, 2);
	assert_string_equal(b.members, "1=ann;2=bob;");
	do_join(&peers[0], room_a, "1", "again", true, &a);
	assert_false(a.first);

	/* one worker of two: only the entry shrinks */
	do_leave(&peers[0], room_a, id_of(0), "1", none, keep, &a);
	assert_int_equal(a.status, STORE_NOT_LAST);
	do_leave(&peers[0], room_a, id_of(0), "1", none, keep, &a);
	assert_int_equal(a.status, STORE_NOT_LAST);
	do_leave(&peers[1], room_a, id_of(1), "1", none, keep, &a);
	assert_int_equal(a.status, STORE_OK);
	assert_int_equal(a.seq, 3);
	do_leave(&peers[1], room_a, id_of(1), "1", none, keep, &a);
	assert_int_equal(a.status, STORE_ABSENT);

	fence(&peers[1], room_a, "2");
	assert_string_equal(buf_str(&peers[1].events),
	    "e:app/model/1 2 +2 bob A:joined\n"
	    "e:app/model/1 3 -1 X1:left\n"
	    "e:app/model/1 0 U2:fence\n");
	/* the first worker left the room with its last user: it heard both
	 * joins and not the departure */
	assert_string_equal(buf_str(&peers[0].events),
	    "e:app/model/1 1 +1 ann A:joined\n"
	    "e:app/model/1 2 +2 bob A:joined\n");
	assert_int_equal(redis_int(&redis, "SCARD collabd:worker_rooms:%s",
	    id_of(0)), 0);
	assert_int_equal(redis_int(&redis, "SCARD collabd:worker_rooms:%s",
	    id_of(1)), 1);
	assert_int_equal(redis_int(&redis,
	    "HLEN collabd:room_workers:e:app/model/1"), 1);
}

/* Joins and leaves of one user on two workers at once: told exactly once. */
static void
test_two_workers(void **state UNUSED)
{
	struct answer a[2] = { 0 }, w = { 0 };
	struct store_snapshot none = expect(NULL, NULL, NULL);
	struct store_frame f = { 'A', ABSENT, S("joined") };
	struct store_frame g = { 'A', ABSENT, S("left") };
	struct store_change keep = change(NULL, NULL, NULL);
	unsigned round, i;

	do_join(&peers[2], room_a, "watcher", "w", false, &w);
	buf_reset(&peers[2].events);
	keep.frames = &g;
	keep.n_frames = 1;
	for (round = 1; round <= 50; round++) {
		for (i = 0; i < 2; i++)
			store_join(peers[i].store, room_a,
			    member("1", "ann"), true, ABSENT, ABSENT, 0, &f, 1,
			    on_reply, &a[i]);
		wait_for(base, a[0].n == 2 * round - 1 &&
		    a[1].n == 2 * round - 1);
		assert_int_equal(a[0].first + a[1].first, 1);
		for (i = 0; i < 2; i++)
			store_leave(peers[i].store, room_a, id_of(i), S("1"),
			    &none, &keep, on_reply, &a[i]);
		wait_for(base, a[0].n == 2 * round && a[1].n == 2 * round);
		assert_true((a[0].status == STORE_OK &&
		    a[1].status == STORE_NOT_LAST) ||
		    (a[1].status == STORE_OK &&
		    a[0].status == STORE_NOT_LAST));
	}
	fence(&peers[2], room_a, "watcher");
	assert_int_equal(count_events(&peers[2], "A:joined\n"), 50);
	assert_int_equal(count_events(&peers[2], "A:left\n"), 50);
	assert_int_equal(peers[2].n_events, 101);
	assert_int_equal(peers[2].gaps, 0);
}

static void
test_commit(void **state UNUSED)
{
	struct store_frame f = { 'A', ABSENT, S("status") };
	struct store_change c = change("{\"editor_id\": 1}", NULL, "s1");
	struct answer a = { 0 };

	c.frames = &f;
	c.n_frames = 1;
	c.modified = S("2026-11-24");
	do_join(&peers[0], room_a, "1", "ann", false, &a);
	assert_int_equal(a.seq, 0);
	do_commit(&peers[0], room_a, expect(NULL, NULL, NULL), c, &a);
	assert_int_equal(a.status, STORE_OK);
	assert_int_equal(a.seq, 1);
	assert_string_equal(a.editor, "{\"editor_id\": 1}");
	assert_string_equal(a.previous, "-");
	assert_string_equal(a.state, "s1");
	assert_string_equal(a.modified, "2026-11-24");
	assert_redis_text("{\"editor_id\": 1}", &redis,
	    "GET editor:admin_app_model_1");
	assert_true(redis_int(&redis, "PTTL editor:admin_app_model_1") >
	    170000);
	assert_true(redis_int(&redis,
	    "PTTL last_modified:admin_app_model_1") > 600000000);
	assert_true(redis_int(&redis, "PTTL collabd:room:e:app/model/1") >
	    50000);

	/* the same again: not what is there */
	do_commit(&peers[1], room_a, expect(NULL, NULL, NULL), c, &a);
	assert_int_equal(a.status, STORE_MISMATCH);
	assert_string_equal(a.editor, "{\"editor_id\": 1}");
	assert_string_equal(a.state, "s1");
	/* each of the three is compared */
	do_commit(&peers[1], room_a, expect("{\"editor_id\": 1}", "9", "s1"),
	    c, &a);
	assert_int_equal(a.status, STORE_MISMATCH);
	do_commit(&peers[1], room_a, expect("{\"editor_id\": 1}", NULL, "s2"),
	    c, &a);
	assert_int_equal(a.status, STORE_MISMATCH);

	c = change(NULL, "1", NULL);
	do_commit(&peers[1], room_a, expect("{\"editor_id\": 1}", NULL, "s1"),
	    c, &a);
	assert_int_equal(a.status, STORE_OK);
	assert_string_equal(a.editor, "-");
	assert_string_equal(a.previous, "1");
	assert_true(a.ttl_ms > 20000 && a.ttl_ms <= 30000);
	assert_string_equal(a.state, "-");
	assert_string_equal(a.modified, "2026-11-24");
	assert_redis_text(NULL, &redis, "GET editor:admin_app_model_1");

	/* a time of 0 leaves a key alone, its own time included */
	redis_do(&redis, "PEXPIRE previous_editor:admin_app_model_1 5000000");
	c = change(NULL, "1", "s3");
	c.previous_ttl_ms = 0;
	do_commit(&peers[1], room_a, expect(NULL, "1", NULL), c, &a);
	assert_int_equal(a.status, STORE_OK);
	assert_true(a.ttl_ms > 4000000);
	assert_int_equal(counters_get(shm, peers[1].slot,
	    COUNTER_REDIS_MISMATCHES), 3);
	fence(&peers[0], room_a, "1");
	assert_int_equal(peers[0].gaps, 0);
	assert_int_equal(count_events(&peers[0], "A:status"), 1);
}

/* Two workers claim at once, over and over: one wins, the other is told what
 * is there, and a loser that tries again with that wins. */
static void
test_race(void **state UNUSED)
{
	struct answer a[2] = { 0 };
	struct store_snapshot want[2];
	struct store_change c[2] = { change("one", NULL, "s"),
	    change("two", NULL, "s") };
	char seen[128];
	unsigned round, i, wins;

	do_join(&peers[0], room_a, "1", "ann", false, &a[0]);
	(void)snprintf(seen, sizeof(seen), "-");
	memset(a, 0, sizeof(a));
	for (round = 1; round <= 200; round++) {
		bool none = strcmp(seen, "-") == 0;

		for (i = 0; i < 2; i++) {
			want[i] = expect(none ? NULL : seen, NULL,
			    none ? NULL : "s");
			/* a value of its own each round, so that each commit
			 * changes something */
			char text[32];

			(void)snprintf(text, sizeof(text), "%u-%u", round, i);
			c[i].editor = S(text);
			store_commit(peers[i].store, room_a, &want[i], &c[i],
			    NULL, 0, on_reply, &a[i]);
		}
		wait_for(base, a[0].n == round && a[1].n == round);
		wins = (a[0].status == STORE_OK) + (a[1].status == STORE_OK);
		assert_int_equal(wins, 1);
		i = a[0].status == STORE_OK ? 1 : 0;
		assert_int_equal(a[i].status, STORE_MISMATCH);
		assert_string_equal(a[0].editor, a[1].editor);
		assert_int_equal(a[0].seq, round);
		(void)snprintf(seen, sizeof(seen), "%s", a[0].editor);
	}
}

static void
test_gate(void **state UNUSED)
{
	struct store_frame f = { 'A', ABSENT, S("asked") };
	struct store_change c = change(NULL, NULL, "s1");
	struct store_snapshot want = expect(NULL, NULL, NULL);
	struct answer a = { 0 };

	c.frames = &f;
	c.n_frames = 1;
	do_join(&peers[0], room_a, "1", "ann", false, &a);
	/* a mismatch does not use the gate up */
	want.state = S("other");
	store_commit(peers[0].store, room_a, &want, &c, "1", 15000, on_reply,
	    &a);
	wait_for(base, a.n == 2);
	assert_int_equal(a.status, STORE_MISMATCH);
	assert_redis_text(NULL, &redis,
	    "GET attention_request:admin_app_model_1:1");
	want.state = ABSENT;
	store_commit(peers[0].store, room_a, &want, &c, "1", 15000, on_reply,
	    &a);
	wait_for(base, a.n == 3);
	assert_int_equal(a.status, STORE_OK);
	assert_redis_text("1", &redis,
	    "GET attention_request:admin_app_model_1:1");
	assert_true(redis_int(&redis,
	    "PTTL attention_request:admin_app_model_1:1") > 10000);
	want.state = S("s1");
	c.state = S("s2");
	store_commit(peers[1].store, room_a, &want, &c, "1", 15000, on_reply,
	    &a);
	wait_for(base, a.n == 4);
	assert_int_equal(a.status, STORE_GATED);
	assert_int_equal(a.seq, 1);
	assert_string_equal(a.state, "s1");
	/* another user has another gate; no time means no gate */
	store_commit(peers[1].store, room_a, &want, &c, "2", 15000, on_reply,
	    &a);
	wait_for(base, a.n == 5);
	assert_int_equal(a.status, STORE_OK);
	want.state = S("s2");
	store_commit(peers[1].store, room_a, &want, &c, "1", 0, on_reply, &a);
	wait_for(base, a.n == 6);
	assert_int_equal(a.status, STORE_OK);
	fence(&peers[0], room_a, "1");
	assert_int_equal(count_events(&peers[0], "A:asked"), 3);
}

static void
test_leave_mismatch(void **state UNUSED)
{
	struct answer a = { 0 };

	do_join(&peers[0], room_a, "1", "ann", true, &a);
	do_commit(&peers[0], room_a, expect(NULL, NULL, NULL),
	    change("ed", NULL, NULL), &a);
	do_leave(&peers[0], room_a, id_of(0), "1", expect(NULL, NULL, NULL),
	    change(NULL, "1", NULL), &a);
	assert_int_equal(a.status, STORE_MISMATCH);
	assert_string_equal(a.editor, "ed");
	do_load(&peers[0], room_a, &a);
	assert_string_equal(a.members, "1=ann;");
	assert_int_equal(a.seq, 2);
	do_leave(&peers[0], room_a, id_of(0), "1", expect("ed", NULL, NULL),
	    change(NULL, "1", "free"), &a);
	assert_int_equal(a.status, STORE_OK);
	assert_string_equal(a.editor, "-");
	assert_string_equal(a.previous, "1");
	assert_string_equal(a.state, "free");
	do_load(&peers[1], room_a, &a);
	assert_int_equal(a.n_members, 0);
	assert_int_equal(a.seq, 3);
}

/* A thousand mixed commands of three workers: every worker hears one gapless
 * order, and all hear the same. */
static void
test_sequence(void **state UNUSED)
{
	struct answer a[PEERS] = { 0 }, w = { 0 };
	struct store_frame f = { 'A', ABSENT, S("t") };
	struct store_snapshot none = expect(NULL, NULL, NULL);
	struct store_change keep = change(NULL, NULL, NULL);
	unsigned k, i, asked[PEERS] = { 0 };
	char user[16], watcher[16];

	keep.frames = &f;
	keep.n_frames = 1;
	for (i = 0; i < PEERS; i++) {
		(void)snprintf(watcher, sizeof(watcher), "w%u", i);
		do_join(&peers[i], room_a, watcher, "w", false, &w);
	}
	for (k = 0; k < 1000; k++) {
		i = k * 7 % PEERS;
		(void)snprintf(user, sizeof(user), "%u", k / 5 % 4);
		if (k % 5 < 2)
			store_join(peers[i].store, room_a,
			    member(user, "i"), true, ABSENT, ABSENT, 0, &f, 1,
			    on_reply, &a[i]);
		else if (k % 5 < 4)
			store_leave(peers[i].store, room_a, id_of(i), S(user),
			    &none, &keep, on_reply, &a[i]);
		else
			store_commit(peers[i].store, room_a, &none, &keep,
			    NULL, 0, on_reply, &a[i]);
		asked[i]++;
		if (k % 50 == 0)
			(void)event_base_loop(base, EVLOOP_NONBLOCK);
	}
	wait_for(base, a[0].n == asked[0] && a[1].n == asked[1] &&
	    a[2].n == asked[2]);
	for (i = 0; i < PEERS; i++) {
		(void)snprintf(watcher, sizeof(watcher), "w%u", i);
		fence(&peers[i], room_a, watcher);
		assert_int_equal(peers[i].gaps, 0);
		/* Each of the commits counts. Which joins and leaves change
		 * something is a matter of the order in which they come. */
		assert_true(peers[i].last_seq > PEERS + 200);
		assert_int_equal(peers[i].last_seq, peers[0].last_seq);
		/* but for the last line, the fence with its user */
		assert_int_equal(peers[i].events.n, peers[0].events.n);
		assert_memory_equal(peers[i].events.p, peers[0].events.p,
		    peers[0].events.n - 20);
	}
}

static void
test_chat(void **state UNUSED)
{
	static const struct store_room room = { "c:p", "chat_p" };
	struct store_frame f = { 'U', S("2"), S("hello") };
	struct store_snapshot none = expect(NULL, NULL, NULL);
	struct store_change keep = change(NULL, NULL, NULL);
	struct answer a = { 0 }, c = { 0 };
	unsigned i;

	for (i = 0; i < PEERS; i++) {
		char user[2] = { (char)('1' + i), '\0' };

		store_join(peers[i].store, room, member(user, "x"), false,
		    S("{\"n\":1}"), S("2026"), 0, NULL, 0,
		    on_reply, &a);
		wait_for(base, a.n == i + 1);
		assert_string_equal(a.modified, "2026");
	}
	assert_redis_text("{\"n\":1}", &redis,
	    "HGET chat_active_users:chat_p 2");
	assert_true(redis_int(&redis, "PTTL chat_active_users:chat_p") >
	    50000);
	/* from 1 to 2: the third worker hears nothing */
	store_send(peers[0].store, room, S("1"), S("2"), &f, 1, on_reply, &c);
	wait_for(base, c.n == 1);
	assert_int_equal(c.status, STORE_OK);
	for (i = 0; i < PEERS; i++) {
		char user[2] = { (char)('1' + i), '\0' };

		fence(&peers[i], room, user);
		assert_int_equal(count_events(&peers[i], "c:p 0 U2:hello\n"),
		    i < 2);
	}
	store_chat_seen(peers[1].store, room, S("2"), S("{\"n\":2}"));
	store_chat_seen(peers[1].store, room, S("99"), S("{}"));
	do_load(&peers[1], room, &a);
	assert_redis_text("{\"n\":2}", &redis,
	    "HGET chat_active_users:chat_p 2");
	assert_redis_text(NULL, &redis, "HGET chat_active_users:chat_p 99");

	/* somebody of a package's server stays listed for ever after us */
	redis_do(&redis, "HSET chat_active_users:chat_p 50 {}");
	for (i = 0; i < PEERS; i++) {
		char user[2] = { (char)('1' + i), '\0' };

		assert_true(redis_int(&redis,
		    "PTTL chat_active_users:chat_p") > 0);
		do_leave(&peers[i], room, id_of(i), user, none, keep, &c);
		assert_int_equal(c.status, STORE_OK);
	}
	assert_int_equal(redis_int(&redis, "HLEN chat_active_users:chat_p"),
	    1);
	assert_int_equal(redis_int(&redis, "PTTL chat_active_users:chat_p"),
	    -1);
}

struct checked {
	unsigned	ends;
	enum store_status status;
	size_t		n;
	unsigned	hits[STORE_CHECK_ROOMS];
	uint64_t	epoch, seq;
	struct answer	last;
};

static void
on_checked(size_t i, const struct store_reply *r, void *arg)
{
	struct checked *c = arg;

	if (i == c->n) {
		c->ends++;
		c->status = r->status;
		return;
	}
	assert_true(i < c->n);
	c->hits[i]++;
	on_reply(r, &c->last);
}

static void
run_check(struct peer *p, const struct store_room *rooms,
    const struct store_snapshot *known, size_t n, struct checked *c)
{
	memset(c, 0, sizeof(*c));
	c->n = n;
	store_check(p->store, rooms, known, n, on_checked, c);
	assert_int_equal(c->ends, 0);
	wait_for(base, c->ends == 1);
	assert_int_equal(c->status, STORE_OK);
}

static void
test_check(void **state UNUSED)
{
	struct store_room rooms[STORE_CHECK_ROOMS] = { { NULL, NULL } };
	struct store_snapshot known[STORE_CHECK_ROOMS] = { 0 };
	char keys[STORE_CHECK_ROOMS][16], names[STORE_CHECK_ROOMS][16];
	struct answer a = { 0 };
	struct checked c;
	size_t i;

	run_check(&peers[0], rooms, known, 0, &c);
	for (i = 0; i < STORE_CHECK_ROOMS; i++) {
		(void)snprintf(keys[i], sizeof(keys[i]), "e:%zu", i);
		(void)snprintf(names[i], sizeof(names[i]), "admin_%zu", i);
		rooms[i] = (struct store_room){ keys[i], names[i] };
		do_join(&peers[0], rooms[i], "1", "ann", false, &a);
		known[i].epoch = a.epoch;
		known[i].seq = a.seq;
	}
	run_check(&peers[0], rooms, known, STORE_CHECK_ROOMS, &c);
	for (i = 0; i < STORE_CHECK_ROOMS; i++)
		assert_int_equal(c.hits[i], 0);
	/* different: an event, an editor of a package's server, no hash, and
	 * a worker that is not registered any more */
	do_commit(&peers[1], rooms[3], expect(NULL, NULL, NULL),
	    change(NULL, NULL, "x"), &a);
	redis_do(&redis, "SET editor:admin_14 other");
	redis_do(&redis, "DEL collabd:room:e:20");
	redis_do(&redis, "HDEL collabd:room_workers:e:31 %s", id_of(0));
	redis_do(&redis, "PEXPIRE collabd:room:e:5 1000");
	redis_do(&redis, "PEXPIRE collabd:members:e:5 1000");
	redis_do(&redis, "PEXPIRE collabd:room_workers:e:5 1000");
	run_check(&peers[0], rooms, known, STORE_CHECK_ROOMS, &c);
	for (i = 0; i < STORE_CHECK_ROOMS; i++)
		assert_int_equal(c.hits[i],
		    i == 3 || i == 14 || i == 20 || i == 31);
	assert_int_equal(c.last.epoch, 0);
	assert_string_equal(c.last.members, "1=ann;");
	assert_true(redis_int(&redis, "PTTL collabd:room:e:5") > 50000);
	assert_true(redis_int(&redis, "PTTL collabd:members:e:5") > 50000);
	assert_true(redis_int(&redis, "PTTL collabd:room_workers:e:5") >
	    50000);
	/* joining again makes it whole */
	do_join(&peers[0], rooms[31], "1", "ann", false, &a);
	assert_false(a.first);
	known[31].epoch = a.epoch;
	run_check(&peers[0], rooms + 31, known + 31, 1, &c);
	assert_int_equal(c.hits[0], 0);
}

/* Whatever somebody put there: absent, and written over by a commit. */
static void
test_strange_values(void **state UNUSED)
{
	struct answer a = { 0 };
	struct buf b = { 0 };
	size_t i;

	do_join(&peers[0], room_a, "1", "ann", false, &a);
	redis_do(&redis, "LPUSH editor:admin_app_model_1 x");
	redis_do(&redis, "SADD previous_editor:admin_app_model_1 x");
	redis_do(&redis, "LPUSH last_modified:admin_app_model_1 x");
	redis_do(&redis, "LPUSH attention_request:admin_app_model_1:1 x");
	redis_do(&redis, "LPUSH chat_active_users:admin_app_model_1 x");
	do_load(&peers[0], room_a, &a);
	assert_int_equal(a.status, STORE_OK);
	assert_string_equal(a.editor, "-");
	assert_string_equal(a.previous, "-");
	assert_string_equal(a.modified, "-");
	do_commit(&peers[0], room_a, expect(NULL, NULL, NULL),
	    change("ed", "2", "s"), &a);
	assert_int_equal(a.status, STORE_OK);
	assert_string_equal(a.editor, "ed");
	assert_string_equal(a.previous, "2");

	/* 100 MB */
	resp_add_header(&b, 3);
	resp_add_str(&b, "SET");
	resp_add_str(&b, "editor:admin_app_model_1");
	buf_addf(&b, "$%d\r\n", 100 << 20);
	memset(buf_reserve(&b, 100 << 20), 'x', 100 << 20);
	b.n += 100 << 20;
	buf_add_str(&b, "\r\n");
	resp_value_free(redis_ask_raw(&redis, &b));
	buf_fini(&b);
	do_load(&peers[0], room_a, &a);
	assert_int_equal(a.status, STORE_OK);
	assert_string_equal(a.editor, "-");
	do_commit(&peers[0], room_a, expect(NULL, "2", "s"),
	    change("ed2", NULL, NULL), &a);
	assert_int_equal(a.status, STORE_OK);
	assert_string_equal(a.editor, "ed2");

	/* ours, of another type or content */
	static const char *const kinds[] = { "collabd:room:e:app/model/1",
	    "collabd:members:e:app/model/1",
	    "collabd:room_workers:e:app/model/1" };
	for (i = 0; i < COUNT_OF(kinds); i++) {
		redis_do(&redis, "SET %s x", kinds[i]);
		do_load(&peers[0], room_a, &a);
		assert_int_equal(a.status, STORE_OK);
		do_commit(&peers[0], room_a, expect("ed2", NULL, NULL),
		    change("ed2", NULL, NULL), &a);
		assert_int_equal(a.status, STORE_OK);
		do_join(&peers[0], room_a, "1", "ann", true, &a);
		assert_int_equal(a.status, STORE_OK);
		assert_string_equal(a.members, "1=ann;");
	}
	redis_do(&redis, "HSET collabd:members:e:app/model/1 7 nonsense");
	redis_do(&redis, "HSET collabd:room:e:app/model/1 seq 1e400 epoch g");
	do_join(&peers[0], room_a, "2", "bob", true, &a);
	assert_int_equal(a.status, STORE_OK);
	assert_string_equal(a.members, "1=ann;2=bob;");
	assert_int_equal(a.seq, 1);
	assert_int_not_equal(a.epoch, 0);
	redis_do(&redis, "HSET collabd:room:e:app/model/1 seq 007");
	do_join(&peers[0], room_a, "4", "dan", true, &a);
	assert_int_equal(a.status, STORE_OK);
	redis_do(&redis, "SET collabd:worker_rooms:%s x", id_of(0));
	do_join(&peers[0], room_a, "3", "cat", true, &a);
	assert_int_equal(a.status, STORE_OK);
	/* a message that is none of ours */
	redis_do(&redis, "PUBLISH collabd:to:%s nonsense", id_of(0));
	fence(&peers[0], room_a, "1");
	assert_int_equal(peers[0].downs, 0);
}

/* Scripts that Redis forgot are sent again whole. */
static void
test_noscript(void **state UNUSED)
{
	struct answer a = { 0 };
	unsigned i;

	for (i = 0; i < 3; i++) {
		redis_do(&redis, "SCRIPT FLUSH");
		do_join(&peers[0], room_a, "1", "ann", true, &a);
		assert_int_equal(a.status, STORE_OK);
		assert_int_equal(a.first, i == 0);
		redis_do(&redis, "SCRIPT FLUSH");
		do_load(&peers[0], room_a, &a);
		assert_int_equal(a.status, STORE_OK);
		assert_string_equal(a.members, "1=ann;");
	}
	assert_int_equal(peers[0].downs, 0);
	assert_true(counters_get(shm, peers[0].slot,
	    COUNTER_REDIS_ROUND_TRIPS) > 0);
}

/* Any bytes in a user id or an info, and ids beyond 2^53. */
static void
test_odd_ids(void **state UNUSED)
{
	static const char odd[] = "a\0,b 1\r\n:\xff";
	struct store_member m = { { odd, sizeof(odd) - 1 },
	    { "in\0 fo,", 7 }, ABSENT };
	struct store_snapshot none = expect(NULL, NULL, NULL);
	struct store_change keep = change(NULL, NULL, NULL);
	struct answer a = { 0 };

	store_join(peers[0].store, room_a, m, true, ABSENT, ABSENT, 0, NULL, 0,
	    on_reply, &a);
	wait_for(base, a.n == 1);
	assert_true(a.first);
	assert_int_equal(a.n_members, 1);
	do_join(&peers[0], room_a, "9007199254740993", "x", true, &a);
	do_join(&peers[0], room_a, "9007199254740992", "y", true, &a);
	assert_true(a.first);
	assert_int_equal(a.n_members, 3);
	store_leave(peers[0].store, room_a, id_of(0), m.user_id, &none, &keep,
	    on_reply, &a);
	wait_for(base, a.n == 4);
	assert_int_equal(a.status, STORE_OK);
	do_load(&peers[0], room_a, &a);
	assert_string_equal(a.members,
	    "9007199254740992=y;9007199254740993=x;");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		with_peers(test_join_leave),
		with_peers(test_two_workers),
		with_peers(test_commit),
		with_peers(test_race),
		with_peers(test_gate),
		with_peers(test_leave_mismatch),
		with_peers(test_sequence),
		with_peers(test_chat),
		with_peers(test_check),
		with_peers(test_strange_values),
		with_peers(test_noscript),
		with_peers(test_odd_ids),
	};

	log_set_level(LOG_LEVEL_ERROR);
	return (cmocka_run_group_tests(tests, NULL, NULL));
}
