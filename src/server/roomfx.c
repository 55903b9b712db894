/*
 * What the rooms want done, done: counted in the shared memory, written to the
 * audit log, asked of the loop. Whatever comes back goes in with the time.
 */
#include <stdlib.h>

#include "base/clock.h"
#include "base/timer.h"
#include "base/xmalloc.h"
#include "proto/wsframe.h"
#include "server/audit.h"
#include "server/client.h"
#include "server/effects.h"
#include "server/room.h"
#include "server/roomfx.h"
#include "shm/counters.h"

struct roomfx {
	const struct conf	*conf;
	struct shm		*shm;
	int			 slot;
	struct store		*store;
	struct people		*people;
	struct audit		*audit;
	struct saves		*saves;
	struct timer		*timer;
	struct rooms		*rooms;
};

/* --- effects --- */

static const enum counter counters[] = {
	[COUNT_ROOMS] = COUNTER_ROOMS,
	[COUNT_USERS] = COUNTER_USERS,
	[COUNT_OPERATIONS] = COUNTER_OPERATIONS,
	[COUNT_CHATS] = COUNTER_CHATS,
	[COUNT_RESYNCS] = COUNTER_RESYNCS,
	[COUNT_CLAIMS_GRANTED] = COUNTER_CLAIMS_GRANTED,
	[COUNT_CLAIMS_REFUSED] = COUNTER_CLAIMS_REFUSED,
	[COUNT_CLAIMS_PENDING] = COUNTER_CLAIMS_PENDING,
	[COUNT_LOCKS_HANDED_OVER] = COUNTER_LOCKS_HANDED_OVER,
	[COUNT_LOCKS_TAKEN_OVER] = COUNTER_LOCKS_TAKEN_OVER,
	[COUNT_LOCKS_FORCED] = COUNTER_LOCKS_FORCED,
	[COUNT_OVER_RATE] = COUNTER_OVER_RATE,
	[COUNT_BAD_JSON] = COUNTER_BAD_JSON,
	[COUNT_BAD_NOT_OBJECT] = COUNTER_BAD_NOT_OBJECT,
	[COUNT_BAD_NO_TYPE] = COUNTER_BAD_NO_TYPE,
	[COUNT_BAD_UNKNOWN_TYPE] = COUNTER_BAD_UNKNOWN_TYPE,
};
_Static_assert(COUNT_OF(counters) == COUNTS, "each is a counter");

static void
fx_count(enum room_count what, int64_t n, void *arg)
{
	const struct roomfx *fx = arg;

	counters_add(fx->shm, fx->slot, counters[what], n);
}

static void
fx_audit(struct slice lines, void *arg)
{
	audit_write(((struct roomfx *)arg)->audit, lines);
}

static void
fx_close(struct member *m, enum room_close why, void *arg UNUSED)
{
	if (why == CLOSE_ENDED)
		client_close(m->client, WS_CLOSE_SESSION_ENDED,
		    "the session has ended");
	else
		client_close(m->client, WS_CLOSE_UNVERIFIED,
		    "the session cannot be verified");
}

static void
fx_wake(int64_t in_ms, void *arg)
{
	timer_start(((struct roomfx *)arg)->timer, in_ms);
}

static const struct rooms_ops ops = {
	.count = fx_count,
	.audit = fx_audit,
	.close = fx_close,
	.wake = fx_wake,
};

/* --- inputs --- */

struct rooms *
roomfx_rooms(const struct roomfx *fx)
{
	return (fx->rooms);
}

struct rooms *
roomfx_now(struct roomfx *fx)
{
	return (fx->rooms);
}

static void
timer_cb(void *arg)
{
	rooms_on_time(roomfx_now(arg));
}

struct roomfx *
roomfx_new(const struct conf *conf, struct event_base *base, struct shm *shm,
    int slot, struct people *people)
{
	struct roomfx *fx = xcalloc(1, sizeof(*fx));

	fx->conf = conf;
	fx->shm = shm;
	fx->slot = slot;
	fx->people = people;
	fx->timer = timer_new(base, timer_cb, fx);
	fx->rooms = rooms_new(conf, shm, slot, people, &ops, fx);
	return (fx);
}

void
roomfx_attach(struct roomfx *fx, struct store *store, struct audit *audit,
    struct saves *saves)
{
	fx->store = store;
	fx->audit = audit;
	fx->saves = saves;
	fx->rooms->store = store;
	fx->rooms->saves = saves;
}

void
roomfx_free(struct roomfx *fx)
{
	rooms_free(fx->rooms);
	timer_free(fx->timer);
	free(fx);
}
