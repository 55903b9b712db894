/*
 * An epoll descriptor within the loop's: the loop sees it readable while any
 * socket in it is ready.
 */
#include <sys/epoll.h>

#include <stdlib.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/log.h"
#include "base/xmalloc.h"
#include "server/watch.h"

/* Sockets a turn. The rest comes in the next one, after whatever else the loop
 * has to do: a reconnect storm does not keep Redis waiting. */
#define READY_MAX	512

struct watch {
	struct event	*ev;
	void		(*on_ready)(void *, bool, bool, void *);
	void		*arg;
	int		 fd;
	struct epoll_event ready[READY_MAX];
};

static void
ready_cb(evutil_socket_t fd, short what UNUSED, void *arg)
{
	struct watch *watch = arg;
	int i, n = epoll_wait(fd, watch->ready, READY_MAX, 0);

	for (i = 0; i < n; i++) {
		uint32_t events = watch->ready[i].events;
		bool failed = (events & (EPOLLERR | EPOLLHUP)) != 0;

		watch->on_ready(watch->ready[i].data.ptr,
		    failed || (events & EPOLLIN) != 0,
		    failed || (events & EPOLLOUT) != 0, watch->arg);
	}
}

struct watch *
watch_new(struct event_base *base,
    void (*on_ready)(void *, bool, bool, void *), void *arg)
{
	struct watch *watch = xcalloc(1, sizeof(*watch));

	watch->on_ready = on_ready;
	watch->arg = arg;
	watch->fd = epoll_create1(EPOLL_CLOEXEC);
	if (watch->fd != -1)
		watch->ev = event_new(base, watch->fd, EV_READ | EV_PERSIST,
		    ready_cb, watch);
	if (watch->ev == NULL || event_add(watch->ev, NULL) == -1) {
		watch_free(watch);
		return (NULL);
	}
	return (watch);
}

void
watch_free(struct watch *watch)
{
	if (watch == NULL)
		return;
	if (watch->ev != NULL)
		event_free(watch->ev);
	if (watch->fd != -1)
		close(watch->fd);
	free(watch);
}

static bool
control(struct watch *watch, int op, int fd, bool reads, bool writes,
    void *subject)
{
	struct epoll_event ev = { .data.ptr = subject };

	ev.events = (reads ? (uint32_t)EPOLLIN : 0) |
	    (writes ? (uint32_t)EPOLLOUT : 0);
	return (epoll_ctl(watch->fd, op, fd, &ev) == 0);
}

bool
watch_add(struct watch *watch, int fd, bool reads, bool writes, void *subject)
{
	return (control(watch, EPOLL_CTL_ADD, fd, reads, writes, subject));
}

bool
watch_change(struct watch *watch, int fd, bool reads, bool writes,
    void *subject)
{
	return (control(watch, EPOLL_CTL_MOD, fd, reads, writes, subject));
}

void
watch_remove(struct watch *watch, int fd)
{
	(void)control(watch, EPOLL_CTL_DEL, fd, false, false, NULL);
}
