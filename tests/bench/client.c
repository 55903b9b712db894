/*
 * The websocket clients. Each scenario makes one struct client and drives it
 * with client_turn(). It must never cost more than the reading itself: frames
 * are walked in the read buffer, and only an unfinished one is copied to its
 * connection. It knows RFC 6455 as far as a well-behaved server uses it:
 * unfragmented text, ping and close; anything else ends the bench, since a
 * number measured on a broken stream is worth nothing.
 *
 * Source addresses go round 127.0.0.1 to 127.0.0.16, because one address has
 * no more than some 28,000 ports to one destination.
 */
#include <sys/epoll.h>
#include <sys/socket.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/xmalloc.h"
#include "bench/client.h"
#include "proto/wsframe.h"

#define READ_BYTES	(256 * 1024)
#define FRAME_MAX	(16 * 1024 * 1024)	/* longer is a broken stream */
#define EVENTS		512	/* a turn's worth */
#define SOURCES		16

#define WS_OP_TEXT		0x1
#define WS_OP_CLOSE	0x8
#define WS_OP_PING		0x9
#define WS_OP_PONG		0xa

struct client {
	int		 epfd;
	int		 port;
	const struct client_hooks *hooks;
	void		*arg;
	size_t		 live;
	unsigned	 source;	/* of the next connection */
	int64_t		 now_us;
	struct conn	*dead;
	struct conn	**conns;	/* all live ones, in no order */
	size_t		 conns_cap;
	char		*in;		/* READ_BYTES, shared by all */
};

static const unsigned char mask[4] = { 0x5a, 0xc3, 0x17, 0x9e };

struct client *
client_new(int port, const struct client_hooks *hooks, void *arg)
{
	struct client *c = xcalloc(1, sizeof(*c));

	c->port = port;
	c->hooks = hooks;
	c->arg = arg;
	c->in = xmalloc(READ_BYTES);
	c->now_us = clock_mono_us();
	if ((c->epfd = epoll_create1(EPOLL_CLOEXEC)) == -1)
		err(1, "epoll_create1");
	return (c);
}

static void
reap_dead(struct client *c)
{
	struct conn *conn;

	while ((conn = c->dead) != NULL) {
		c->dead = conn->next_dead;
		buf_fini(&conn->rest);
		free(conn->head);
		free(conn);
	}
}

void
client_free(struct client *c)
{
	while (c->live > 0)
		conn_close(c->conns[c->live - 1]);
	reap_dead(c);
	(void)close(c->epfd);
	free(c->conns);
	free(c->in);
	free(c);
}

/* A non-blocking socket whose connect is under way. */
static int
open_socket(struct client *c)
{
	struct sockaddr_in sin = { .sin_family = AF_INET };
	int fd, on = 1;

	fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd == -1)
		err(1, "socket");
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	/* The port is chosen at connect, when the destination is known. */
	(void)setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on,
	    sizeof(on));
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK + c->source);
	c->source = (c->source + 1) % SOURCES;
	if (bind(fd, (struct sockaddr *)&sin, sizeof(sin)) == -1)
		err(1, "bind");
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	sin.sin_port = htons((uint16_t)c->port);
	if (connect(fd, (struct sockaddr *)&sin, sizeof(sin)) == -1 &&
	    errno != EINPROGRESS)
		err(1, "connect");
	return (fd);
}

static char *
make_head(const struct client *c, const char *path, const char *session,
    const char *protocol)
{
	/* The key is RFC 6455's example; nobody checks its freshness. */
	return (xasprintf("GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n"
	    "Connection: Upgrade\r\nUpgrade: websocket\r\n"
	    "Sec-WebSocket-Version: 13\r\n"
	    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
	    "Origin: http://127.0.0.1:%d\r\n%s%s%s%s%s%s\r\n", path, c->port,
	    c->port, session == NULL ? "" : "Cookie: sessionid=",
	    session == NULL ? "" : session, session == NULL ? "" : "\r\n",
	    protocol == NULL ? "" : "Sec-WebSocket-Protocol: ",
	    protocol == NULL ? "" : protocol, protocol == NULL ? "" : "\r\n"));
}

struct conn *
client_open(struct client *c, const char *path, const char *session, size_t id)
{
	return (client_open_as(c, path, session, NULL, id));
}

struct conn *
client_open_as(struct client *c, const char *path, const char *session,
    const char *protocol, size_t id)
{
	struct epoll_event ev = { .events = EPOLLOUT };
	struct conn *conn = xcalloc(1, sizeof(*conn));

	conn->client = c;
	conn->id = id;
	conn->head = make_head(c, path, session, protocol);
	conn->fd = open_socket(c);
	ev.data.ptr = conn;
	if (epoll_ctl(c->epfd, EPOLL_CTL_ADD, conn->fd, &ev) == -1)
		err(1, "epoll_ctl");
	if (c->live == c->conns_cap) {
		c->conns_cap = c->conns_cap == 0 ? 1024 : c->conns_cap * 2;
		c->conns = xreallocarray(c->conns, c->conns_cap,
		    sizeof(*c->conns));
	}
	conn->slot = c->live;
	c->conns[c->live++] = conn;
	return (conn);
}

void
conn_close(struct conn *conn)
{
	struct client *c = conn->client;

	if (conn->state == CONN_DEAD)
		return;
	conn->state = CONN_DEAD;
	(void)close(conn->fd);
	conn->fd = -1;
	c->conns[conn->slot] = c->conns[--c->live];
	c->conns[conn->slot]->slot = conn->slot;
	conn->next_dead = c->dead;
	c->dead = conn;
}

/* The peer ended it. */
static void
lose(struct conn *conn, int status)
{
	struct client *c = conn->client;

	conn_close(conn);
	c->hooks->on_close(conn, status, c->arg);
}

void
conn_send(struct conn *conn, const void *p, size_t n)
{
	ssize_t sent = send(conn->fd, p, n, MSG_NOSIGNAL);

	if (sent == -1 && (errno == EPIPE || errno == ECONNRESET))
		return;		/* the read that follows says so */
	if (sent == -1)
		err(1, "send");
	if ((size_t)sent != n)
		errx(1, "a socket's send buffer is full");
}

static void
add_masked(struct buf *out, unsigned op, const char *p, size_t n)
{
	char *to;

	buf_add_char(out, (char)(0x80 | op));
	if (n < 126) {
		buf_add_char(out, (char)(0x80 | n));
	} else {
		buf_add_char(out, (char)(0x80 | 126));
		buf_add_char(out, (char)(n >> 8));
		buf_add_char(out, (char)(n & 0xff));
	}
	buf_add(out, mask, sizeof(mask));
	to = buf_reserve(out, n);
	for (size_t i = 0; i < n; i++)
		to[i] = (char)((unsigned char)p[i] ^ mask[i % 4]);
	out->n += n;
}

void
client_add_frame(struct buf *out, const char *text)
{
	size_t n = strlen(text);

	if (n > 0xffff)
		errx(1, "frame too long");
	add_masked(out, WS_OP_TEXT, text, n);
}

static void
pong(struct conn *conn, struct slice payload)
{
	struct buf out = { 0 };

	add_masked(&out, WS_OP_PONG, payload.p, payload.n);
	conn_send(conn, out.p, out.n);
	buf_fini(&out);
}

/* The length of the frame at the start of n bytes, or 0 if it is unfinished. */
static size_t
walk_frame(const char *p, size_t n, struct slice *payload)
{
	const unsigned char *u = (const unsigned char *)p;
	uint64_t length;
	size_t head = 2;

	if (n < 2)
		return (0);
	length = u[1] & 0x7f;
	if (length >= 126) {
		head = length == 126 ? 4 : 10;
		if (n < head)
			return (0);
		length = 0;
		for (size_t i = 2; i < head; i++)
			length = length << 8 | u[i];
	}
	if ((u[0] & 0xf0) != 0x80 || (u[1] & 0x80) != 0 || length > FRAME_MAX)
		errx(1, "the server sent what this client does not read");
	if (n - head < length)
		return (0);
	*payload = (struct slice){ p + head, (size_t)length };
	return (head + (size_t)length);
}

/* Handles whole frames and returns how many bytes they were. */
static size_t
take_frames(struct conn *conn, const char *p, size_t n)
{
	struct client *c = conn->client;
	struct slice payload;
	size_t used = 0, k;

	while (conn->state == CONN_OPEN &&
	    (k = walk_frame(p + used, n - used, &payload)) != 0) {
		switch (p[used] & 0x0f) {
		case WS_OP_TEXT:
			conn->texts++;
			c->hooks->on_text(conn, payload, c->arg);
			break;
		case WS_OP_PING:
			pong(conn, payload);
			break;
		case WS_OP_CLOSE:
			lose(conn, 0);
			break;
		default:
			errx(1, "unexpected opcode");
		}
		used += k;
	}
	return (used);
}

/* The response's head, then what came behind it. */
static size_t
take_head(struct conn *conn, const char *p, size_t n)
{
	const char *end = memmem(p, n, "\r\n\r\n", 4);
	size_t used;
	int status = 0;

	if (end == NULL)
		return (0);
	if (n > 12 && memcmp(p, "HTTP/1.1 ", 9) == 0)
		status = atoi(p + 9);
	if (status != 101) {
		lose(conn, status);
		return (n);
	}
	used = (size_t)(end - p) + 4;
	conn->state = CONN_OPEN;
	conn->client->hooks->on_open(conn, conn->client->arg);
	return (used + take_frames(conn, p + used, n - used));
}

static size_t
take(struct conn *conn, const char *p, size_t n)
{
	return (conn->state == CONN_HEAD ? take_head(conn, p, n) :
	    take_frames(conn, p, n));
}

static void
read_some(struct conn *conn)
{
	char *in = conn->client->in;
	ssize_t n = read(conn->fd, in, READ_BYTES);
	size_t used;

	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		lose(conn, 0);
		return;
	}
	if (conn->rest.n == 0) {
		used = take(conn, in, (size_t)n);
		if (conn->state != CONN_DEAD)
			buf_add(&conn->rest, in + used, (size_t)n - used);
		return;
	}
	buf_add(&conn->rest, in, (size_t)n);
	used = take(conn, conn->rest.p, conn->rest.n);
	if (conn->state == CONN_DEAD)
		return;
	buf_drain(&conn->rest, used);
	if (conn->rest.n == 0)
		buf_fini(&conn->rest);
}

static void
finish_connect(struct conn *conn)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.ptr = conn };
	socklen_t len = sizeof(int);
	int error = 0;

	(void)getsockopt(conn->fd, SOL_SOCKET, SO_ERROR, &error, &len);
	if (error != 0) {
		lose(conn, 0);
		return;
	}
	conn_send(conn, conn->head, strlen(conn->head));
	free(conn->head);
	conn->head = NULL;
	conn->state = CONN_HEAD;
	if (epoll_ctl(conn->client->epfd, EPOLL_CTL_MOD, conn->fd, &ev) == -1)
		err(1, "epoll_ctl");
}

int
client_turn(struct client *c, int64_t timeout_us)
{
	struct epoll_event ev[EVENTS];
	struct timespec ts = { .tv_sec = timeout_us / US_PER_SEC,
	    .tv_nsec = timeout_us % US_PER_SEC * 1000 };
	struct conn *conn;
	int n;

	n = epoll_pwait2(c->epfd, ev, EVENTS, &ts, NULL);
	if (n == -1 && errno != EINTR)
		err(1, "epoll_pwait2");
	c->now_us = clock_mono_us();
	for (int i = 0; i < n; i++) {
		conn = ev[i].data.ptr;
		if (conn->state == CONN_CONNECTING)
			finish_connect(conn);
		else if (conn->state != CONN_DEAD)
			read_some(conn);
	}
	reap_dead(c);
	return (n);
}

size_t
client_count(const struct client *c)
{
	return (c->live);
}

int64_t
client_now_us(const struct client *c)
{
	return (c->now_us);
}
