/*
 * One connection from a browser: bytes in, requests and messages out; frames
 * in, bytes out. Knows HTTP's head and the websocket codec, and no room, no
 * user, no Redis: it calls struct client_hooks.
 * Three files: client.c, and for what is read clienthttp.c and clientws.c.
 *
 * A struct clients is a worker's set of connections and owns them all. A
 * struct client lives until the end of the loop turn in which it died; nobody
 * else frees one. Its owner pointer belongs to the server layer, which learns
 * of the end through on_gone. Loop thread only.
 *
 *	CL_NEW	 reading the request head (handshake_timeout)
 *	CL_HOLD	 the request was handed out, its answer is awaited; not read
 *	CL_LIVE	 a websocket (pings)
 *	CL_BYE	 said its last, flushing (an answer: 30 s) and waiting for the
 *		 peer (5 s)
 *	CL_DEAD	 closed; memory kept until the end of the turn
 */
#ifndef COLLABD_SERVER_CLIENT_H
#define COLLABD_SERVER_CLIENT_H

#include <sys/socket.h>

#include <stdbool.h>
#include <stdint.h>

#include "base/compat.h"
#include "base/conf.h"
#include "proto/reqhead.h"
#include "proto/wsframe.h"
#include "server/frame.h"
#include "shm/region.h"

struct client;
struct clients;
struct event_base;

struct client_hooks {
	/*
	 * A complete request head (slices valid during the call). The hook
	 * answers with client_respond() or client_upgrade(), now or later.
	 */
	void	(*on_request)(struct client *client,
		    const struct reqhead *head, void *arg);
	/* A whole message; valid during the call. */
	void	(*on_message)(struct client *client,
		    const struct ws_message *message, void *arg);
	/*
	 * The connection is over for whoever owns it (a close was sent or
	 * received, or the socket died). Called once, only if an owner is set;
	 * the owner pointer is already cleared.
	 */
	void	(*on_gone)(struct client *client, void *owner, void *arg);
};

/* hooks and conf are borrowed and outlive the set. */
struct clients *clients_new(const struct conf *conf, struct event_base *base,
	    struct shm *shm, int slot, const struct client_hooks *hooks,
	    void *arg) MUSTCHECK;
/* Closes everything at once, without a word; on_gone is called. */
void	clients_free(struct clients *set);
/* Connections, dying ones included. */
size_t	clients_count(const struct clients *set);
/* How many are in which state, for a dump. */
struct clients_view {
	size_t	n;		/* all */
	size_t	n_new, n_held, n_live, n_closing;
	size_t	queued_bytes;	/* to be written */
};
void	clients_describe(const struct clients *set,
	    struct clients_view *view);
/* Whether one more may be accepted (max_connections, max_handshakes). */
bool	clients_has_room(const struct clients *set);

/*
 * Takes an accepted, non-blocking socket over. is_ops: it came in on a
 * metrics_listen address. Closes fd when it cannot be taken.
 */
void	clients_add(struct clients *set, int fd,
	    const struct sockaddr_storage *peer, bool is_ops);
/*
 * Writes what was queued in this turn, one writev for each connection, and
 * frees the dead. After every turn of the loop.
 */
void	clients_end_turn(struct clients *set);
/* Once a second: handshake limits, pings, ages of queues. */
void	clients_tick(struct clients *set, int64_t now_ms);
/* Closes the next n live connections with code; the number closed. Those whose
 * request is not answered yet are left alone, unless is_last: they are refused
 * with 503 then, or cut if there is no whole request. */
size_t	clients_close_some(struct clients *set, size_t n,
	    enum ws_close_code code, const char *reason, bool is_last);

/* Sends an HTTP response (complete bytes) and ends the connection. */
void	client_respond(struct client *client, struct slice response);
/* The same with a body (n may be 0) that is not copied: it lives as long as the
 * program. */
void	client_respond_with(struct client *client, struct slice head,
	    struct slice body);
/* Sends the 101 response and becomes a websocket. */
void	client_upgrade(struct client *client, struct slice response,
	    bool text_only);
/* Queues a frame, taking a reference of its own. Ignored unless live. Never
 * calls back: a client that is too slow is closed at the end of the turn. */
void	client_send(struct client *client, struct frame *frame);
/* Sends a Close and ends; on_gone is called before this returns. */
void	client_close(struct client *client, enum ws_close_code code,
	    const char *reason);

void	client_set_owner(struct client *client, void *owner);
void	*client_owner(const struct client *client);
/* Its Close says that it goes away (1001): a browser that leaves the page. */
bool	client_went_away(const struct client *client);
bool	client_is_live(const struct client *client);
bool	client_is_ops(const struct client *client);
/* A number unique in this worker, for the log. */
uint64_t client_number(const struct client *client);
/* Until the request is answered. */
const struct sockaddr_storage *client_peer(const struct client *client);

#endif
