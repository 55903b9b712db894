/*
 * What the three files of a connection share: client.c (the set, the socket,
 * what is written, every end), clienthttp.c (until the request is answered)
 * and clientws.c (what a websocket says). Nobody else includes it. The two
 * others change a connection through client.c alone, but for leaving CL_NEW
 * and CL_HOLD, which is clienthttp.c's. Loop thread only.
 */
#ifndef COLLABD_SERVER_CLIENT_PRIV_H
#define COLLABD_SERVER_CLIENT_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <bsd/sys/cdefs.h>
#include <bsd/sys/queue.h>

#include "base/clock.h"
#include "proto/wsframe.h"
#include "server/address.h"
#include "server/bucket.h"
#include "server/client.h"
#include "server/outq.h"
#include "server/watch.h"
#include "server/wheel.h"
#include "shm/counters.h"

/* As in client.h. */
enum client_state { CL_NEW, CL_HOLD, CL_LIVE, CL_BYE, CL_DEAD };

struct client_head;

/* Its size is what an idle connection costs here: the order leaves no holes. */
struct client {
	struct clients		*set;
	struct wheel_entry	 timer;
	TAILQ_ENTRY(client)	 link;		/* set->all, or set->dead */
	STAILQ_ENTRY(client)	 dirty_link;
	struct client_head	*head;		/* see clienthttp.c; or NULL */
	struct outq		*out;		/* NULL: nothing waits */
	struct address		*address;	/* NULL: not counted */
	void			*owner;
	uint64_t		 number;
	struct ws_decoder	 ws;
	struct bucket		 messages;
	int			 fd;
	uint8_t			 state;
	uint8_t			 pings;		/* sent and not answered */
	bool			 is_watched;
	bool			 is_ops;
	bool			 is_ws;
	bool			 is_dirty;
	bool			 wants_write;	/* the kernel took not all */
	bool			 ends_after_flush;
	bool			 is_deaf;	/* its bytes mean nothing any more */
	bool			 is_slow;	/* to be closed for it */
	bool			 went_away;	/* says the peer's Close */
};

TAILQ_HEAD(client_list, client);
STAILQ_HEAD(client_queue, client);

struct clients {
	const struct conf	*conf;
	struct watch		*watch;
	struct addresses	*addresses;
	struct shm		*shm;
	int			 slot;
	const struct client_hooks *hooks;
	void			*arg;
	struct wheel		 wheel;
	struct client_list	 all, dead;
	struct client_queue	 dirty;
	size_t			 n, n_new;	/* all; not yet answered */
	size_t			 max;
	uint64_t		 next_number;
	char			*in;		/* of one read */
};

static inline void
client_count(struct client *c, enum counter id, int64_t n)
{
	counters_add(c->set->shm, c->set->slot, id, n);
}

static inline void
client_set_timer(struct client *c, int64_t in_ms)
{
	wheel_add(&c->set->wheel, &c->timer, clock_mono_ms() + in_ms);
}

/* client.c */
/* Watches the socket for what the connection waits for; kills it if that
 * fails. */
void	client_watch(struct client *c, bool reads, bool writes);
/* Queues a frame, whatever waits already; takes the caller's reference. */
void	client_enqueue(struct client *c, struct frame *frame);
/* There is something to write at the turn's end; unless a write is awaited
 * anyway. */
void	client_mark_dirty(struct client *c);
/*
 * The last word: a Close with this code, unless 0. The owner is gone
 * afterwards; the connection lives until what waits is written (at_once), or
 * else until the peer has closed or some seconds have passed.
 */
void	client_finish(struct client *c, enum ws_close_code code,
	    const char *reason, bool at_once);
/* What waits is forgotten, and the connection finished for being slow. */
void	client_finish_slow(struct client *c);
/* Without a word. on_gone is called, as by client_finish(); the memory stays
 * until the end of the turn. */
void	client_kill(struct client *c, const char *why);

/* clienthttp.c */
/* Begins to wait for the request. */
void	clienthttp_start(struct client *c,
	    const struct sockaddr_storage *peer);
/* Bytes while CL_NEW; calls on_request when the head is whole. */
void	clienthttp_read(struct client *c, const char *p, size_t n);
/* The time for the request is over. */
void	clienthttp_expire(struct client *c);
/* Answers with a status of ours; CL_HOLD only. */
void	clienthttp_refuse(struct client *c, int status);
/* Out of CL_NEW and CL_HOLD, before the state is another; harmless in others.
 * What came behind the head is kept. */
void	clienthttp_leave(struct client *c);
/* Gives what came behind the head to the websocket. Only if CL_LIVE with a head
 * still there. */
void	clienthttp_give_early(struct client *c);
void	clienthttp_fini(struct client *c);

/* clientws.c */
/* Becomes CL_LIVE. */
void	clientws_start(struct client *c, bool text_only);
/* Bytes of a websocket, in any state but CL_DEAD; may call on_message and
 * on_gone. */
void	clientws_read(struct client *c, char *p, size_t n);
/* A live connection's timer: a ping, or the end of who answers none. */
void	clientws_due(struct client *c);
void	clientws_fini(struct client *c);

#endif
