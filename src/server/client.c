/*
 * Connections: the set, the sockets, what is written to them, and their ends.
 * No event each, one read buffer for all: only what is unfinished is copied to
 * the connection, so an idle one owns no buffer. What is read goes to
 * clienthttp.c or clientws.c.
 *
 * Output waits in an outq. client_send() only queues and marks the connection;
 * clients_end_turn() writes each marked one with one call.
 * What the kernel does not take waits until the socket takes more. A queue that
 * grows too long or too old ends the connection with 1013.
 *
 * Every end goes through client_finish() (a goodbye is owed) or client_kill()
 * (none is), and memory is freed in clients_end_turn() only.
 */
#include <sys/resource.h>

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include <bsd/sys/queue.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/xmalloc.h"
#include "server/client_priv.h"

#define READ_SIZE	65536	/* one read; a larger message takes several */
#define FD_MARGIN	64	/* descriptors that are not clients' */
#define BYE_MS		5000	/* the peer's time to close in turn */

void
client_watch(struct client *c, bool reads, bool writes)
{
	struct watch *watch = c->set->watch;
	bool was_watched = c->is_watched;

	c->wants_write = writes;
	/* Not for nothing: a hang-up would be reported over and over. */
	c->is_watched = reads || writes;
	if (!c->is_watched) {
		if (was_watched)
			watch_remove(watch, c->fd);
	} else if (!(was_watched ?
	    watch_change(watch, c->fd, reads, writes, c) :
	    watch_add(watch, c->fd, reads, writes, c)))
		client_kill(c, "event");
}

static bool
reads_now(const struct client *c)
{
	return (c->state != CL_HOLD && c->state != CL_DEAD);
}

static void
detach(struct client *c)
{
	void *owner = c->owner;

	if (owner == NULL)
		return;
	c->owner = NULL;
	c->set->hooks->on_gone(c, owner, c->set->arg);
}

void
client_kill(struct client *c, const char *why)
{
	struct clients *set = c->set;

	if (c->state == CL_DEAD)
		return;
	log_debug("c%llu closed reason=%s", (unsigned long long)c->number, why);
	clienthttp_leave(c);
	c->state = CL_DEAD;
	wheel_remove(&set->wheel, &c->timer);
	close(c->fd);		/* which ends the watching too */
	c->fd = -1;
	c->is_watched = false;
	TAILQ_REMOVE(&set->all, c, link);
	TAILQ_INSERT_TAIL(&set->dead, c, link);
	addresses_put(set->addresses, c->address);
	c->address = NULL;
	client_count(c, COUNTER_CONNECTIONS, -1);
	detach(c);
}

static void
put_dirty(struct client *c)
{
	if (c->is_dirty)
		return;
	c->is_dirty = true;
	STAILQ_INSERT_TAIL(&c->set->dirty, c, dirty_link);
}

void
client_mark_dirty(struct client *c)
{
	if (!c->wants_write)
		put_dirty(c);
}

void
client_enqueue(struct client *c, struct frame *f)
{
	outq_add(&c->out, f);
	client_mark_dirty(c);
}

void
client_finish(struct client *c, enum ws_close_code code, const char *reason,
    bool at_once)
{
	struct buf b = { NULL, 0, 0 };

	if (c->state == CL_DEAD || c->state == CL_BYE)
		return;
	if (code != 0 && c->is_ws) {
		ws_add_close(&b, code, reason);
		client_enqueue(c, frame_new_raw((struct slice){ b.p, b.n }));
		buf_fini(&b);
	}
	clienthttp_leave(c);
	clienthttp_fini(c);
	c->state = CL_BYE;
	c->ends_after_flush = at_once;
	client_set_timer(c, BYE_MS);
	log_debug("c%llu closing code=%d reason=%s",
	    (unsigned long long)c->number, (int)code, reason);
	detach(c);
}

void
client_finish_slow(struct client *c)
{
	client_count(c, COUNTER_SLOW_DROPPED, 1);
	outq_drop(&c->out);
	client_finish(c, WS_CLOSE_TRY_LATER, "too slow", false);
}

/* One write; what it returned. */
static ssize_t
write_queue(struct client *c)
{
	ssize_t n = outq_write(&c->out, c->fd);

	if (n > 0)
		client_count(c, COUNTER_BYTES_OUT, n);
	return (n);
}

/* Before the turn's end, because a burst fills the queue: a fast reader must
 * not be taken for a slow one. An error is left to the turn's end. */
static void
write_ahead(struct client *c)
{
	while (c->out != NULL && write_queue(c) > 0)
		;
}

/* False when the kernel takes no more, or the socket died. */
static bool
write_some(struct client *c)
{
	if (write_queue(c) == -1) {
		if (errno != EAGAIN && errno != EINTR)
			client_kill(c, "write");
		return (errno == EINTR);
	}
	return (true);
}

/* The last word must not be lost to a reset: let the peer close first. Its own
 * Close cannot be read. */
static void
end_output(struct client *c)
{
	(void)shutdown(c->fd, SHUT_WR);
	client_set_timer(c, BYE_MS);
}

static void
after_flush(struct client *c)
{
	if (c->wants_write)
		client_watch(c, reads_now(c), false);
	if (c->state != CL_BYE)
		return;
	if (c->ends_after_flush)
		client_kill(c, "done");
	else if (!c->is_ws || c->is_deaf)
		end_output(c);
}

static void
flush(struct client *c)
{
	while (c->out != NULL) {
		if (!write_some(c))
			break;
	}
	if (c->state == CL_DEAD)
		return;
	if (c->out == NULL)
		after_flush(c);
	else if (!c->wants_write) {
		client_watch(c, reads_now(c), true);
		if (c->state == CL_LIVE)
			client_set_timer(c, c->set->conf->send_queue_age_ms);
	}
}

/* A single frame is sent however long it is: a large room's list of users. */
static bool
has_space(const struct client *c, size_t n)
{
	size_t bytes = outq_bytes(c->out);

	return (bytes == 0 ||
	    bytes + n <= (size_t)c->set->conf->send_queue_max);
}

void
client_send(struct client *c, struct frame *f)
{
	if (c->state != CL_LIVE)
		return;
	/* Ended in clients_end_turn(): a caller that sends to many must not
	 * see one of them vanish in the middle. */
	if (!c->is_slow && !has_space(c, f->n))
		write_ahead(c);
	if (c->is_slow || !has_space(c, f->n)) {
		c->is_slow = true;
		put_dirty(c);
		return;
	}
	client_count(c, COUNTER_FRAMES_OUT, 1);
	client_enqueue(c, frame_get(f));
}

void
client_close(struct client *c, enum ws_close_code code, const char *reason)
{
	if (c->state == CL_NEW || c->state == CL_HOLD)
		client_kill(c, reason);
	else
		client_finish(c, code, reason, false);
}

static void
read_some(struct client *c)
{
	ssize_t n = recv(c->fd, c->set->in, READ_SIZE, 0);

	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		client_kill(c, n == 0 ? "eof" : "read");
		return;
	}
	client_count(c, COUNTER_BYTES_IN, n);
	if (c->state == CL_NEW)
		clienthttp_read(c, c->set->in, (size_t)n);
	else if (c->is_ws)
		clientws_read(c, c->set->in, (size_t)n);
	/* else the rest of a request that was answered: dropped */
}

static void
on_ready(void *subject, bool readable, bool writable, void *arg UNUSED)
{
	struct client *c = subject;

	if (writable && c->wants_write && c->state != CL_DEAD)
		flush(c);
	if (readable && c->is_watched && reads_now(c))
		read_some(c);
}

static void
on_due(struct wheel_entry *entry, void *arg)
{
	struct client *c = (struct client *)(void *)((char *)entry -
	    offsetof(struct client, timer));

	(void)arg;
	switch (c->state) {
	case CL_NEW:
		clienthttp_expire(c);
		break;
	case CL_LIVE:
		clientws_due(c);
		break;
	case CL_BYE:
		client_kill(c, "no close");
		break;
	default:
		break;
	}
}

/* As configured, but never so many that the process has no descriptor left
 * for the database, Redis and its log. */
static size_t
max_connections(const struct conf *conf)
{
	struct rlimit lim;
	size_t max = (size_t)conf->max_connections;

	if (getrlimit(RLIMIT_NOFILE, &lim) == 0 &&
	    lim.rlim_cur != RLIM_INFINITY && max + FD_MARGIN > lim.rlim_cur)
		max = lim.rlim_cur > FD_MARGIN * 2 ?
		    (size_t)lim.rlim_cur - FD_MARGIN : FD_MARGIN;
	return (max);
}

struct clients *
clients_new(const struct conf *conf, struct event_base *base, struct shm *shm,
    int slot, const struct client_hooks *hooks, void *arg)
{
	struct clients *set = xcalloc(1, sizeof(*set));

	set->conf = conf;
	set->shm = shm;
	set->slot = slot;
	set->hooks = hooks;
	set->arg = arg;
	set->in = xmalloc(READ_SIZE);
	if ((set->watch = watch_new(base, on_ready, set)) == NULL)
		log_fatal("no descriptor for the clients");
	set->addresses = addresses_new(conf);
	set->max = max_connections(conf);
	TAILQ_INIT(&set->all);
	STAILQ_INIT(&set->dirty);
	TAILQ_INIT(&set->dead);
	wheel_init(&set->wheel, clock_mono_ms());
	return (set);
}

void
clients_free(struct clients *set)
{
	struct client *c;

	while ((c = TAILQ_FIRST(&set->all)) != NULL)
		client_kill(c, "shutdown");
	clients_end_turn(set);
	addresses_free(set->addresses);
	watch_free(set->watch);
	free(set->in);
	free(set);
}

size_t
clients_count(const struct clients *set)
{
	return (set->n);
}

void
clients_describe(const struct clients *set, struct clients_view *view)
{
	const struct client *c;

	memset(view, 0, sizeof(*view));
	view->n = set->n;
	TAILQ_FOREACH(c, &set->all, link) {
		view->n_new += c->state == CL_NEW;
		view->n_held += c->state == CL_HOLD;
		view->n_live += c->state == CL_LIVE;
		view->n_closing += c->state == CL_BYE;
		view->queued_bytes += outq_bytes(c->out);
	}
}

bool
clients_has_room(const struct clients *set)
{
	return (set->n < set->max &&
	    set->n_new < (size_t)set->conf->max_handshakes);
}

void
clients_add(struct clients *set, int fd, const struct sockaddr_storage *peer,
    bool is_ops)
{
	struct client *c = xcalloc(1, sizeof(*c));

	c->set = set;
	c->fd = fd;
	c->number = ++set->next_number;
	c->is_ops = is_ops;
	TAILQ_INSERT_TAIL(&set->all, c, link);
	set->n++;
	client_count(c, COUNTER_CONNECTIONS, 1);
	clienthttp_start(c, peer);
}

static void
free_client(struct client *c)
{
	clienthttp_fini(c);
	outq_free(&c->out);
	clientws_fini(c);
	free(c);
}

void
clients_end_turn(struct clients *set)
{
	struct client *c;

	while ((c = STAILQ_FIRST(&set->dirty)) != NULL) {
		STAILQ_REMOVE_HEAD(&set->dirty, dirty_link);
		c->is_dirty = false;
		if (c->state == CL_DEAD)
			continue;
		if (c->head != NULL && c->state == CL_LIVE)
			clienthttp_give_early(c);
		if (c->is_slow && c->state == CL_LIVE)
			client_finish_slow(c);
		if (c->state != CL_DEAD)
			flush(c);
	}
	while ((c = TAILQ_FIRST(&set->dead)) != NULL) {
		TAILQ_REMOVE(&set->dead, c, link);
		set->n--;
		free_client(c);
	}
}

void
clients_tick(struct clients *set, int64_t now_ms)
{
	wheel_run(&set->wheel, now_ms, on_due, set);
}

size_t
clients_close_some(struct clients *set, size_t n, enum ws_close_code code,
    const char *reason, bool is_last)
{
	struct client *c, *next;
	size_t closed = 0;

	TAILQ_FOREACH_SAFE(c, &set->all, link, next) {
		if (closed == n)
			break;
		if (c->state == CL_BYE || (c->state != CL_LIVE && !is_last))
			continue;
		if (c->state == CL_LIVE)
			client_finish(c, code, reason, false);
		else if (c->state == CL_HOLD) {
			/* Its question will not be answered here. */
			detach(c);
			clienthttp_refuse(c, 503);
		} else
			client_kill(c, reason);
		closed++;
	}
	return (closed);
}

void
client_set_owner(struct client *c, void *owner)
{
	c->owner = owner;
}

void *
client_owner(const struct client *c)
{
	return (c->owner);
}

bool
client_went_away(const struct client *c)
{
	return (c->went_away);
}

bool
client_is_live(const struct client *c)
{
	return (c->state == CL_LIVE);
}

bool
client_is_ops(const struct client *c)
{
	return (c->is_ops);
}

uint64_t
client_number(const struct client *c)
{
	return (c->number);
}
