/*
 * What the store does when things break: lost links with commands in flight,
 * a Redis that is gone, hangs, comes back empty or refuses to write, a lapsed
 * lease, dead workers. Nothing may be done twice, nothing left undone, and
 * each callback comes once.
 */
#define PEERS	2
#include "base/timer.h"
#include "store/peers.h"

/* One turn of the loop: what was given to a socket is written, and no answer
 * to it can have been read. */
static void
turn(void)
{
	(void)event_base_loop(base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
}

/* Everything submitted so far was written and run by Redis, unheard. */
static void
let_redis_run(void)
{
	unsigned i;

	turn();
	for (i = 0; i < 3; i++)
		redis_do(&redis, "PING");
}

/* Commits that change nothing that is compared, done by Redis, unheard, and
 * sent again: applied once. */
static void
test_repeated_commits(void **state UNUSED)
{
	struct store_frame f = { 'A', ABSENT, S("saved") };
	struct store_snapshot none = expect(NULL, NULL, NULL);
	struct store_change c = change(NULL, NULL, NULL);
	struct answer a = { 0 }, w = { 0 };
	unsigned round, i;

	do_join(&peers[0], room_a, "1", "ann", false, &a);
	do_join(&peers[1], room_a, "2", "bob", false, &w);
	memset(&a, 0, sizeof(a));
	c.frames = &f;
	c.n_frames = 1;
	for (round = 1; round <= 5; round++) {
		for (i = 0; i < 10; i++)
			store_commit(peers[0].store, room_a, &none, &c, NULL,
			    0, on_reply, &a);
		let_redis_run();
		assert_int_equal(redis_int(&redis,
		    "HINCRBY collabd:room:e:app/model/1 seq 0"), 10 * round);
		redis_link_drop(peers[0].store->commands, "test");
		assert_int_equal(a.n, 10 * (round - 1));
		wait_for(base, a.n == 10 * round);
		assert_int_equal(a.status, STORE_OK);
	}
	assert_int_equal(a.seq, 50);
	fence(&peers[1], room_a, "2");
	assert_int_equal(count_events(&peers[1], "A:saved"), 50);
	assert_int_equal(peers[1].gaps, 0);
	assert_int_equal(peers[0].downs, 5);
	assert_int_equal(peers[0].ups, 6);
	assert_int_equal(peers[0].fresh_ups, 1);
	assert_int_equal(counters_get(shm, peers[0].slot,
	    COUNTER_REDIS_RETRIES), 50);
	assert_int_equal(counters_get(shm, peers[0].slot,
	    COUNTER_REDIS_RECONNECTS), 5);
}

/* A gated commit that got through is not answered "gated" to its repeat. */
static void
test_repeated_gate(void **state UNUSED)
{
	struct store_snapshot none = expect(NULL, NULL, NULL);
	struct store_change c = change(NULL, NULL, NULL);
	struct answer a = { 0 };

	do_join(&peers[0], room_a, "1", "ann", false, &a);
	store_commit(peers[0].store, room_a, &none, &c, "1", 15000, on_reply,
	    &a);
	let_redis_run();
	redis_link_drop(peers[0].store->commands, "test");
	wait_for(base, a.n == 2);
	assert_int_equal(a.status, STORE_OK);
	assert_int_equal(a.seq, 1);
}

/* Join, leave and join again of one user, all unheard: the order is kept, and
 * each is announced once. */
static void
test_repeated_joins(void **state UNUSED)
{
	struct store_frame f = { 'A', ABSENT, S("joined") };
	struct store_frame g = { 'A', ABSENT, S("left") };
	struct store_snapshot none = expect(NULL, NULL, NULL);
	struct store_change keep = change(NULL, NULL, NULL);
	struct answer j = { 0 }, l = { 0 }, w = { 0 };
	struct store_member m = member("1", "ann");

	do_join(&peers[1], room_a, "2", "bob", false, &w);
	store_join(peers[0].store, room_a, m, true, ABSENT, ABSENT, 0, &f, 1,
	    on_reply, &j);
	let_redis_run();
	redis_link_drop(peers[0].store->commands, "test");
	wait_for(base, j.n == 1);
	assert_true(j.first);
	assert_string_equal(j.members, "1=ann;2=bob;");
	fence(&peers[1], room_a, "2");
	assert_int_equal(count_events(&peers[1], "joined"), 1);

	keep.frames = &g;
	keep.n_frames = 1;
	store_leave(peers[0].store, room_a, id_of(0), S("1"), &none, &keep,
	    on_reply, &l);
	let_redis_run();
	redis_link_drop(peers[0].store->commands, "test");
	/* given while the leave waits for its repeat: must stay behind it */
	store_join(peers[0].store, room_a, m, true, ABSENT, ABSENT, 0, &f, 1,
	    on_reply, &j);
	wait_for(base, l.n == 1 && j.n == 2);
	assert_int_equal(l.status, STORE_ABSENT);
	assert_true(j.first);
	assert_string_equal(j.members, "1=ann;2=bob;");
	fence(&peers[1], room_a, "2");
	assert_int_equal(count_events(&peers[1], "joined"), 2);
	assert_int_equal(count_events(&peers[1], "left"), 1);
	assert_int_equal(peers[1].gaps, 0);
}

/* A chat message is not sent again once it may have been. */
static void
test_send_once(void **state UNUSED)
{
	struct store_frame f = { 'U', S("1"), S("hello") };
	struct answer j = { 0 }, s = { 0 };

	do_join(&peers[0], room_a, "1", "ann", false, &j);
	store_send(peers[0].store, room_a, S("1"), S("1"), &f, 1, on_reply,
	    &s);
	let_redis_run();
	redis_link_drop(peers[0].store->commands, "test");
	/* this one was never sent */
	store_send(peers[0].store, room_a, S("1"), S("1"), &f, 1, on_reply,
	    &s);
	wait_for(base, s.n == 2);
	assert_int_equal(s.status, STORE_OK);
	fence(&peers[0], room_a, "1");
	assert_int_equal(count_events(&peers[0], "hello"), 2);
}

/* Redis itself closes the connections, of either kind. */
static void
test_client_kill(void **state UNUSED)
{
	struct answer a = { 0 };

	redis_do(&redis, "CLIENT KILL TYPE normal SKIPME yes");
	wait_for(base, peers[0].ups == 2 && peers[1].ups == 2);
	redis_do(&redis, "CLIENT KILL TYPE pubsub");
	wait_for(base, peers[0].ups == 3 && peers[1].ups == 3);
	assert_int_equal(peers[0].fresh_ups, 1);
	assert_int_equal(peers[0].downs, 2);
	assert_null(store_down_reason(peers[0].store));
	do_join(&peers[0], room_a, "1", "ann", true, &a);
	fence(&peers[0], room_a, "1");
	assert_int_equal(count_events(&peers[0], "A:joined"), 1);
}

/* kill -9 with commands in flight; it comes back empty. */
static void
test_kill_and_empty(void **state UNUSED)
{
	struct answer a = { 0 }, b = { 0 }, s = { 0 };
	struct store_frame f = { 'U', S("1"), S("hello") };
	struct store_snapshot want = expect(NULL, NULL, NULL);
	struct store_change c = change("ed", NULL, NULL);
	uint64_t epoch;
	char old[STORE_ID_SIZE];

	do_join(&peers[0], room_a, "1", "ann", true, &a);
	epoch = a.epoch;
	(void)snprintf(old, sizeof(old), "%s", id_of(0));
	(void)kill(redis.pid, SIGSTOP);
	store_join(peers[0].store, room_a, member("2", "bob"), true, ABSENT,
	    ABSENT, 0, NULL, 0, on_reply, &a);
	store_send(peers[0].store, room_a, S("1"), S("1"), &f, 1, on_reply,
	    &s);
	store_commit(peers[0].store, room_a, &want, &c, NULL, 0, on_reply,
	    &b);
	turn();
	redis_kill(&redis);
	wait_for(base, peers[0].downs == 1 && peers[1].downs == 1);
	wait_for(base, s.n == 1);
	assert_int_equal(s.status, STORE_UNAVAILABLE);
	assert_non_null(store_down_reason(peers[0].store));
	redis_spawn(&redis, NULL);
	redis_connect(&redis);
	wait_for(base, a.n == 2 && b.n == 1);
	assert_int_equal(a.status, STORE_OK);
	assert_int_equal(b.status, STORE_OK);
	assert_true(a.first);
	assert_string_equal(a.members, "2=bob;");
	assert_true(a.epoch != epoch && a.epoch != 0);
	assert_int_equal(a.seq, 1);
	wait_for(base, store_is_up(peers[1].store));
	assert_int_equal(peers[0].fresh_ups, 2);
	assert_int_equal(peers[1].fresh_ups, 2);
	assert_string_not_equal(old, id_of(0));
	assert_int_equal(redis_int(&redis, "EXISTS collabd:worker:%s", old),
	    0);
	assert_int_equal(redis_int(&redis, "EXISTS collabd:worker:%s",
	    id_of(0)), 1);
	assert_int_equal(s.n, 1);
	/* under the new id everything works */
	fence(&peers[0], room_a, "2");
}

struct order {
	unsigned	n;
	unsigned	seen[100];
	struct { struct order *order; unsigned i; } who[100];
};

static void
on_unavailable(const struct store_reply *r, void *arg)
{
	unsigned i = *(unsigned *)((char *)arg + sizeof(struct order *));
	struct order *o = *(struct order **)arg;

	assert_int_equal(r->status, STORE_UNAVAILABLE);
	assert_null(r->snapshot.editor.p);
	o->seen[i]++;
	o->n++;
}

/* Redis stays away: each command fails once, none before its call returns. */
static void
test_unavailable(void **state UNUSED)
{
	static struct order o;
	unsigned i;

	memset(&o, 0, sizeof(o));
	peers[0].conf.redis_max_retries = 2;
	redis_kill(&redis);
	wait_for(base, peers[0].downs == 1);
	for (i = 0; i < 100; i++) {
		o.who[i].order = &o;
		o.who[i].i = i;
		store_load(peers[0].store, room_a, on_unavailable,
		    &o.who[i]);
	}
	assert_int_equal(o.n, 0);
	wait_for(base, o.n == 100);
	for (i = 0; i < 100; i++)
		assert_int_equal(o.seen[i], 1);
	assert_int_equal(peers[0].downs, 1);
	assert_false(store_is_up(peers[0].store));
	/* without any retry: still not before the call returns */
	peers[0].conf.redis_max_retries = 0;
	store_load(peers[0].store, room_a, on_unavailable, &o.who[0]);
	assert_int_equal(o.n, 100);
	wait_for(base, o.n == 101);
	redis_spawn(&redis, NULL);
	redis_connect(&redis);
	wait_for(base, store_is_up(peers[0].store));
}

static void
on_free_check(size_t i UNUSED, const struct store_reply *r UNUSED, void *arg)
{
	++*(unsigned *)arg;
}

static void
on_free_orphan(enum store_status status UNUSED,
    const struct store_room *rooms UNUSED, const struct slice *users UNUSED,
    size_t n UNUSED, void *arg)
{
	++*(unsigned *)arg;
}

/* Freed with commands waiting and in flight: nothing is called, nothing
 * leaks. */
static void
test_free_in_flight(void **state UNUSED)
{
	struct store_snapshot known[STORE_CHECK_ROOMS] = { 0 };
	struct store_room rooms[STORE_CHECK_ROOMS];
	struct answer a = { 0 };
	struct peer p = { 0 };
	unsigned i, round, called = 0;

	for (i = 0; i < STORE_CHECK_ROOMS; i++)
		rooms[i] = room_a;
	for (round = 0; round < 2; round++) {
		peer_conf(&p.conf);
		peer_open(&p, base, shm, url);
		if (round == 1)
			wait_for(base, store_is_up(p.store));
		store_load(p.store, room_a, on_reply, &a);
		store_check(p.store, rooms, known, STORE_CHECK_ROOMS,
		    on_free_check, &called);
		store_orphan_load(p.store, "0123456789abcdef",
		    on_free_orphan, &called);
		store_resign(p.store, 1000, NULL, NULL);
		turn();
		peer_close(&p);
		assert_int_equal(a.n + called, 0);
	}
}

/* The server is a replica for a while: it reads and does not write. */
static void
test_read_only(void **state UNUSED)
{
	struct answer a = { 0 };

	peers[0].conf.redis_max_retries = 20;
	peers[0].conf.redis_retry_delay_ms = 10;
	redis_do(&redis, "REPLICAOF 127.0.0.1 %d", free_port());
	store_join(peers[0].store, room_a, member("1", "ann"), true, ABSENT,
	    ABSENT, 0, NULL, 0, on_reply, &a);
	wait_for(base, peers[0].downs == 1);
	assert_int_equal(a.n, 0);
	redis_do(&redis, "REPLICAOF NO ONE");
	wait_for(base, a.n == 1);
	assert_int_equal(a.status, STORE_OK);
	assert_true(a.first);
}

/* --- leases ------------------------------------------------------------ */

static void
tick(struct timer *timer, unsigned times)
{
	for (; times > 0; times--) {
		timer_start(timer, 0);
		(void)event_base_loop(base, EVLOOP_NONBLOCK);
	}
}

static void
test_lease(void **state UNUSED)
{
	struct answer a = { 0 }, b = { 0 };
	char old[STORE_ID_SIZE];

	assert_true(redis_int(&redis, "PTTL collabd:worker:%s", id_of(0)) >
	    10000);
	redis_do(&redis, "PEXPIRE collabd:worker:%s 5000", id_of(0));
	tick(peers[0].store->lease_timer, 1);
	do_load(&peers[0], room_a, &a);
	assert_true(redis_int(&redis, "PTTL collabd:worker:%s", id_of(0)) >
	    10000);
	do_join(&peers[0], room_a, "1", "ann", true, &a);
	do_join(&peers[1], room_a, "2", "bob", true, &b);

	/* lapsed, and found by the renewal */
	(void)snprintf(old, sizeof(old), "%s", id_of(0));
	redis_do(&redis, "DEL collabd:worker:%s", old);
	tick(peers[0].store->lease_timer, 1);
	wait_for(base, peers[0].ups == 2);
	assert_int_equal(peers[0].fresh_ups, 2);
	assert_int_equal(peers[0].downs, 1);
	assert_string_not_equal(old, id_of(0));
	assert_int_equal(redis_int(&redis, "PUBSUB NUMPAT"), 0);
	/* it joins again under the new id before anybody cleaned up: nothing
	 * is announced, neither then nor by the cleaning up */
	do_join(&peers[0], room_a, "1", "ann", true, &a);
	assert_false(a.first);
	do_leave(&peers[1], room_a, old, "1", expect(NULL, NULL, NULL),
	    change(NULL, NULL, NULL), &b);
	assert_int_equal(b.status, STORE_NOT_LAST);

	/* lapsed, and found by a join, which is done under the next id */
	(void)snprintf(old, sizeof(old), "%s", id_of(0));
	redis_do(&redis, "DEL collabd:worker:%s", old);
	do_join(&peers[0], room_a, "3", "cat", true, &a);
	assert_int_equal(a.status, STORE_OK);
	assert_true(a.first);
	assert_int_equal(peers[0].fresh_ups, 3);
	assert_string_not_equal(old, id_of(0));
	fence(&peers[0], room_a, "3");
	assert_int_equal(count_events(&peers[0], "+3 cat"), 1);
	assert_int_equal(count_events(&peers[0], "-1"), 0);
}

struct orphaned {
	unsigned	n;
	enum store_status status;
	size_t		pairs;
	char		keys[200][24], names[200][24], users[200][8];
};

static void
on_loaded(enum store_status status, const struct store_room *rooms,
    const struct slice *users, size_t n, void *arg)
{
	struct orphaned *o = arg;
	size_t i;

	o->n++;
	o->status = status;
	o->pairs = n;
	for (i = 0; i < n && i < 200; i++) {
		(void)snprintf(o->keys[i], sizeof(o->keys[i]), "%s",
		    rooms[i].key);
		(void)snprintf(o->names[i], sizeof(o->names[i]), "%s",
		    rooms[i].name);
		(void)snprintf(o->users[i], sizeof(o->users[i]), "%.*s",
		    (int)users[i].n, users[i].p);
	}
}

/* A worker dies in 70 rooms with two users each; two others race for it. */
static void
test_orphan(void **state UNUSED)
{
	static struct orphaned o;
	struct peer dead = { 0 };
	struct answer a = { 0 };
	char id[STORE_ID_SIZE], key[24], name[24];
	struct store_room room = { key, name };
	unsigned i, winner;

	memset(&o, 0, sizeof(o));
	start_peer(&dead);
	for (i = 0; i < 70; i++) {
		(void)snprintf(key, sizeof(key), "e:a/b/%u", i);
		(void)snprintf(name, sizeof(name), "admin_a_b_%u", i);
		do_join(&dead, room, "1", "ann", true, &a);
		do_join(&dead, room, "2", "bob", true, &a);
	}
	do_join(&peers[1], room, "2", "bob", true, &a);
	do_join(&peers[1], room, "3", "cat", true, &a);
	(void)snprintf(id, sizeof(id), "%s", store_worker_id(dead.store));
	peer_close(&dead);

	/* it has a lease yet */
	for (i = 0; i < PEERS; i++)
		tick(peers[i].store->orphan_timer, 5);
	do_load(&peers[0], room, &a);
	do_load(&peers[1], room, &a);
	assert_int_equal(peers[0].n_orphans + peers[1].n_orphans, 0);
	redis_do(&redis, "DEL collabd:worker:%s", id);
	for (i = 0; i < PEERS; i++)
		tick(peers[i].store->orphan_timer, 10);
	do_load(&peers[0], room, &a);
	do_load(&peers[1], room, &a);
	assert_int_equal(peers[0].n_orphans + peers[1].n_orphans, 1);
	winner = peers[0].n_orphans == 1 ? 0 : 1;
	assert_int_equal(strncmp(buf_str(&peers[winner].orphans), id, 16), 0);

	store_orphan_load(peers[winner].store, id, on_loaded, &o);
	assert_int_equal(o.n, 0);
	wait_for(base, o.n == 1);
	assert_int_equal(o.status, STORE_OK);
	assert_int_equal(o.pairs, 140);
	for (i = 0; i < 140; i++) {
		do_leave(&peers[winner], (struct store_room){ o.keys[i],
		    o.names[i] }, id, o.users[i], expect(NULL, NULL, NULL),
		    change(NULL, NULL, NULL), &a);
		assert_int_equal(a.status, strcmp(o.keys[i], key) == 0 &&
		    strcmp(o.users[i], "2") == 0 ? STORE_NOT_LAST : STORE_OK);
	}
	assert_int_equal(redis_int(&redis, "EXISTS collabd:worker_rooms:%s",
	    id), 0);
	store_orphan_done(peers[winner].store, id);
	do_load(&peers[winner], room, &a);
	assert_string_equal(a.members, "2=bob;3=cat;");
	assert_int_equal(redis_int(&redis, "SISMEMBER collabd:workers %s",
	    id), 0);
	assert_int_equal(redis_int(&redis, "EXISTS collabd:reap:%s", id), 0);
	assert_int_equal(counters_sum(shm, COUNTER_ORPHANS_TAKEN), 1);
	fence(&peers[1], room, "3");
	assert_int_equal(count_events(&peers[1], "-1 X1:left"), 1);
	assert_int_equal(count_events(&peers[1], "-2"), 0);
	/* nothing left of it: not even a second time */
	store_orphan_load(peers[winner].store, id, on_loaded, &o);
	wait_for(base, o.n == 2);
	assert_int_equal(o.status, STORE_OK);
	assert_int_equal(o.pairs, 0);
	/* a worker's rooms that are no set are no rooms */
	redis_do(&redis, "SET collabd:worker_rooms:%s x", id);
	store_orphan_load(peers[winner].store, id, on_loaded, &o);
	wait_for(base, o.n == 3);
	assert_int_equal(o.status, STORE_OK);
	assert_int_equal(o.pairs, 0);
}

/* A worker of this machine whose death the master saw: taken at once. */
static void
test_orphan_here(void **state UNUSED)
{
	struct peer dead = { 0 };
	struct answer a = { 0 };
	char id[STORE_ID_SIZE];
	unsigned i;
	int slot;

	start_peer(&dead);
	(void)snprintf(id, sizeof(id), "%s", store_worker_id(dead.store));
	slot = dead.slot;
	peer_close(&dead);
	assert_int_equal(redis_int(&redis, "EXISTS collabd:worker:%s", id),
	    1);
	shm_slot_release(shm, slot, true);
	for (i = 0; i < PEERS; i++)
		tick(peers[i].store->orphan_timer, 1);
	do_load(&peers[0], room_a, &a);
	do_load(&peers[1], room_a, &a);
	assert_int_equal(peers[0].n_orphans + peers[1].n_orphans, 1);
	assert_int_equal(redis_int(&redis, "EXISTS collabd:worker:%s", id),
	    0);
}

static void
on_resigned_cb(void *arg)
{
	++*(unsigned *)arg;
}

static void
test_resign(void **state UNUSED)
{
	struct answer a = { 0 }, b = { 0 };
	unsigned resigned = 0;
	int64_t left;
	char id[STORE_ID_SIZE];

	do_join(&peers[0], room_a, "1", "ann", true, &a);
	(void)snprintf(id, sizeof(id), "%s", id_of(0));
	store_resign(peers[0].store, 3000, on_resigned_cb, &resigned);
	assert_int_equal(resigned, 0);
	wait_for(base, resigned == 1);
	left = redis_int(&redis, "PTTL collabd:worker:%s", id);
	assert_true(left > 0 && left <= 3000);
	/* not renewed, and no new identity when it is over */
	tick(peers[0].store->lease_timer, 2);
	do_load(&peers[0], room_a, &a);
	assert_true(redis_int(&redis, "PTTL collabd:worker:%s", id) <= 3000);
	redis_do(&redis, "DEL collabd:worker:%s", id);
	tick(peers[0].store->lease_timer, 2);
	do_load(&peers[0], room_a, &a);
	assert_string_equal(id, id_of(0));
	assert_int_equal(peers[0].downs, 0);
	do_join(&peers[0], room_a, "9", "late", true, &a);
	assert_int_equal(a.status, STORE_UNAVAILABLE);
	/* the user is with the successor already: nobody is told */
	do_join(&peers[1], room_a, "1", "ann", true, &b);
	assert_false(b.first);
	tick(peers[1].store->orphan_timer, 5);
	wait_for(base, peers[1].n_orphans == 1);
	do_leave(&peers[1], room_a, id, "1", expect(NULL, NULL, NULL),
	    change(NULL, NULL, NULL), &b);
	assert_int_equal(b.status, STORE_NOT_LAST);

	/* Redis is away: said all the same */
	redis_kill(&redis);
	wait_for(base, peers[1].downs == 1);
	store_resign(peers[1].store, 3000, on_resigned_cb, &resigned);
	assert_int_equal(resigned, 1);
	wait_for(base, resigned == 2);
	redis_spawn(&redis, NULL);
	redis_connect(&redis);
}

/* Two sites on one Redis hear nothing of each other, every key of both has
 * the prefix, and everything of ours has an end. */
static void
test_prefix(void **state UNUSED)
{
	static const char *const prefixes[] = { "s1:", "{s2}" };
	struct answer a = { 0 }, b = { 0 };
	struct peer site[2];
	struct resp_value *all;
	size_t i;

	memset(site, 0, sizeof(site));
	for (i = 0; i < PEERS; i++) {
		store_free(peers[i].store);
		peers[i].store = NULL;
	}
	redis_do(&redis, "FLUSHALL");
	for (i = 0; i < 2; i++) {
		peer_conf(&site[i].conf);
		free(site[i].conf.redis_prefix);
		site[i].conf.redis_prefix = xstrdup(prefixes[i]);
		peer_open(&site[i], base, shm, url);
		wait_for(base, store_is_up(site[i].store));
	}
	do_join(&site[0], room_a, "1", "ann", true, &a);
	do_join(&site[1], room_a, "2", "bob", true, &b);
	assert_int_not_equal(a.epoch, b.epoch);
	assert_int_equal(b.seq, 1);
	assert_string_equal(b.members, "2=bob;");
	do_commit(&site[0], room_a, expect(NULL, NULL, NULL),
	    change("e", "1", "s"), &a);
	for (i = 0; i < 2; i++)
		tick(site[i].store->orphan_timer, 5);
	fence(&site[0], room_a, "1");
	fence(&site[1], room_a, "2");
	assert_int_equal(site[0].n_events, 3);
	assert_int_equal(site[1].n_events, 2);
	all = redis_ask(&redis, "KEYS *");
	assert_true(all->n > 10);
	for (i = 0; i < all->n; i++) {
		struct slice k = resp_text(resp_at(all, i));

		if (strncmp(k.p, "s1:", 3) != 0 && strncmp(k.p, "{s2}", 4) != 0)
			fail_msg("key without prefix: %s", k.p);
		if (redis_int(&redis, "PTTL %s", k.p) <= 0)
			fail_msg("key without an end: %s", k.p);
	}
	resp_value_free(all);
	for (i = 0; i < 2; i++) {
		assert_int_equal(site[i].n_orphans, 0);
		peer_close(&site[i]);
	}
}

/* A user whom the ACL keeps from our channels: never up, and it is said. */
static void
test_channel_refused(void **state UNUSED)
{
	char refused[160];
	struct peer p = { 0 };

	redis_do(&redis, "ACL SETUSER bob on >pw ~* +@all resetchannels");
	(void)snprintf(refused, sizeof(refused), "redis://bob:pw@127.0.0.1:%d",
	    redis.port);
	peer_conf(&p.conf);
	peer_open(&p, base, shm, refused);
	wait_for(base, store_down_reason(p.store) != NULL &&
	    strstr(store_down_reason(p.store), "channel") != NULL);
	assert_int_equal(p.ups, 0);
	redis_do(&redis, "ACL SETUSER bob allchannels");
	wait_for(base, p.ups == 1);
	peer_close(&p);
}

static void
test_bad_url(void **state UNUSED)
{
	struct peer p = { 0 };

	peer_conf(&p.conf);
	assert_null(store_new(&p.conf, "http://localhost", base, shm, 0,
	    &peer_hooks, &p));
	free(p.conf.redis_tls_ca_file);
	p.conf.redis_tls_ca_file = xstrdup("/nonexistent");
	assert_null(store_new(&p.conf, "rediss://localhost", base, shm, 0,
	    &peer_hooks, &p));
	conf_fini(&p.conf);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		with_peers(test_repeated_commits),
		with_peers(test_repeated_gate),
		with_peers(test_repeated_joins),
		with_peers(test_send_once),
		with_peers(test_client_kill),
		with_peers(test_kill_and_empty),
		with_peers(test_unavailable),
		with_peers(test_free_in_flight),
		with_peers(test_read_only),
		with_peers(test_lease),
		with_peers(test_orphan),
		with_peers(test_orphan_here),
		with_peers(test_resign),
		with_peers(test_prefix),
		with_peers(test_channel_refused),
		with_peers(test_bad_url),
	};

	log_set_level(LOG_LEVEL_ERROR);
	return (cmocka_run_group_tests(tests, NULL, NULL));
}
