/*
 * The dump. Each part gives what it has to say of itself as numbers and words
 * (..._describe()); how that looks is decided here and nowhere else. A line is
 * one write(2) to the log, which is why there is a bound on rooms.
 */
#include <string.h>

#include "auth/auth.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "db/pool.h"
#include "rooms/room.h"
#include "rooms/roomop.h"
#include "server/client.h"
#include "server/dump.h"
#include "server/people.h"
#include "shm/budget.h"
#include "shm/region.h"
#include "store/store.h"

#define DEPARTURES	50	/* dead workers that are named */
#define SECONDS		"%lld.%03llds"
#define SECONDS_OF(ms)	(long long)((ms) / 1000), (long long)((ms) % 1000)

static const char *const kind_names[] = {
	[ROOM_EDIT] = "edit",
	[ROOM_CHAT] = "chat",
	[ROOM_MODEL] = "model",
};

static const char *const op_names[] = {
	[OP_JOIN] = "join",
	[OP_LEAVE] = "leave",
	[OP_EDIT] = "edit",
	[OP_LOAD] = "load",
	[OP_ADOPT] = "adopt",
	[OP_STATE] = "state",
	[OP_BADGES] = "badges",
	[OP_RECALL] = "recall",
};

static const char *const verb_names[] = {
	[EDIT_CLAIM] = "claim",
	[EDIT_HEARTBEAT] = "heartbeat",
	[EDIT_UPDATED] = "updated",
	[EDIT_RELEASE] = "release",
	[EDIT_ATTENTION] = "attention",
	[EDIT_ASK] = "ask",
	[EDIT_WITHDRAW] = "withdraw",
	[EDIT_HAND_OVER] = "hand_over",
	[EDIT_LATER] = "later",
	[EDIT_TAKE] = "take",
	[EDIT_REVOKE] = "revoke",
	[EDIT_IDLE] = "idle",
	[EDIT_ACTIVE] = "active",
	[EDIT_LEAVE] = "leave",
	[EDIT_TICK] = "tick",
	[EDIT_RESTORE] = "restore",
};

static const char *const slot_names[] = {
	[SHM_SLOT_FREE] = "free",
	[SHM_SLOT_STARTING] = "starting",
	[SHM_SLOT_ACCEPTING] = "accepting",
	[SHM_SLOT_DRAINING] = "draining",
};

static const char *
yes(bool is_so)
{
	return (is_so ? "yes" : "no");
}

static const char *
text(const char *s)
{
	return (s == NULL ? "" : s);
}

/* --- the worker --- */

static void
dump_worker(const struct dump_of *of)
{
	struct clients_view v;

	clients_describe(of->clients, &v);
	log_info("dump: worker id=%s slot=%d state=%s users=%zu",
	    store_worker_id(of->store), of->slot,
	    slot_names[shm_slot_state(of->shm, of->slot)],
	    people_users(of->people));
	log_info("dump: sockets=%zu reading_requests=%zu held=%zu live=%zu "
	    "closing=%zu queued_bytes=%zu", v.n, v.n_new, v.n_held, v.n_live,
	    v.n_closing, v.queued_bytes);
}

static void
dump_redis(const struct store *store)
{
	struct store_view v;
	const struct store_link_view *link;
	size_t i;

	store_describe(store, &v);
	for (i = 0; i < COUNT_OF(v.links); i++) {
		link = &v.links[i];
		log_info("dump: redis link=%s state=%s %s=" SECONDS
		    " in_flight=%zu reason=\"%s\"", link->name, link->state,
		    link->is_ready ? "up_for" : "down_for",
		    SECONDS_OF(link->for_ms), link->in_flight,
		    text(link->reason));
	}
	log_info("dump: redis up=%s leased=%s lease_left=" SECONDS
	    " suspended=%s resigned=%s generation=%016llx settled=%s "
	    "refuses_writes=\"%s\"", yes(v.is_up), yes(v.is_leased),
	    SECONDS_OF(v.lease_left_ms), yes(v.is_suspended),
	    yes(v.has_resigned), (unsigned long long)v.generation,
	    yes(v.is_settled), text(v.refusal));
	log_info("dump: redis commands waiting=%zu in_flight=%zu bytes=%zu "
	    "oldest=" SECONDS, v.n_waiting, v.n_sent, v.bytes,
	    SECONDS_OF(v.oldest_ms));
}

static void
dump_auth(const struct dump_of *of)
{
	struct auth_view v;
	struct pool_view p;

	auth_describe(of->auth, &v);
	pool_describe(of->pool, &p);
	log_info("dump: authorization healthy=%s checks=%zu jobs=%zu oldest="
	    SECONDS " rechecking=%s threads=%zu machine_connections=%u/%zu",
	    yes(p.is_healthy), v.n_checks, p.n_jobs, SECONDS_OF(p.oldest_ms),
	    yes(v.is_rechecking), p.n_threads, budget_in_use(of->shm),
	    p.max_connections);
}

/* --- departures --- */

static void
dump_departure(const char *worker_id, size_t waiting, void *arg)
{
	size_t *n = arg;

	if ((*n)++ < DEPARTURES)
		log_info("dump: taking over from=%s departures=%zu",
		    worker_id, waiting);
}

static void
dump_departures(const struct rooms *set)
{
	size_t n = 0;

	rooms_each_orphan(set, dump_departure, &n);
	if (n > DEPARTURES)
		log_info("dump: and from %zu more", n - DEPARTURES);
}

/* --- rooms --- */

static void
add_people(struct buf *b, const struct room *room)
{
	/* The macros of the tree have no const. */
	struct room_users *users =
	    (struct room_users *)(uintptr_t)&room->users;
	const struct member *m;
	struct room_user *user;
	size_t n = 0, n_present = 0, n_awaited = 0, n_members = 0;
	size_t n_unready = 0;

	RB_FOREACH(user, room_users, users) {
		n++;
		n_present += user->is_present;
		n_awaited += user->is_awaited;
	}
	TAILQ_FOREACH(m, &room->members, link) {
		n_members++;
		n_unready += m->stage != MEMBER_READY;
	}
	buf_addf(b, " sockets=%zu tabs=%u unready=%zu users=%zu present=%zu "
	    "held=%zu awaited=%zu", n_members, room->n_tabs, n_unready, n,
	    n_present, room->n_held, n_awaited);
}

static void
add_op(struct buf *b, const struct roomop *op)
{
	buf_addf(b, " under_way=%s", op_names[op->kind]);
	if (op->kind == OP_EDIT)
		buf_addf(b, "/%s", verb_names[op->verb]);
	if (op->user_id != NULL)
		buf_addf(b, " of=%s", op->user_id);
	buf_addf(b, " age=" SECONDS " tries=%u",
	    SECONDS_OF(clock_mono_ms() - op->started_ms), op->tries);
}

static void
add_line(struct buf *b, const struct room *room)
{
	size_t of_kind[COUNT_OF(op_names)] = { 0 }, n = 0, i;
	const struct roomop *op = TAILQ_FIRST(&room->ops);

	/* Joins are several at a time. */
	for (i = 0; i < room->n_busy; i++, op = TAILQ_NEXT(op, link)) {
		if (i == 0)
			add_op(b, op);
	}
	if (room->n_busy > 1)
		buf_addf(b, " and=%u", room->n_busy - 1);
	for (; op != NULL; op = TAILQ_NEXT(op, link)) {
		of_kind[op->kind]++;
		n++;
	}
	buf_addf(b, " in_line=%zu", n);
	for (i = 0; i < COUNT_OF(op_names); i++)
		if (of_kind[i] != 0)
			buf_addf(b, ",%s:%zu", op_names[i], of_kind[i]);
	n = 0;
	TAILQ_FOREACH(op, &room->aside, link)
		n++;
	buf_addf(b, " aside=%zu", n);
}

static void
dump_room(const struct room *room, struct buf *b)
{
	struct roomchat_view chat;

	buf_reset(b);
	buf_addf(b, "room=%s kind=%s at=%016llx:%llu synced=%s suspended=%s "
	    "unsettled=%s", room->key, kind_names[room->kind],
	    (unsigned long long)room->epoch, (unsigned long long)room->seq,
	    yes(room->sync == SYNC_READ), yes(room->word != WORD_TOLD),
	    yes(room->past == PAST_OPEN));
	if (room_is_back(room) || room->needs_repair)
		buf_addf(b, " link_was_lost=%s needs_repair=%s",
		    yes(room_is_back(room)), yes(room->needs_repair));
	/* Its name may be an e-mail address. */
	if (room->editor.id != NULL)
		buf_addf(b, " editor=%s", room->editor.id);
	if (room->editor.tab != NULL)
		buf_addf(b, " editors_tab=%s", room->editor.tab);
	add_people(b, room);
	add_line(b, room);
	roomchat_describe(room, &chat);
	if (chat.n_messages != 0)
		buf_addf(b, " chat_messages=%zu chat_users=%zu chat_bytes=%zu",
		    chat.n_messages, chat.n_users, chat.bytes);
	log_info("dump: %s", buf_str(b));
}

/* Whether somebody who looks for a fault wants to see it first. */
static bool
is_remarkable(const struct room *room)
{
	return (!TAILQ_EMPTY(&room->ops) || !TAILQ_EMPTY(&room->aside) ||
	    !TAILQ_EMPTY(&room->talkers) || !TAILQ_EMPTY(&room->awaited) ||
	    room->sync != SYNC_READ || room->word != WORD_TOLD ||
	    room->past != PAST_SETTLED || room->needs_repair);
}

static void
dump_rooms(const struct rooms *set)
{
	struct room_tree *tree = (struct room_tree *)(uintptr_t)&set->tree;
	struct buf b = { NULL, 0, 0 };
	struct room *room;
	size_t shown = 0;
	int round;

	log_info("dump: rooms=%zu", set->n_rooms);
	for (round = 0; round < 2; round++) {
		RB_FOREACH(room, room_tree, tree) {
			if (shown == DUMP_ROOMS ||
			    is_remarkable(room) != (round == 0))
				continue;
			dump_room(room, &b);
			shown++;
		}
	}
	if (set->n_rooms > shown)
		log_info("dump: and %zu rooms more", set->n_rooms - shown);
	buf_fini(&b);
}

void
dump_log(const struct dump_of *of)
{
	if (!log_is_on(LOG_LEVEL_INFO)) {
		log_warn("the dump that was asked for (SIGUSR2) is not "
		    "written: it needs log_level = info");
		return;
	}
	dump_worker(of);
	dump_redis(of->store);
	dump_auth(of);
	dump_departures(of->rooms);
	dump_rooms(of->rooms);
	log_info("dump: end");
}
