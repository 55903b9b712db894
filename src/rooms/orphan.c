/*
 * The departures of dead workers. The store says when this worker has won the
 * right to clean up after one; its users then leave their rooms, each with an
 * operation of that room as if it left here. Unless all went through, the dead
 * worker's id is kept and the right is won again.
 */
#include <stdlib.h>

#include "base/log.h"
#include "base/xmalloc.h"
#include "rooms/room.h"

struct orphan {
	LIST_ENTRY(orphan) link;
	struct rooms	*set;
	struct room_ask	 ask;
	char		*worker_id;
	size_t		 waiting;
	bool		 is_whole;	/* every departure went through */
};

static void
free_orphan(struct orphan *orphan)
{
	LIST_REMOVE(orphan, link);
	free(orphan->worker_id);
	free(orphan);
}

void
rooms_drop_orphans(struct rooms *set)
{
	struct orphan *orphan;

	/* The analyzer does not see that LIST_REMOVE moves the head on. */
	while ((orphan = LIST_FIRST(&set->orphans)) != NULL)
		/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc) */
		free_orphan(orphan);
}

static void
end_orphan(struct orphan *orphan)
{
	const struct rooms *set = orphan->set;

	if (orphan->is_whole) {
		log_info("worker %s is gone; its users have left",
		    orphan->worker_id);
		set->ops->orphan_done(orphan->worker_id, set->arg);
	}
	free_orphan(orphan);
}

static void
on_departed(bool ok, void *arg)
{
	struct orphan *orphan = arg;

	if (!ok)
		orphan->is_whole = false;
	if (--orphan->waiting == 0)
		end_orphan(orphan);
}

void
rooms_orphan_loaded(struct room_ask *ask, enum store_status status,
    const struct store_room *list, const struct slice *user_ids, size_t n)
{
	struct orphan *orphan = ask->arg;
	struct room *room;
	size_t i;

	orphan->is_whole = status == STORE_OK;
	orphan->waiting = n + 1;	/* not over before the loop is */
	for (i = 0; i < n; i++) {
		char *id = xmemdup0(user_ids[i].p, user_ids[i].n);

		room = room_open(orphan->set, list[i].key, list[i].name);
		roomop_leave(room, id, orphan->worker_id, on_departed, orphan);
		free(id);
	}
	on_departed(true, orphan);
}

void
rooms_on_orphan(struct rooms *set, const char *worker_id)
{
	struct orphan *orphan = xcalloc(1, sizeof(*orphan));

	orphan->set = set;
	orphan->worker_id = xstrdup(worker_id);
	LIST_INSERT_HEAD(&set->orphans, orphan, link);
	orphan->ask = room_ask_for(set, NULL, orphan);
	set->ops->orphan_load(worker_id, &orphan->ask, set->arg);
}

void
rooms_each_orphan(const struct rooms *set,
    void (*fn)(const char *worker_id, size_t waiting, void *arg), void *arg)
{
	const struct orphan *orphan;

	LIST_FOREACH(orphan, &set->orphans, link)
		fn(orphan->worker_id, orphan->waiting, arg);
}
