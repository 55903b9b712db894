/*
 * The bare fan-out server, for the scenarios of fanout.c. It runs in a process
 * of its own, as the daemon does, and is driven by the same client. It must
 * stay the least that can be done; what it cannot do ends it: a full socket,
 * a request in pieces.
 */
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/xmalloc.h"
#include "bench/bare.h"

#define EVENTS		512
#define BATCH_MAX	64	/* frames in one send */

struct bare_server {
	pid_t	pid;
	int	port;
};

struct room {
	int	*fds;
	size_t	 n;
};

struct member {
	int		 fd;
	struct room	*room;	/* NULL until the request came */
	size_t		 have;	/* bytes of an unfinished frame */
};

struct loop {
	int		 epfd;
	int		 listener;
	struct room	*rooms;
	size_t		 rooms_n;
	size_t		 in_bytes;
	size_t		 out_bytes;	/* of one frame */
	struct buf	 out;		/* BATCH_MAX frames */
	bool		 batch;
};

static void
watch(struct loop *l, int fd, void *ptr)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.ptr = ptr };

	if (epoll_ctl(l->epfd, EPOLL_CTL_ADD, fd, &ev) == -1)
		err(1, "epoll_ctl");
}

static void
accept_some(struct loop *l)
{
	struct member *m;
	int fd, on = 1;

	while ((fd = accept4(l->listener, NULL, NULL,
	    SOCK_NONBLOCK | SOCK_CLOEXEC)) != -1) {
		(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on,
		    sizeof(on));
		m = xcalloc(1, sizeof(*m));
		m->fd = fd;
		watch(l, fd, m);
	}
}

static void
send_all(int fd, const char *p, size_t n)
{
	ssize_t sent = send(fd, p, n, MSG_NOSIGNAL);

	/* The bench closes its clients before it stops this loop. */
	if (sent == -1 && (errno == EPIPE || errno == ECONNRESET))
		return;
	if (sent != (ssize_t)n)
		err(1, "bare loop: send");
}

static void
deliver(struct loop *l, struct room *room, size_t frames)
{
	size_t k;

	for (; frames > 0; frames -= k) {
		k = !l->batch ? 1 : frames < BATCH_MAX ? frames : BATCH_MAX;
		for (size_t i = 0; i < room->n; i++)
			send_all(room->fds[i], l->out.p, k * l->out_bytes);
	}
}

static void
enter_room(struct loop *l, struct member *m, const char *head)
{
	static const char answer[] = "HTTP/1.1 101 Switching Protocols\r\n\r\n";
	size_t room;

	if (sscanf(head, "GET /%zu ", &room) != 1 || room >= l->rooms_n ||
	    strstr(head, "\r\n\r\n") == NULL)
		errx(1, "bare loop: unexpected request");
	m->room = &l->rooms[room];
	m->room->fds = xreallocarray(m->room->fds, m->room->n + 1,
	    sizeof(*m->room->fds));
	m->room->fds[m->room->n++] = m->fd;
	send_all(m->fd, answer, LITLEN(answer));
}

static void
leave_room(struct member *m)
{
	struct room *room = m->room;

	for (size_t i = 0; room != NULL && i < room->n; i++) {
		if (room->fds[i] == m->fd)
			room->fds[i] = room->fds[--room->n];
	}
	(void)close(m->fd);
	free(m);
}

static void
read_some(struct loop *l, struct member *m)
{
	char in[65536];
	ssize_t n = read(m->fd, in, sizeof(in) - 1);

	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		leave_room(m);
		return;
	}
	if (m->room == NULL) {
		in[n] = '\0';
		enter_room(l, m, in);
		return;
	}
	m->have += (size_t)n;
	deliver(l, m->room, m->have / l->in_bytes);
	m->have %= l->in_bytes;
}

static void NORETURN
run(struct loop *l)
{
	struct epoll_event ev[EVENTS];
	int n;

	if ((l->epfd = epoll_create1(EPOLL_CLOEXEC)) == -1)
		err(1, "epoll_create1");
	watch(l, l->listener, NULL);
	for (;;) {
		n = epoll_wait(l->epfd, ev, EVENTS, -1);
		for (int i = 0; i < n; i++) {
			if (ev[i].data.ptr == NULL)
				accept_some(l);
			else
				read_some(l, ev[i].data.ptr);
		}
	}
}

static int
listen_anywhere(int *port)
{
	struct sockaddr_in sin = { .sin_family = AF_INET };
	socklen_t len = sizeof(sin);
	int fd;

	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd == -1 || bind(fd, (struct sockaddr *)&sin, len) == -1 ||
	    listen(fd, 4096) == -1 ||
	    getsockname(fd, (struct sockaddr *)&sin, &len) == -1)
		err(1, "bare loop: listen");
	*port = ntohs(sin.sin_port);
	return (fd);
}

struct bare_server *
bare_start(size_t rooms, size_t in_bytes, const struct buf *out, bool batch)
{
	struct bare_server *s = xcalloc(1, sizeof(*s));
	struct loop loop = { .rooms_n = rooms, .in_bytes = in_bytes,
	    .out_bytes = out->n, .batch = batch };

	loop.listener = listen_anywhere(&s->port);
	if ((s->pid = fork()) == -1)
		err(1, "fork");
	if (s->pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
		loop.rooms = xcalloc(rooms, sizeof(*loop.rooms));
		for (int i = 0; i < BATCH_MAX; i++)
			buf_add(&loop.out, out->p, out->n);
		run(&loop);
	}
	(void)close(loop.listener);
	return (s);
}

int
bare_port(const struct bare_server *s)
{
	return (s->port);
}

void
bare_stop(struct bare_server *s)
{
	int status;

	(void)kill(s->pid, SIGTERM);
	while (waitpid(s->pid, &status, 0) == -1 && errno == EINTR)
		;
	if (!WIFSIGNALED(status))
		errx(1, "the bare loop ended by itself");
	free(s);
}
