/*
 * A Redis and PEERS stores in one loop, as so many workers would be, for each
 * test anew. Three unless the file says otherwise before it includes this.
 */
#ifndef TEST_STORE_PEERS_H
#define TEST_STORE_PEERS_H

#include "store/helpers.h"

static struct redis redis;
static struct event_base *base;
static struct shm *shm;
static char url[128];

#ifndef PEERS
#define PEERS	3
#endif
static struct peer peers[PEERS];

/* A worker more, until peer_close(). */
static void
start_peer(struct peer *p)
{
	peer_conf(&p->conf);
	peer_open(p, base, shm, url);
	wait_for(base, store_is_up(p->store));
	assert_int_equal(p->fresh_ups, 1);
}

static int
setup_peers(void **state UNUSED)
{
	struct shm_geometry geometry = { 64, 16, 8 };
	size_t i;

	redis_start(&redis, NULL);
	base = event_base_new();
	shm = shm_new(&geometry);
	(void)snprintf(url, sizeof(url), "unix://%s", redis.socket);
	for (i = 0; i < PEERS; i++)
		start_peer(&peers[i]);
	return (0);
}

static int
teardown_peers(void **state UNUSED)
{
	size_t i;

	for (i = 0; i < PEERS; i++)
		peer_close(&peers[i]);
	event_base_free(base);
	shm_free(shm);
	redis_stop(&redis);
	return (0);
}

static const char *
id_of(size_t i)
{
	return (store_worker_id(peers[i].store));
}

#define with_peers(f)							\
	cmocka_unit_test_setup_teardown(f, setup_peers, teardown_peers)

#endif
