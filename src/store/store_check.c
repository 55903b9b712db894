/*
 * The slow check: one script for STORE_CHECK_ROOMS rooms at most, so that it
 * does not hold Redis up for long and its reply does not grow without bound.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/xmalloc.h"
#include "store/store_priv.h"

struct check_job {
	void	(*cb)(size_t, const struct store_reply *, void *);
	void	*arg;
	size_t	 n;		/* rooms */
};

static void
abandon_check(struct store_op *op)
{
	free(op->job);
}

/* One differing room: its index in the script, and what answer() gives. */
static bool
report(const struct check_job *job, const struct resp_value *index,
    const struct resp_value *answer)
{
	struct store_member *members;
	struct store_reply reply;
	int64_t bad;

	if (index->type != RESP_INTEGER || index->integer < 0 ||
	    (size_t)index->integer >= job->n)
		return (false);
	if (!store_reply_parse(answer, &reply, &members, &bad))
		return (false);
	job->cb((size_t)index->integer, &reply, job->arg);
	free(members);
	return (true);
}

static void
finish_check(struct store_op *op, const struct resp_value *v)
{
	struct check_job *job = op->job;
	struct store_reply reply;
	size_t i;

	memset(&reply, 0, sizeof(reply));
	if (v == NULL || v->type != RESP_ARRAY)
		reply.status = STORE_UNAVAILABLE;
	else
		for (i = 0; i + 1 < v->n; i += 2)
			if (!report(job, resp_at(v, i), resp_at(v, i + 1)))
				log_warn_limited("redis: strange answer to a "
				    "check");
	job->cb(job->n, &reply, job->arg);
	free(job);
}

void
store_check(struct store *store, const struct store_room *rooms,
    const struct store_snapshot *known, size_t n,
    void (*cb)(size_t, const struct store_reply *, void *), void *arg)
{
	struct store_op *op = store_op_new(store, OP_ROOM, SCRIPT_CHECK,
	    finish_check);
	struct check_job *job = xcalloc(1, sizeof(*job));
	char epoch[STORE_EPOCH_SIZE];
	size_t i;

	ASSERT(n <= STORE_CHECK_ROOMS);
	job->cb = cb;
	job->arg = arg;
	job->n = n;
	op->job = job;
	op->abandon = abandon_check;
	keys_add_workers(&store->keys, &op->args);
	op->n_args++;
	for (i = 0; i < n; i++) {
		keys_add_room(&store->keys, &op->keys, rooms[i]);
		op->n_keys += KEYS_OF_ROOM;
		store_op_arg_str(op, store_epoch_text(known[i].epoch, epoch));
		store_op_arg_int(op, (int64_t)known[i].seq);
		store_op_arg_opt(op, known[i].editor);
		store_op_arg_room(op, rooms[i]);
	}
	store_op_submit(op);
}
