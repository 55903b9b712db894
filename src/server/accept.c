/*
 * Accepting. All workers poll the same sockets, level-triggered: a connection
 * wakes each idle worker, the first takes it, and none is lost with a worker.
 * A worker takes at most ACCEPTS_A_TURN and then serves its clients. One that
 * holds clearly more connections than the others, or has no room, looks away
 * for PAUSE_MS.
 *
 * When descriptors run out, a reserve descriptor is given up to accept and
 * close one connection, so that the peer learns of it and the queue moves.
 */
#include <sys/socket.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/log.h"
#include "base/xmalloc.h"
#include "server/accept.h"

#define ACCEPTS_A_TURN	8
#define PAUSE_MS	20

struct listener {
	struct acceptor	*acceptor;
	struct event	*ev;
	bool		 is_ops;
};

struct acceptor {
	struct event_base *base;
	struct shm	*shm;
	int		 slot;
	struct clients	*clients;
	struct listener	*listeners;
	size_t		 n;
	struct event	*resume;
	int		 reserve;	/* descriptor, or -1 */
};

static int
open_reserve(void)
{
	return (open("/dev/null", O_RDONLY | O_CLOEXEC));
}

/* Health and metrics are answered also by a full worker, as long as there are
 * descriptors. */
static void
pause_for_a_while(struct acceptor *a, bool ops_too)
{
	struct timeval tv = { 0, PAUSE_MS * 1000 };
	size_t i;

	for (i = 0; i < a->n; i++) {
		if (ops_too || !a->listeners[i].is_ops)
			event_del(a->listeners[i].ev);
	}
	event_add(a->resume, &tv);
}

static void
resume_cb(evutil_socket_t fd, short what, void *arg)
{
	struct acceptor *a = arg;
	size_t i;

	(void)fd;
	(void)what;
	if (a->reserve == -1)
		a->reserve = open_reserve();
	for (i = 0; i < a->n; i++)
		event_add(a->listeners[i].ev, NULL);
}

/* Out of descriptors: turns one connection away, if the reserve is there. */
static void
turn_away(struct acceptor *a, int listen_fd)
{
	int fd;

	log_warn_limited("out of file descriptors: raise the limit "
	    "(LimitNOFILE= or ulimit -n)");
	if (a->reserve == -1)
		return;
	close(a->reserve);
	if ((fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC)) != -1)
		close(fd);
	a->reserve = open_reserve();
}

static void
accept_cb(evutil_socket_t listen_fd, short what, void *arg)
{
	struct listener *l = arg;
	struct acceptor *a = l->acceptor;
	struct sockaddr_storage peer;
	socklen_t len;
	int i, fd;

	(void)what;
	for (i = 0; i < ACCEPTS_A_TURN; i++) {
		if (!l->is_ops && (!clients_has_room(a->clients) ||
		    shm_is_crowded(a->shm, a->slot))) {
			pause_for_a_while(a, false);
			return;
		}
		memset(&peer, 0, sizeof(peer));
		len = sizeof(peer);
		fd = accept4(listen_fd, (struct sockaddr *)&peer, &len,
		    SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (fd != -1) {
			clients_add(a->clients, fd, &peer, l->is_ops);
			continue;
		}
		if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
		    errno == ENOMEM) {
			turn_away(a, listen_fd);
			pause_for_a_while(a, true);
		}
		return;	/* EAGAIN: another worker had it; or a dead peer */
	}
}

struct acceptor *
acceptor_new(struct event_base *base, struct shm *shm, int slot,
    struct clients *clients, const struct server_listener *listeners, size_t n)
{
	struct acceptor *a = xcalloc(1, sizeof(*a));
	size_t i;

	a->base = base;
	a->shm = shm;
	a->slot = slot;
	a->clients = clients;
	a->reserve = open_reserve();
	a->listeners = xcalloc(n, sizeof(*a->listeners));
	a->resume = event_new(base, -1, 0, resume_cb, a);
	ASSERT(a->resume != NULL);
	for (i = 0; i < n; i++) {
		struct listener *l = &a->listeners[a->n++];

		l->acceptor = a;
		l->is_ops = listeners[i].is_ops;
		l->ev = event_new(base, listeners[i].fd, EV_READ | EV_PERSIST,
		    accept_cb, l);
		ASSERT(l->ev != NULL);
		event_add(l->ev, NULL);
	}
	return (a);
}

void
acceptor_free(struct acceptor *a)
{
	size_t i;

	if (a == NULL)
		return;
	for (i = 0; i < a->n; i++)
		event_free(a->listeners[i].ev);
	event_free(a->resume);
	if (a->reserve != -1)
		close(a->reserve);
	free(a->listeners);
	free(a);
}
