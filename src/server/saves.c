/*
 * Following the admin's log. A timer asks for the turn (shm/turn.h); who has it
 * and has rooms open polls; each row that was not seen before becomes one
 * announcement. Polls overlap, so the ids of the last rows are kept.
 */
#include <stdlib.h>
#include <string.h>

#include "auth/adminlog.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/timer.h"
#include "base/xmalloc.h"
#include "django/logmsg.h"
#include "django/quote.h"
#include "proto/tabmsg.h"
#include "server/room.h"
#include "server/route.h"
#include "server/saves.h"
#include "shm/counters.h"
#include "shm/turn.h"
#include "store/store.h"

/* More than a poll can read, so that what it reads again is always known. */
#define SEEN_N		(2 * (ADMINLOG_ROWS_MAX + ADMINLOG_OVERLAP))

struct saves {
	const struct conf *conf;
	struct shm	*shm;
	int		 slot;
	struct store	*store;
	struct rooms	*rooms;
	struct adminlog	*log;
	struct timer	*timer;
	int64_t		 since_id;
	bool		 has_polled;
	int64_t		 seen[SEEN_N];	/* ids; a ring, 0: empty */
	size_t		 n_seen;	/* ever */
};

static bool
is_seen(const struct saves *saves, int64_t id)
{
	size_t i;

	for (i = 0; i < SEEN_N; i++) {
		if (saves->seen[i] == id)
			return (true);
	}
	return (false);
}

static const char *
action_name(enum adminlog_action action)
{
	switch (action) {
	case ADMINLOG_ADD:
		return ("add");
	case ADMINLOG_DELETE:
		return ("delete");
	default:
		return ("change");
	}
}

static void
on_announced(const struct store_reply *reply, void *arg)
{
	struct saves *saves = arg;

	if (reply->status == STORE_OK)
		counters_add(saves->shm, saves->slot, COUNTER_SAVES_ANNOUNCED,
		    1);
}

/* The names of the object's room, as route_parse() makes them of its URL. */
static bool
make_room(const struct adminlog_row *row, struct buf *key, struct buf *name)
{
	struct buf object = { NULL, 0, 0 };
	bool fits;

	quote_add_key(&object, slice_of(row->object_id));
	fits = object.n != 0 && object.n <= ROUTE_ID_MAX;
	if (fits) {
		buf_addf(key, "e:%s/%s/%s", row->app_label, row->model,
		    buf_str(&object));
		buf_addf(name, "admin_%s_%s_%s", row->app_label, row->model,
		    buf_str(&object));
	}
	buf_fini(&object);
	return (fits);
}

static void
announce(struct saves *saves, const struct adminlog_row *row)
{
	struct tabmsg_who who = { row->user_id,
	    saves->conf->user_id_type == USER_ID_INTEGER, row->user_name };
	struct buf key = { NULL, 0, 0 }, name = { NULL, 0, 0 };
	struct buf fields = { NULL, 0, 0 }, save = { NULL, 0, 0 };
	char when[CLOCK_ISO_SIZE];

	if (make_room(row, &key, &name)) {
		logmsg_add_texts(&fields, row->message);
		clock_format_iso(row->when_us, when);
		tabmsg_add_save(&save, row->id, &who, when,
		    action_name(row->action),
		    (struct slice){ fields.p, fields.n });
		store_announce(saves->store, (struct store_room){
		    buf_str(&key), buf_str(&name) }, row->id,
		    (struct slice){ save.p, save.n }, slice_of(when),
		    on_announced, saves);
	}
	buf_fini(&key);
	buf_fini(&name);
	buf_fini(&fields);
	buf_fini(&save);
}

static void
on_polled(const struct adminlog_result *result, void *arg)
{
	struct saves *saves = arg;
	size_t i;

	if (result->status != ADMINLOG_OK)
		return;
	if (result->skipped != 0)
		log_warn("%lld saves came at once; the oldest of them are not "
		    "announced", (long long)result->skipped);
	for (i = 0; i < result->n; i++) {
		const struct adminlog_row *row = &result->rows[i];

		if (is_seen(saves, row->id))
			continue;
		saves->seen[saves->n_seen++ % SEEN_N] = row->id;
		announce(saves, row);
	}
	saves->since_id = result->next_id;
	turn_set_mark(saves->shm, saves->since_id);
}

static void
timer_cb(void *arg)
{
	struct saves *saves = arg;
	int64_t interval_ms = saves->conf->save_poll_interval_ms;

	timer_start(saves->timer, interval_ms);
	/* The first time also without rooms: tabs must be told from the start
	 * whether saves come from the log. */
	if ((saves->rooms->n_rooms == 0 && saves->has_polled) ||
	    !store_is_up(saves->store)) {
		/* Nobody here to tell, or no way to: another may. */
		turn_give(saves->shm, saves->slot);
		return;
	}
	if (!turn_take(saves->shm, saves->slot, clock_mono_ms(), interval_ms))
		return;
	/* Where the last holder was: what it has announced is not again. */
	if (saves->since_id < turn_mark(saves->shm))
		saves->since_id = turn_mark(saves->shm);
	saves->has_polled = true;
	/* One that is under way, or was refused, answers when it does. */
	(void)!adminlog_poll_start(saves->log, saves->since_id, on_polled,
	    saves);
}

struct saves *
saves_new(const struct conf *conf, struct event_base *base, struct shm *shm,
    int slot, struct auth_pool *auth, struct store *store,
    struct rooms *rooms)
{
	struct saves *saves = xcalloc(1, sizeof(*saves));
	int64_t ms = conf->save_poll_interval_ms;

	saves->conf = conf;
	saves->shm = shm;
	saves->slot = slot;
	saves->store = store;
	saves->rooms = rooms;
	saves->log = adminlog_new(auth);
	if (ms == 0)
		return (saves);
	saves->timer = timer_new(base, timer_cb, saves);
	timer_start(saves->timer, ms);
	return (saves);
}

void
saves_free(struct saves *saves)
{
	if (saves == NULL)
		return;
	timer_free(saves->timer);
	adminlog_free(saves->log);
	free(saves);
}

bool
saves_follow_log(const struct saves *saves)
{
	return (adminlog_is_on(saves->log));
}
