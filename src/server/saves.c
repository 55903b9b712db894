/*
 * Following the admin's log. A timer asks for the turn (shm/turn.h); who has it
 * and has rooms open makes a round: it reads what is behind the turn's mark,
 * the newest first, a page at a time, and announces each row that Redis is not
 * known to have.
 *
 * The mark moves when Redis has said yes to all of a round, and not before: the
 * log keeps what is to be announced, no worker does. So it is announced after
 * all if Redis refuses it, if this worker dies, or if another one goes on. What
 * was announced twice, Redis tells (STORE_GATED), and nobody hears of it.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/timer.h"
#include "base/xmalloc.h"
#include "db/adminlog.h"
#include "django/logmsg.h"
#include "django/quote.h"
#include "proto/tabmsg.h"
#include "rooms/room.h"
#include "server/route.h"
#include "server/saves.h"
#include "shm/counters.h"
#include "shm/turn.h"
#include "store/store.h"

/* More than a page has, so that what is read again is mostly known. */
#define SEEN_N		(2 * (ADMINLOG_ROWS_MAX + ADMINLOG_OVERLAP))
/* What is behind this many pages was logged by a program rather than by people,
 * or long ago: it is left out, and that is said. */
#define PAGES_MAX	8
#define BACKOFF_MAX_MS	5000	/* after a refusal */

/* An announcement under way. */
struct sent {
	struct saves	*saves;
	int64_t		 id;
};

struct saves {
	const struct conf *conf;
	struct shm	*shm;
	int		 slot;
	struct store	*store;
	struct rooms	*rooms;
	struct adminlog	*log;
	struct timer	*timer;
	bool		 has_read;	/* the log, ever */
	int64_t		 mark;		/* the turn's, as far as is known here;
					 * what was seen is of that time */
	int64_t		 seen[SEEN_N];	/* ids that Redis has; a ring, 0:
					 * empty */
	size_t		 n_seen;	/* ever */

	/* The round. */
	bool		 in_round;
	unsigned	 n_pages;	/* that have come */
	int64_t		 older_id;	/* what the next page ends before */
	int64_t		 skipped;	/* by the last page */
	int64_t		 next_mark;
	struct sent	 sent[ADMINLOG_ROWS_MAX]; /* of the page */
	size_t		 n_sent;
	size_t		 n_answered;
	size_t		 n_failed;	/* of these */

	unsigned	 failures;	/* rounds, one after the other */
	int64_t		 retry_at_ms;
};

static void end_page(struct saves *saves);

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
	const struct sent *sent = arg;
	struct saves *saves = sent->saves;

	if (reply->status == STORE_OK)
		counters_add(saves->shm, saves->slot, COUNTER_SAVES_ANNOUNCED,
		    1);
	if (reply->status == STORE_OK || reply->status == STORE_GATED)
		saves->seen[saves->n_seen++ % SEEN_N] = sent->id;
	else
		saves->n_failed++;
	if (++saves->n_answered == saves->n_sent)
		end_page(saves);
}

/* Of the object's page. */
static bool
find_room(const struct saves *saves, const struct adminlog_row *row,
    struct route *route)
{
	struct buf object = { NULL, 0, 0 };
	bool ok;

	quote_add_key(&object, slice_of(row->object_id));
	ok = route_of_object(slice_of(row->app_label), slice_of(row->model),
	    (struct slice){ object.p, object.n }, &saves->conf->room_alias,
	    route);
	buf_fini(&object);
	return (ok);
}

static void
announce(struct saves *saves, const struct adminlog_row *row)
{
	struct tabmsg_who who = { row->user_id,
	    saves->conf->user_id_type == USER_ID_INTEGER, row->user_name };
	struct route route;
	struct buf fields = { NULL, 0, 0 }, save = { NULL, 0, 0 };
	struct sent *sent = &saves->sent[saves->n_sent];
	char when[CLOCK_ISO_SIZE];

	if (find_room(saves, row, &route)) {
		logmsg_add_texts(&fields, row->message);
		clock_format_iso(row->when_us, when);
		tabmsg_add_save(&save, row->id, &who, when,
		    action_name(row->action),
		    (struct slice){ fields.p, fields.n });
		store_announce(saves->store,
		    (struct store_room){ route.key, route.name }, row->id,
		    (struct slice){ save.p, save.n }, slice_of(when),
		    on_announced, sent);
		*sent = (struct sent){ saves, row->id };
		saves->n_sent++;
	}
	buf_fini(&fields);
	buf_fini(&save);
}

/* Redis took all of it, or not. */
static void
note_refusal(struct saves *saves)
{
	int64_t ms = saves->conf->redis_retry_delay_ms;
	unsigned i;

	if (saves->failures++ == 0)
		log_warn("saves are not announced, Redis takes none; they "
		    "will be when it does");
	for (i = 1; i < saves->failures && ms < BACKOFF_MAX_MS; i++)
		ms *= 2;
	saves->retry_at_ms = clock_mono_ms() +
	    (ms < BACKOFF_MAX_MS ? ms : BACKOFF_MAX_MS);
}

static void
note_success(struct saves *saves)
{
	if (saves->failures != 0)
		log_info("saves are announced again");
	saves->failures = 0;
	saves->retry_at_ms = 0;
	if (saves->skipped != 0)
		log_warn("%lld saves came at once; the oldest of them are not "
		    "announced", (long long)saves->skipped);
	if (turn_move_mark(saves->shm, saves->mark, saves->next_mark))
		saves->mark = saves->next_mark;
}

static void
on_polled(const struct adminlog_result *result, void *arg)
{
	struct saves *saves = arg;
	/* From the beginning: people were told of most of it already, and of an
	 * object's saves are told the last one alone. */
	bool is_backward = saves->mark <= 0;
	size_t i;

	if (result->status != ADMINLOG_UNAVAILABLE)
		saves->has_read = true;
	if (result->status != ADMINLOG_OK) {
		saves->in_round = false;
		return;
	}
	if (saves->n_pages++ == 0)
		saves->next_mark = result->next_id;
	saves->older_id = result->older_id;
	saves->skipped = result->skipped;
	saves->n_sent = saves->n_answered = saves->n_failed = 0;
	for (i = 0; i < result->n; i++) {
		const struct adminlog_row *row = &result->rows[is_backward ?
		    result->n - 1 - i : i];

		if (!is_seen(saves, row->id))
			announce(saves, row);
	}
	if (saves->n_sent == 0)
		end_page(saves);
}

/* All of it was answered. */
static void
end_page(struct saves *saves)
{
	if (saves->n_failed == 0 && saves->older_id != 0 &&
	    saves->n_pages < PAGES_MAX) {
		saves->in_round = adminlog_poll_start(saves->log, saves->mark,
		    saves->older_id, on_polled, saves);
		return;
	}
	saves->in_round = false;
	if (saves->n_failed != 0)
		note_refusal(saves);
	else
		note_success(saves);
}

static void
start_round(struct saves *saves)
{
	int64_t mark = turn_mark(saves->shm);

	/* Somebody else was at it, or Redis may have forgotten. */
	if (saves->mark != mark)
		memset(saves->seen, 0, sizeof(saves->seen));
	saves->mark = mark;
	saves->n_pages = 0;
	saves->in_round = adminlog_poll_start(saves->log, mark, 0, on_polled,
	    saves);
}

static void
timer_cb(void *arg)
{
	struct saves *saves = arg;
	int64_t interval_ms = saves->conf->save_poll_interval_ms;
	int64_t now_ms = clock_mono_ms();

	timer_start(saves->timer, interval_ms);
	/* The first time also without rooms: tabs must be told from the start
	 * whether saves come from the log. */
	if ((saves->rooms->n_rooms == 0 && saves->has_read) ||
	    !store_is_up(saves->store)) {
		/* Nobody here to tell, or no way to: another may. */
		turn_give(saves->shm, saves->slot);
		return;
	}
	if (turn_take(saves->shm, saves->slot, now_ms, interval_ms) &&
	    !saves->in_round && now_ms >= saves->retry_at_ms)
		start_round(saves);
}

struct saves *
saves_new(const struct conf *conf, struct event_base *base, struct shm *shm,
    int slot, struct pool *pool, struct store *store,
    struct rooms *rooms)
{
	struct saves *saves = xcalloc(1, sizeof(*saves));
	int64_t ms = conf->save_poll_interval_ms;

	saves->conf = conf;
	saves->shm = shm;
	saves->slot = slot;
	saves->store = store;
	saves->rooms = rooms;
	saves->log = adminlog_new(pool);
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

void
saves_on_up(struct saves *saves)
{
	/* While this worker could not hear of a save, Redis may have been told
	 * it, and lost it since. */
	turn_begin_anew(saves->shm);
	saves->retry_at_ms = 0;
}

bool
saves_follow_log(const struct saves *saves)
{
	return (adminlog_is_on(saves->log));
}
