/*
 * What tabs need of the store, against a real Redis: what users do, saves that
 * the database has, and who edits what.
 */
#include "store/peers.h"
#include "base/clock.h"

static const struct store_room room_m = { "m:app.model", "model_app.model" };

static void
do_state(struct peer *p, const char *user, const char *letter,
    struct answer *a)
{
	unsigned before = a->n;

	store_state(p->store, room_a, S(user), S(letter), on_reply, a);
	assert_int_equal(a->n, before);
	wait_for(p->base, a->n != before);
}

static void
do_join_as(struct peer *p, const char *user, const char *letter,
    struct answer *a)
{
	struct store_member m = member(user, "i");
	unsigned before = a->n;

	m.states = S(letter);
	store_join(p->store, room_a, m, true, ABSENT, ABSENT, 0, NULL, 0,
	    on_reply, a);
	wait_for(p->base, a->n != before);
}

/* What of a peer's events came since the last call. */
static void
check_events(struct peer *p, const char *user, const char *want)
{
	struct buf b = { 0 };

	fence(p, room_a, user);
	buf_addf(&b, "%s" "e:app/model/1 0 U%s:fence\n", want, user);
	assert_string_equal(buf_str(&p->events), buf_str(&b));
	buf_reset(&p->events);
	buf_fini(&b);
}

/* One letter for each worker, in the roster and as events. */
static void
test_states(void **state UNUSED)
{
	struct store_snapshot none = expect(NULL, NULL, NULL);
	struct store_change keep = change(NULL, NULL, NULL);
	struct answer a = { 0 };

	do_join_as(&peers[0], "1", "", &a);
	assert_string_equal(a.members, "1=i;");
	do_state(&peers[0], "1", "v", &a);
	assert_int_equal(a.status, STORE_OK);
	assert_int_equal(a.seq, 2);
	check_events(&peers[0], "1", "e:app/model/1 1 +1 i\n"
	    "e:app/model/1 2 ~1/v\n");
	/* the same again is no event */
	do_state(&peers[0], "1", "v", &a);
	assert_int_equal(a.status, STORE_OK);
	assert_int_equal(a.seq, 2);
	/* through a second worker: its letter comes with the join */
	do_join_as(&peers[1], "1", "u", &a);
	assert_int_equal(a.seq, 3);
	assert_string_equal(a.members, "1=i/vu;");
	check_events(&peers[0], "1", "e:app/model/1 3 ~1/vu\n");
	do_join_as(&peers[2], "2", "i", &a);
	assert_string_equal(a.members, "1=i/vu;2=i/i;");
	check_events(&peers[0], "1", "e:app/model/1 4 +2 i/i\n");
	do_state(&peers[0], "1", "i", &a);
	check_events(&peers[0], "1", "e:app/model/1 5 ~1/ui\n");
	/* the tab is gone, the user is not */
	do_state(&peers[1], "1", "", &a);
	check_events(&peers[0], "1", "e:app/model/1 6 ~1/i\n");
	do_load(&peers[0], room_a, &a);
	assert_string_equal(a.members, "1=i/i;2=i/i;");
	/* nor is it when one worker of two lets go */
	do_state(&peers[1], "1", "u", &a);
	do_leave(&peers[0], room_a, id_of(0), "1", none, keep, &a);
	assert_int_equal(a.status, STORE_NOT_LAST);
	wait_for(base, peers[1].last_seq == 8);
	assert_int_equal(count_events(&peers[1], "1 7 ~1/iu\n"), 1);
	assert_int_equal(count_events(&peers[1], "1 8 ~1/u\n"), 1);
	assert_int_equal(peers[1].gaps, 0);
}

/* Through a worker that does not hold the user, nothing can be said of it. */
static void
test_state_of_nobody(void **state UNUSED)
{
	struct answer a = { 0 };

	do_state(&peers[0], "1", "v", &a);
	assert_int_equal(a.status, STORE_ABSENT);
	assert_int_equal(a.epoch, 0);
	do_join_as(&peers[1], "1", "", &a);
	do_state(&peers[0], "1", "v", &a);
	assert_int_equal(a.status, STORE_ABSENT);
	assert_int_equal(a.seq, 1);
	do_load(&peers[1], room_a, &a);
	assert_string_equal(a.members, "1=i;");
}

static void
do_announce(struct peer *p, int64_t number, const char *value,
    struct answer *a)
{
	unsigned before = a->n;

	store_announce(p->store, room_a, number, S(value), S("2026-11-24"),
	    on_reply, a);
	wait_for(p->base, a->n != before);
}

/* Once, whoever is first; what came before is not told again. */
static void
test_announce(void **state UNUSED)
{
	struct answer a = { 0 };

	do_join_as(&peers[0], "1", "", &a);
	assert_string_equal(a.saved, "-");
	do_announce(&peers[1], 9, "{\"id\":9}", &a);
	assert_int_equal(a.status, STORE_OK);
	do_announce(&peers[2], 9, "{\"id\":9}", &a);
	assert_int_equal(a.status, STORE_GATED);
	do_announce(&peers[0], 8, "{\"id\":8}", &a);
	assert_int_equal(a.status, STORE_GATED);
	/* numbers, not texts */
	do_announce(&peers[0], 10, "{\"id\":10}", &a);
	assert_int_equal(a.status, STORE_OK);
	check_events(&peers[0], "1", "e:app/model/1 1 +1 i\n"
	    "e:app/model/1 0 =9 {\"id\":9}\n"
	    "e:app/model/1 0 =10 {\"id\":10}\n");
	assert_int_equal(peers[1].n_events, 0);
	do_load(&peers[1], room_a, &a);
	assert_string_equal(a.saved, "10 {\"id\":10}");
	assert_string_equal(a.modified, "2026-11-24");
	do_join_as(&peers[1], "2", "", &a);
	assert_string_equal(a.saved, "10 {\"id\":10}");
	assert_true(redis_int(&redis,
	    "PTTL collabd:saved:e:app/model/1") > 86000000);
}

/* A room that nobody has open, and a key that is not ours. */
static void
test_announce_to_nobody(void **state UNUSED)
{
	struct answer a = { 0 };

	do_announce(&peers[0], 3, "{}", &a);
	assert_int_equal(a.status, STORE_OK);
	redis_do(&redis, "SET collabd:saved:e:app/model/1 nonsense");
	do_announce(&peers[0], 2, "{}", &a);
	assert_int_equal(a.status, STORE_OK);
	redis_do(&redis, "DEL collabd:saved:e:app/model/1");
	redis_do(&redis, "SADD collabd:saved:e:app/model/1 x");
	do_announce(&peers[0], 2, "{}", &a);
	assert_int_equal(a.status, STORE_OK);
	assert_redis_text("2 {}", &redis, "GET collabd:saved:e:app/model/1");
}

struct badges {
	unsigned	 n;
	enum store_status status;
	struct buf	 text;
};

static void
on_badges(enum store_status status, const struct store_badge *list, size_t n,
    void *arg)
{
	struct badges *b = arg;
	size_t i;

	b->n++;
	b->status = status;
	buf_reset(&b->text);
	for (i = 0; i < n; i++)
		buf_addf(&b->text, "%.*s=%.*s;", (int)list[i].object.n,
		    list[i].object.p, (int)list[i].value.n, list[i].value.p);
}

static void
check_badges(struct peer *p, const char *want)
{
	struct badges b = { 0 };

	store_badges(p->store, room_m, on_badges, &b);
	assert_int_equal(b.n, 0);
	wait_for(p->base, b.n == 1);
	assert_int_equal(b.status, STORE_OK);
	assert_string_equal(buf_str(&b.text), want);
	buf_fini(&b.text);
}

static struct store_badge
badge(const char *value, int64_t seconds, bool is_news)
{
	struct store_badge b = { S("1"), S(value),
	    clock_wall_us() + seconds * US_PER_SEC, is_news };

	return (b);
}

/* With a commit and with a departure; told to the model's room alone. */
static void
test_badges(void **state UNUSED)
{
	struct store_change c = change("e", NULL, NULL);
	struct answer a = { 0 };

	check_badges(&peers[1], "");
	do_join(&peers[0], room_a, "1", "ann", false, &a);
	do_join(&peers[1], room_m, "2", "bob", false, &a);
	c.badge = badge("{\"x\":1}", 60, true);
	do_commit(&peers[0], room_a, expect(NULL, NULL, NULL), c, &a);
	check_badges(&peers[0], "1={\"x\":1};");
	/* holds longer; nobody needs to hear of it */
	c.badge = badge("{\"x\":1}", 120, false);
	do_commit(&peers[0], room_a, expect("e", NULL, NULL), c, &a);
	/* no badge: as it was */
	memset(&c.badge, 0, sizeof(c.badge));
	do_commit(&peers[0], room_a, expect("e", NULL, NULL), c, &a);
	check_badges(&peers[2], "1={\"x\":1};");
	/* one that loses changes nothing */
	c.badge = badge("{\"x\":2}", 60, true);
	do_commit(&peers[0], room_a, expect("f", NULL, NULL), c, &a);
	assert_int_equal(a.status, STORE_MISMATCH);
	check_badges(&peers[2], "1={\"x\":1};");
	c = change(NULL, NULL, NULL);
	c.badge = badge(NULL, 0, true);
	do_leave(&peers[0], room_a, id_of(0), "1", expect("e", NULL, NULL), c,
	    &a);
	assert_int_equal(a.status, STORE_OK);
	check_badges(&peers[0], "");
	fence(&peers[1], room_m, "2");
	assert_string_equal(buf_str(&peers[1].events),
	    "m:app.model 0 @1 {\"x\":1}\nm:app.model 0 @1 -\n"
	    "m:app.model 0 U2:fence\n");
}

/* What has run out is taken out by whoever reads; what is not ours, too. */
static void
test_badges_run_out(void **state UNUSED)
{
	struct store_change c = change("e", NULL, NULL);
	struct answer a = { 0 };

	do_join(&peers[0], room_a, "1", "ann", false, &a);
	c.badge = badge("{}", -1, false);
	do_commit(&peers[0], room_a, expect(NULL, NULL, NULL), c, &a);
	assert_int_equal(redis_int(&redis, "HLEN collabd:editing:m:app.model"),
	    1);
	check_badges(&peers[0], "");
	assert_int_equal(redis_int(&redis, "HLEN collabd:editing:m:app.model"),
	    0);
	redis_do(&redis, "HSET collabd:editing:m:app.model a nonsense b 5 c "
	    "99999999999999");
	check_badges(&peers[0], "");
	assert_int_equal(redis_int(&redis, "HLEN collabd:editing:m:app.model"),
	    0);
	/* another type: read as nothing, and made ours by who writes */
	redis_do(&redis, "SET collabd:editing:m:app.model x");
	check_badges(&peers[0], "");
	c.badge = badge("{}", 60, false);
	do_commit(&peers[0], room_a, expect("e", NULL, NULL), c, &a);
	assert_int_equal(a.status, STORE_OK);
	check_badges(&peers[0], "1={};");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		with_peers(test_states),
		with_peers(test_state_of_nobody),
		with_peers(test_announce),
		with_peers(test_announce_to_nobody),
		with_peers(test_badges),
		with_peers(test_badges_run_out),
	};

	log_set_level(LOG_LEVEL_ERROR);
	return (cmocka_run_group_tests(tests, NULL, NULL));
}
