/*
 * Thousands of websocket clients in one process: one epoll set, one read
 * buffer, no allocation for a frame that arrives whole. As cheap as it can be,
 * because it shares the cores with what it measures; the bare loops are driven
 * through it too, so that its cost is the same on both sides.
 *
 * A struct client owns its connections. Hooks are called from client_turn()
 * only and may open, send on and close connections; a closed one's memory
 * stays until the end of the turn. One thread.
 */
#ifndef COLLABD_BENCH_CLIENT_H
#define COLLABD_BENCH_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/slice.h"

struct client;

enum conn_state {
	CONN_CONNECTING,	/* until the socket is writable */
	CONN_HEAD,		/* request sent, the response is awaited */
	CONN_OPEN,		/* 101 came */
	CONN_DEAD,		/* closed; freed at the end of the turn */
};

struct conn {
	struct client	*client;
	int		 fd;
	enum conn_state	 state;
	char		*head;		/* request, until it was sent */
	struct buf	 rest;		/* an unfinished head or frame */
	struct conn	*next_dead;
	size_t		 slot;		/* in the client's list */
	/* the scenario's */
	size_t		 id;
	void		*room;
	uint64_t	 hits;
	uint64_t	 texts;		/* text frames that came; the client's */
};

struct client_hooks {
	/* 101 came. */
	void	(*on_open)(struct conn *, void *arg);
	/* One whole text frame. */
	void	(*on_text)(struct conn *, struct slice text, void *arg);
	/* The other side refused or closed; status is that of HTTP, or 0. The
	 * connection is dead already. */
	void	(*on_close)(struct conn *, int status, void *arg);
};

/* Connects to 127.0.0.1:port. The hooks are borrowed; none may be NULL. */
struct client *client_new(int port, const struct client_hooks *hooks,
	    void *arg);
/* Closes what is open, without calling on_close. */
void	client_free(struct client *client);

/*
 * Starts a connection and its websocket handshake for path, with a session
 * cookie unless session is NULL. The result is the client's and lives until
 * the turn in which it closes.
 */
struct conn *client_open(struct client *client, const char *path,
	    const char *session, size_t id);
/* The same with a subprotocol that is asked for. */
struct conn *client_open_as(struct client *client, const char *path,
	    const char *session, const char *protocol, size_t id);
/* Closes without a word, as a lost network does; on_close is not called. */
void	conn_close(struct conn *conn);
/* Sends bytes as they are. The peer reads fast enough, or the bench ends. */
void	conn_send(struct conn *conn, const void *p, size_t n);
/* Appends a masked text frame to out. */
void	client_add_frame(struct buf *out, const char *text);

/*
 * Waits at most timeout_us (0: not at all) and handles what came. Returns the
 * number of connections that had something.
 */
int	client_turn(struct client *client, int64_t timeout_us);
/* Connections that are not dead. */
size_t	client_count(const struct client *client);
/* When the last client_turn() stopped waiting, in monotonic microseconds. */
int64_t	client_now_us(const struct client *client);

#endif
