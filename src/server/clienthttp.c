/*
 * A connection until its request is answered: the head is collected, its
 * address counted, and the request handed out; the answer ends the connection
 * or makes a websocket of it. Nothing is read meanwhile, but what came in one
 * piece with the head is kept for the websocket.
 */
#include <stdlib.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/xmalloc.h"
#include "proto/http.h"
#include "server/client_priv.h"

#define ANSWER_MS	30000	/* to take an answer: a script on a slow link */

/* What exists only until the request is answered. */
struct client_head {
	struct buf		 in;	/* the head; then what came behind it */
	struct reqhead_scan	 scan;
	struct sockaddr_storage	 peer;
};

void
clienthttp_fini(struct client *c)
{
	if (c->head == NULL)
		return;
	buf_fini(&c->head->in);
	free(c->head);
	c->head = NULL;
}

static bool
has_bytes(const struct client *c)
{
	return (c->head != NULL && c->head->in.n != 0);
}

void
clienthttp_leave(struct client *c)
{
	if (c->state == CL_NEW || c->state == CL_HOLD)
		c->set->n_new--;
	if (!has_bytes(c))
		clienthttp_fini(c);
}

/* --- answers --- */

void
client_respond_with(struct client *c, struct slice head, struct slice body)
{
	if (c->state != CL_HOLD)
		return;
	client_enqueue(c, frame_new_raw(head));
	if (body.n != 0)
		client_enqueue(c, frame_new_borrowed(body));
	client_finish(c, 0, "answered", false);
	client_set_timer(c, ANSWER_MS);
	client_watch(c, true, false);
}

void
client_respond(struct client *c, struct slice response)
{
	client_respond_with(c, response, (struct slice){ NULL, 0 });
}

void
client_upgrade(struct client *c, struct slice response, bool text_only)
{
	if (c->state != CL_HOLD)
		return;
	clienthttp_leave(c);
	clientws_start(c, text_only);
	client_enqueue(c, frame_new_raw(response));
	/* What came behind the head is read at the end of the turn. */
	client_watch(c, true, false);
}

void
clienthttp_refuse(struct client *c, int status)
{
	struct buf b = { NULL, 0, 0 };

	log_debug("c%llu refused status=%d", (unsigned long long)c->number,
	    status);
	counters_add_handshake(c->set->shm, c->set->slot, status);
	http_response_add(&b, status, NULL, NULL, NULL, 0, false);
	client_respond(c, (struct slice){ b.p, b.n });
	buf_fini(&b);
}

/* --- the head --- */

/* False when its address has too many connections. That of a direct peer is
 * known at once, that of another from the head on. */
static bool
count_address(struct client *c, struct slice forwarded_for)
{
	return (c->is_ops || c->address != NULL ||
	    addresses_get(c->set->addresses, &c->head->peer, forwarded_for,
	    &c->address));
}

/* The head is whole, or wrong: no more is read until it is answered. */
static void
end_head(struct client *c, int status, const struct reqhead *head)
{
	c->state = CL_HOLD;
	wheel_remove(&c->set->wheel, &c->timer);
	client_watch(c, false, false);
	if (status == 0 && !count_address(c, head->forwarded_for))
		status = 429;
	if (status != 0)
		clienthttp_refuse(c, status);
	else
		c->set->hooks->on_request(c, head, c->set->arg);
}

void
clienthttp_start(struct client *c, const struct sockaddr_storage *peer)
{
	c->state = CL_NEW;
	c->head = xcalloc(1, sizeof(*c->head));
	c->head->peer = *peer;
	c->set->n_new++;
	client_set_timer(c, c->set->conf->handshake_timeout_ms);
	if (!count_address(c, (struct slice){ NULL, 0 }))
		end_head(c, 429, NULL);
	else
		client_watch(c, true, false);
}

void
clienthttp_read(struct client *c, const char *p, size_t n)
{
	struct reqhead head;
	size_t used;
	int status;

	buf_add(&c->head->in, p, n);
	status = reqhead_parse_more(&c->head->scan, c->head->in.p,
	    c->head->in.n, &used, &head);
	if (status == -1)
		return;
	end_head(c, status, &head);
	/* What came behind the head is the websocket's first bytes. */
	if (c->head != NULL && status == 0) {
		buf_drain(&c->head->in, used);
		if (c->state == CL_LIVE)
			clienthttp_leave(c);
		else if (c->head->in.n == 0)
			buf_fini(&c->head->in);
	}
}

void
clienthttp_expire(struct client *c)
{
	/* Says 408 to who has begun a request, nothing to others. */
	if (!has_bytes(c))
		client_kill(c, "idle");
	else
		end_head(c, 408, NULL);
}

void
clienthttp_give_early(struct client *c)
{
	struct client_head *head = c->head;

	c->head = NULL;
	clientws_read(c, head->in.p, head->in.n);
	buf_fini(&head->in);
	free(head);
}

const struct sockaddr_storage *
client_peer(const struct client *c)
{
	return (&c->head->peer);
}
