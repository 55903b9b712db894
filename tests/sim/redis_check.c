/*
 * Compares the simulated Redis with a real one, byte for byte: random
 * sequences of commands, scripts and messages, whose time is set by the test
 * on both sides; and each refusal, with the real server put into that state.
 *
 *	redis_check [-b] [seed [sequences [steps]]]
 *
 * -b measures the model instead. REDIS_SERVER is the server to compare with,
 * Redis 6.0 or 7.0; redis_clock.so must be beside the program. The first
 * difference ends it with 1.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/xmalloc.h"
#include "sim/redis_check.h"
#include "store/resp.h"

#define BENCH_CALLS	200000
#define PRINTED		800	/* bytes of a command or reply */

/* Ended with the process, also by errx(). */
static struct real *started;

static void
stop_real(void)
{
	if (started != NULL)
		real_stop(started);
	started = NULL;
}

struct slice
slice_of_buf(const struct buf *b)
{
	return ((struct slice){ b->p, b->n });
}

/* A piece of it, from from on. */
static void
print_bytes(const char *label, struct slice s, size_t from)
{
	size_t i;

	(void)printf("%s%s", label, from == 0 ? "" : "...");
	for (i = from; i < s.n && i < from + PRINTED; i++)
		if (s.p[i] < ' ' || s.p[i] > '~' || s.p[i] == '\\')
			(void)printf("\\x%02x", (unsigned char)s.p[i]);
		else
			(void)putchar(s.p[i]);
	(void)printf("%s\n", i < s.n ? "..." : "");
}

void
check_compare(const struct check *c, const char *what, struct slice command,
    struct slice real, struct slice sim)
{
	size_t at = 0, from;

	while (at < real.n && at < sim.n && real.p[at] == sim.p[at])
		at++;
	if (at == real.n && at == sim.n)
		return;
	from = at < PRINTED / 2 ? 0 : at - PRINTED / 2;
	(void)printf("redis_check: %s differs: seed %llu, sequence %zu, step "
	    "%zu\n", what, (unsigned long long)c->seed, c->sequence, c->step);
	print_bytes("command: ", command, 0);
	print_bytes("real:    ", real, from);
	print_bytes("model:   ", sim, from);
	exit(1);
}

static int
compare_slices(const void *a, const void *b)
{
	const struct slice *x = a, *y = b;
	size_t n = x->n < y->n ? x->n : y->n;
	int order = memcmp(x->p, y->p, n);

	return (order != 0 ? order : x->n < y->n ? -1 : x->n > y->n);
}

/* Sorts the elements of an array. */
static void
sort_reply(struct buf *b)
{
	struct slice v[256], rest;
	struct buf sorted = { 0 };
	const char *line;
	size_t i, n = 0;

	if (b->p[0] != '*' || (line = memchr(b->p, '\n', b->n)) == NULL)
		return;
	rest = (struct slice){ line + 1, (size_t)(b->p + b->n - line) - 1 };
	buf_add(&sorted, b->p, (size_t)(line + 1 - b->p));
	while (rest.n != 0 && n < COUNT_OF(v)) {
		v[n] = (struct slice){ rest.p, resp_size(rest) };
		rest.p += v[n].n;
		rest.n -= v[n].n;
		n++;
	}
	qsort(v, n, sizeof(v[0]), compare_slices);
	for (i = 0; i < n; i++)
		buf_add(&sorted, v[i].p, v[i].n);
	buf_fini(b);
	*b = sorted;
}

void
check_set_time(struct check *c, int64_t now_ms)
{
	c->maker.now_ms = now_ms;
	*c->real.now_us = now_ms * 1000 + (int64_t)maker_below(&c->maker, 1000);
	sim_redis_set_time(c->sim, now_ms);
}

/* Where the first value begins that is no message; n if all are. */
static size_t
find_answer(const struct buf *b)
{
	static const char message[] = "*3\r\n$7\r\nmessage\r\n";
	size_t at = 0;

	while (at < b->n && b->n - at >= LITLEN(message) &&
	    memcmp(b->p + at, message, LITLEN(message)) == 0)
		at += resp_size((struct slice){ b->p + at, b->n - at });
	return (at);
}

/* What the listeners got by now: an answer to PING stands behind it. */
static void
compare_messages(struct check *c, struct slice command)
{
	struct buf ping = { 0 }, real = { 0 };

	resp_add_header(&ping, 1);
	resp_add_str(&ping, "PING");
	real_send(c->listener_fd, &ping);
	do
		real_receive(c->listener_fd, &real, find_answer(&real));
	while (find_answer(&real) == real.n);
	sim_session_command(c->listener, slice_of_buf(&ping), &c->pushed);
	check_compare(c, "a message", command, slice_of_buf(&real),
	    slice_of_buf(&c->pushed));
	buf_reset(&c->pushed);
	buf_fini(&ping);
	buf_fini(&real);
}

void
check_run_real(int fd, const struct buf *command, struct buf *reply)
{
	struct buf unused = { 0 };

	real_send(fd, command);
	reply = reply == NULL ? &unused : reply;
	real_receive(fd, reply, reply->n);
	buf_fini(&unused);
}

void
check_run(struct check *c, const struct buf *command, bool unordered)
{
	struct buf real = { 0 }, sim = { 0 };

	check_run_real(c->fd, command, &real);
	sim_session_command(c->session, slice_of_buf(command), &sim);
	if (unordered) {
		sort_reply(&real);
		sort_reply(&sim);
	}
	check_compare(c, "a reply", slice_of_buf(command), slice_of_buf(&real),
	    slice_of_buf(&sim));
	compare_messages(c, slice_of_buf(command));
	buf_fini(&real);
	buf_fini(&sim);
}

void
check_add_words(struct buf *out, const char *text)
{
	struct buf args = { 0 };
	char *copy = xstrdup(text), *at = copy, *word, *p;
	size_t n = 0;

	while ((word = strsep(&at, " ")) != NULL) {
		for (p = word; *p != '\0'; p++)
			if (*p == '~')
				*p = ' ';
		resp_add_str(&args, strcmp(word, "_") == 0 ? "" : word);
		n++;
	}
	resp_add_header(out, n);
	buf_add(out, args.p, args.n);
	buf_fini(&args);
	free(copy);
}

void
check_words(struct check *c, const char *words)
{
	struct buf b = { 0 };

	check_add_words(&b, words);
	check_run(c, &b, false);
	buf_fini(&b);
}

void
check_tell_real(struct check *c, int fd, const char *words, const char *begin)
{
	struct buf b = { 0 }, reply = { 0 };

	check_add_words(&b, words);
	check_run_real(fd, &b, &reply);
	if (strncmp(buf_str(&reply), begin, strlen(begin)) != 0) {
		check_compare(c, "the server's state", slice_of_buf(&b),
		    slice_of_buf(&reply), slice_of(begin));
	}
	buf_fini(&b);
	buf_fini(&reply);
}

/* --- the data of both --- */

/* A command to the copy that the real server's data is put into. */
static void
copy_command(struct sim_session *s, const char *verb, struct slice key,
    const struct resp_value *v)
{
	struct buf b = { 0 }, reply = { 0 };
	size_t i, n = v->type == RESP_ARRAY ? v->n : 1;

	resp_add_header(&b, 2 + n);
	resp_add_str(&b, verb);
	resp_add_slice(&b, key);
	if (v->type == RESP_INTEGER)
		/* A millisecond more: see check_data(). */
		resp_add_int(&b, v->integer + 1);
	else if (v->type != RESP_ARRAY)
		resp_add_slice(&b, v->text);
	for (i = 0; v->type == RESP_ARRAY && i < n; i++)
		resp_add_slice(&b, v->items[i]->text);
	sim_session_command(s, slice_of_buf(&b), &reply);
	if (reply.p[0] == '-')
		errx(1, "copy: %s", buf_str(&reply));
	buf_fini(&b);
	buf_fini(&reply);
}

static struct resp_value *
ask_real(struct check *c, const char *verb, struct slice key)
{
	struct resp_reader *reader = resp_reader_new();
	struct buf b = { 0 }, reply = { 0 };
	struct resp_value *v;

	resp_add_header(&b, 2);
	resp_add_str(&b, verb);
	resp_add_slice(&b, key);
	check_run_real(c->fd, &b, &reply);
	if (!resp_reader_feed(reader, reply.p, reply.n) ||
	    !resp_reader_next(reader, &v) || v == NULL)
		errx(1, "no answer to %s", verb);
	resp_reader_free(reader);
	buf_fini(&b);
	buf_fini(&reply);
	return (v);
}

static void
copy_key(struct check *c, struct sim_session *s, struct slice key)
{
	static const char *const verbs[][3] = { { "string", "GET", "SET" },
	    { "hash", "HGETALL", "HSET" }, { "set", "SMEMBERS", "SADD" } };
	struct resp_value *type = ask_real(c, "TYPE", key), *v;
	size_t i;

	for (i = 0; i < COUNT_OF(verbs); i++) {
		if (!slice_is(type->text, verbs[i][0]))
			continue;
		v = ask_real(c, verbs[i][1], key);
		copy_command(s, verbs[i][2], key, v);
		resp_value_free(v);
		v = ask_real(c, "PTTL", key);
		if (v->integer >= 0)
			copy_command(s, "PEXPIRE", key, v);
		resp_value_free(v);
	}
	resp_value_free(type);
}

static void
select_db(struct check *c, struct sim_session *s, const char *words)
{
	struct buf b = { 0 }, reply = { 0 };

	check_add_words(&b, words);
	check_run_real(c->fd, &b, NULL);
	sim_session_command(s, slice_of_buf(&b), &reply);
	buf_reset(&reply);
	sim_session_command(c->session, slice_of_buf(&b), &reply);
	buf_fini(&b);
	buf_fini(&reply);
}

/*
 * Puts the data of the real server into a second model and compares what the
 * two print. The copy's clock is a millisecond behind, because a key can be
 * given no end that is now, though it can be at its last millisecond.
 */
void
check_data(struct check *c)
{
	const struct sim_redis_options options = { .version =
	    c->real.version };
	struct sim_redis *copy = sim_redis_new(&options);
	struct sim_session *s = sim_session_open(copy, NULL, NULL);
	struct buf real = { 0 }, sim = { 0 };
	char select[32];
	struct resp_value *keys;
	size_t i, k;

	sim_redis_set_time(copy, c->maker.now_ms - 1);
	for (i = 16; i-- > 0;) {
		(void)snprintf(select, sizeof(select), "SELECT %zu", i);
		select_db(c, s, select);
		keys = ask_real(c, "KEYS", SLICE_LIT("*"));
		for (k = 0; k < keys->n; k++)
			copy_key(c, s, keys->items[k]->text);
		resp_value_free(keys);
	}
	sim_redis_dump(copy, &real);
	sim_redis_dump(c->sim, &sim);
	check_compare(c, "the data", SLICE_LIT("(all keys)"),
	    slice_of_buf(&real), slice_of_buf(&sim));
	sim_redis_free(copy);
	buf_fini(&real);
	buf_fini(&sim);
}

/* --- random sequences --- */

static void
run_sequence(struct check *c, size_t steps)
{
	static const int64_t leaps[] = { 0, 0, 0, 0, 0, 0, 1, 1, 2, 3, 5, 20,
	    499, 1000, 60000, 60001 };
	struct buf command = { 0 };
	bool unordered;

	check_words(c, "FLUSHALL");
	check_words(c, "SELECT 0");
	for (c->step = 0; c->step < steps; c->step++) {
		check_set_time(c, c->maker.now_ms + leaps[maker_below(&c->maker,
		    maker_below(&c->maker, 4) == 0 ? COUNT_OF(leaps) : 11)]);
		maker_next(&c->maker, &command, &unordered);
		check_run(c, &command, unordered);
		buf_reset(&command);
		if (c->step % 100 == 99)
			check_data(c);
	}
	check_data(c);
	buf_fini(&command);
}

/* --- what the real server is not needed for --- */

struct ends {
	size_t	n;
};

static void
on_close(void *arg)
{
	((struct ends *)arg)->n++;
}

static void
on_push(struct slice resp, void *arg)
{
	buf_add(arg, resp.p, resp.n);
}

static void
expect(struct check *c, struct sim_session *s, const char *words,
    const char *text)
{
	struct buf b = { 0 }, reply = { 0 };

	check_add_words(&b, words);
	sim_session_command(s, slice_of_buf(&b), &reply);
	check_compare(c, "a reply of the model", slice_of_buf(&b),
	    slice_of(text), slice_of_buf(&reply));
	buf_fini(&b);
	buf_fini(&reply);
}

/* A restart from an image, and the password. */
static void
check_restart(struct check *c)
{
	static const struct sim_session_hooks hooks = { .on_close = on_close };
	const struct sim_redis_options options = { .version = 7,
	    .password = "secret" };
	struct sim_redis *r = sim_redis_new(&options);
	struct ends ends = { 0 };
	struct sim_session *s = sim_session_open(r, &hooks, &ends);
	struct buf before = { 0 }, after = { 0 };
	char *run_id = xstrdup(sim_redis_run_id(r));
	struct sim_image *image;

	c->sequence++;
	(void)!sim_session_open(r, &hooks, &ends);
	expect(c, s, "GET k", "-NOAUTH Authentication required.\r\n");
	expect(c, s, "AUTH secret", "+OK\r\n");
	expect(c, s, "HSET h f v", ":1\r\n");
	expect(c, s, "SET k v PX 1000", "+OK\r\n");
	expect(c, s, "EVAL return~7 0", ":7\r\n");
	sim_redis_dump(r, &before);
	image = sim_redis_image(r);
	expect(c, s, "DEL h k", ":2\r\n");
	sim_redis_restart(r, image);
	sim_redis_dump(r, &after);
	check_compare(c, "an image", SLICE_LIT(""), slice_of_buf(&before),
	    slice_of_buf(&after));
	if (ends.n != 2 || strcmp(run_id, sim_redis_run_id(r)) == 0)
		errx(1, "a restart that is none");
	s = sim_session_open(r, &hooks, &ends);
	expect(c, s, "AUTH default secret", "+OK\r\n");
	expect(c, s, "EVALSHA 098fe6a1b5ee1fab2eba2e3ec7ae2fc62a3eb1f3 0",
	    "-NOSCRIPT No matching script. Please use EVAL.\r\n");
	sim_redis_restart(r, NULL);
	s = sim_session_open(r, NULL, NULL);
	expect(c, s, "AUTH secret", "+OK\r\n");
	expect(c, s, "EXISTS h k", ":0\r\n");
	sim_image_free(image);
	sim_redis_free(r);
	free(run_id);
	buf_fini(&before);
	buf_fini(&after);
}

/* Two who listen; each closes both, or none. */
struct pair {
	struct sim_session	*s[2];
	bool			 closes;
	size_t			 n;
};

static void
on_pair_push(struct slice resp UNUSED, void *arg)
{
	struct pair *pair = arg;

	pair->n++;
	if (pair->closes) {
		sim_session_close(pair->s[0]);
		sim_session_close(pair->s[1]);
	}
}

/* Sessions that end while a message is on its way. */
static void
check_close(struct check *c)
{
	static const struct sim_session_hooks hooks = { .on_push =
	    on_pair_push };
	const struct sim_redis_options options = { .version = 6 };
	struct sim_redis *r = sim_redis_new(&options);
	struct sim_session *s = sim_session_open(r, NULL, NULL);
	struct pair pair = { 0 };
	size_t i;

	c->sequence++;
	for (i = 0; i < 2; i++) {
		pair.s[i] = sim_session_open(r, &hooks, &pair);
		expect(c, pair.s[i], "SUBSCRIBE x", "*3\r\n$9\r\nsubscribe\r\n"
		    "$1\r\nx\r\n:1\r\n");
	}
	expect(c, s, "PUBLISH x y", ":2\r\n");
	pair.closes = true;
	expect(c, s, "EVAL return~{redis.call('PUBLISH','x','y'),"
	    "redis.call('PUBLISH','x','y')} 0", "*2\r\n:1\r\n:0\r\n");
	if (pair.n != 3)
		errx(1, "%zu messages for who listens", pair.n);
	sim_redis_free(r);
}

/* A large hash: in another order, the same one each time. */
static void
check_shuffle(struct check *c)
{
	const struct sim_redis_options options = { .version = 7, .seed =
	    c->seed, .shuffle = true };
	struct buf keys = { 0 }, replies[2] = { { 0 }, { 0 } };
	size_t i, k;

	c->sequence++;
	check_add_words(&keys, "HKEYS h");
	for (i = 0; i < 2; i++) {
		struct sim_redis *r = sim_redis_new(&options);
		struct sim_session *s = sim_session_open(r, NULL, NULL);

		for (k = 0; k < 600; k++) {
			char *words = xasprintf("HSET h %zu x", k);

			expect(c, s, words, ":1\r\n");
			free(words);
		}
		sim_session_command(s, slice_of_buf(&keys), &replies[i]);
		sim_redis_free(r);
	}
	check_compare(c, "an order", slice_of_buf(&keys),
	    slice_of_buf(&replies[0]), slice_of_buf(&replies[1]));
	if (strstr(buf_str(&replies[0]), "\r\n0\r\n$1\r\n1\r\n$1\r\n2\r\n") !=
	    NULL)
		errx(1, "the order of insertion");
	buf_fini(&keys);
	buf_fini(&replies[0]);
	buf_fini(&replies[1]);
}

static void
load_scripts(struct check *c)
{
	struct buf b = { 0 }, reply = { 0 };
	size_t i;

	for (i = 0; i < SCRIPTS_N; i++) {
		buf_reset(&b);
		resp_add_header(&b, 3);
		resp_add_str(&b, "SCRIPT");
		resp_add_str(&b, "LOAD");
		resp_add_str(&b, c->scripts->v[i].text);
		sim_session_command(c->session, slice_of_buf(&b), &reply);
	}
	buf_fini(&b);
	buf_fini(&reply);
}

/* A room of three users on two workers that listen. */
static void
measure(struct check *c)
{
	static const struct sim_session_hooks hooks = { .on_push = on_push };
	struct buf b = { 0 }, reply = { 0 }, pushed = { 0 };
	struct timespec from, to;
	double seconds;
	size_t i;

	sim_redis_set_time(c->sim, c->maker.now_ms);
	load_scripts(c);
	for (i = 0; i < 2; i++) {
		char *name = xasprintf("lease:%s", worker_ids[i]);
		char *set = xasprintf("SET %s 1", name);
		char *listen = xasprintf("SUBSCRIBE " CHANNEL "%s",
		    worker_ids[i]);

		expect(c, c->session, set, "+OK\r\n");
		buf_reset(&b);
		check_add_words(&b, listen);
		sim_session_command(sim_session_open(c->sim, &hooks, &pushed),
		    slice_of_buf(&b), &reply);
		free(name);
		free(set);
		free(listen);
	}
	for (i = 0; i < 4; i++) {
		buf_reset(&b);
		if (i < 3)
			maker_join(&c->maker, &b, i);
		else
			maker_commit(&c->maker, &b);
		buf_reset(&reply);
		sim_session_command(c->session, slice_of_buf(&b), &reply);
	}
	buf_reset(&b);
	maker_commit(&c->maker, &b);
	(void)clock_gettime(CLOCK_MONOTONIC, &from);
	for (i = 0; i < BENCH_CALLS; i++) {
		buf_reset(&reply);
		buf_reset(&pushed);
		sim_redis_set_time(c->sim, c->maker.now_ms +
		    (int64_t)i / 100);
		sim_session_command(c->session, slice_of_buf(&b), &reply);
	}
	(void)clock_gettime(CLOCK_MONOTONIC, &to);
	if (strstr(buf_str(&reply), "$2\r\nOK\r\n") == NULL || pushed.n == 0)
		errx(1, "the commits fail: %s", buf_str(&reply));
	seconds = (double)(to.tv_sec - from.tv_sec) +
	    (double)(to.tv_nsec - from.tv_nsec) / 1e9;
	(void)printf("%.0f commits a second\n", BENCH_CALLS / seconds);
	buf_fini(&b);
	buf_fini(&reply);
	buf_fini(&pushed);
}

/* --- both sides --- */

static void
open_sim(struct check *c, int version)
{
	static const struct sim_session_hooks hooks = { .on_push = on_push };
	const struct sim_redis_options options = { .version = version,
	    .seed = c->seed };

	c->scripts = scripts_new();
	c->sim = sim_redis_new(&options);
	c->session = sim_session_open(c->sim, NULL, NULL);
	c->listener = sim_session_open(c->sim, &hooks, &c->pushed);
	c->maker = (struct maker){ .version = version, .scripts = c->scripts,
	    .peek = sim_session_open(c->sim, NULL, NULL),
	    .now_ms = 1700000000000 };
}

static void
close_sim(struct check *c)
{
	sim_redis_free(c->sim);
	scripts_free(c->scripts);
	buf_fini(&c->pushed);
}

/* Every worker's channel is listened to. */
static void
listen_both(struct check *c)
{
	struct buf b = { 0 }, real = { 0 }, sim = { 0 };
	size_t i;

	for (i = 0; i < COUNT_OF(worker_ids); i++) {
		char *words = xasprintf("SUBSCRIBE " CHANNEL "%s",
		    worker_ids[i]);

		buf_reset(&b);
		check_add_words(&b, words);
		check_run_real(c->listener_fd, &b, &real);
		sim_session_command(c->listener, slice_of_buf(&b), &sim);
		free(words);
	}
	check_compare(c, "a subscription", slice_of_buf(&b),
	    slice_of_buf(&real), slice_of_buf(&sim));
	buf_fini(&b);
	buf_fini(&real);
	buf_fini(&sim);
}

static void
seed_maker(struct check *c)
{
	c->maker.random = (c->seed + 1) * 0x9e3779b97f4a7c15 + c->sequence;
	if (c->maker.random == 0)
		c->maker.random = 1;
}

static void
run_all(struct check *c, size_t sequences, size_t steps)
{
	real_start(&c->real);
	started = &c->real;
	(void)atexit(stop_real);
	open_sim(c, c->real.version);
	c->fd = real_connect(&c->real);
	c->listener_fd = real_connect(&c->real);
	seed_maker(c);
	check_set_time(c, c->maker.now_ms);
	listen_both(c);
	for (c->sequence = 0; c->sequence < sequences; c->sequence++) {
		seed_maker(c);
		run_sequence(c, steps);
	}
	check_states(c);
	check_restart(c);
	check_close(c);
	check_shuffle(c);
	(void)printf("redis_check: %zu passed, 0 failed\n", c->sequence);
	(void)close(c->fd);
	(void)close(c->listener_fd);
	close_sim(c);
	stop_real();
}

int
main(int argc, char **argv)
{
	struct check c = { .seed = 1 };
	bool bench = argc > 1 && strcmp(argv[1], "-b") == 0;
	size_t sequences = 100, steps = 400;

	argc -= bench;
	argv += bench;
	if (argc > 1)
		c.seed = strtoull(argv[1], NULL, 10);
	if (argc > 2)
		sequences = strtoul(argv[2], NULL, 10);
	if (argc > 3)
		steps = strtoul(argv[3], NULL, 10);
	if (bench) {
		open_sim(&c, 7);
		measure(&c);
		close_sim(&c);
	} else
		run_all(&c, sequences, steps);
	return (0);
}
